/** The upstream of a gateway that was given none. */
import type { Config } from '../config.ts';
import { type EmbeddedUpstream, makeCatalogue, startEmbeddedUpstream } from '../embedded/index.ts';

/** Around today, in the style and with the token that the gateway is set to. */
export function openEmbeddedUpstream({ upstream }: Config): Promise<EmbeddedUpstream> {
  const { catalogs, sellers } = makeCatalogue(new Date());
  return startEmbeddedUpstream({
    collections: { catalogs, sellers },
    style: upstream.pagination,
    ...(upstream.token === undefined ? {} : { token: upstream.token }),
  });
}
