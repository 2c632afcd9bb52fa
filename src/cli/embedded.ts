/** The upstream of a gateway that was given none. */
import type { Config } from '../config.ts';
import { makeCatalogue, startEmbeddedUpstream } from '../embedded/index.ts';
import type { Closable } from './shutdown.ts';

/** The one that is set; else the embedded one, around today, in the style and with the token that the gateway is set to. */
export async function chooseUpstream({ upstream }: Config): Promise<Closable & { url: URL }> {
  if (upstream.url) return { url: upstream.url, close: async () => {} };
  const { catalogs, sellers } = makeCatalogue(new Date());
  const embedded = await startEmbeddedUpstream({
    collections: { catalogs, sellers },
    style: upstream.pagination,
    ...(upstream.token === undefined ? {} : { token: upstream.token }),
  });
  return { url: new URL(embedded.url), close: () => embedded.close() };
}
