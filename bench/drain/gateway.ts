/**
 * A whole gateway in this process, from the moment at which it begins to drain:
 *
 *   listens, and begins to drain ─► drained, decoded, in a view ─► sorted for the first page ─► served
 *
 * The page is asked for at once, by HTTP, and waits for all of it. Sellers are drained beside it; there are 60.
 */
import { request } from 'undici';
import { catalogs } from '../../src/catalog/catalogs.ts';
import { sellers } from '../../src/catalog/sellers.ts';
import { readConfig } from '../../src/config.ts';
import { startGateway } from '../../src/gateway.ts';
import { buildSchema, loadTypeDefs } from '../../src/graphql/index.ts';
import { resolvers } from '../../src/graphql/resolvers/index.ts';
import { startTelemetry } from '../../src/telemetry/index.ts';
import { settings } from './settings.ts';
import type { Opening, Pull } from './way.ts';

const query = '{ catalogs(first: 20) { totalCount nodes { id title startDate } } }';

/** @returns To be called in the same turn: draining has begun. */
export async function openGateway(opening: Opening, own: Record<string, string>): Promise<Pull> {
  const config = readConfig({ ...settings(opening), ...own });
  const gateway = await startGateway({
    config,
    telemetry: startTelemetry(config.log),
    upstreamUrl: new URL(opening.upstreamUrl),
    schema: buildSchema({ typeDefs: loadTypeDefs(config.schemaDir), resolvers }),
    definitions: [catalogs, sellers],
  });
  return async () => {
    const { body } = await request(new URL('/graphql', gateway.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
      headersTimeout: 0,
    });
    const text = await body.text();
    const { data } = JSON.parse(text) as { data?: { catalogs?: { totalCount: number } } };
    if (!data?.catalogs) throw new Error(`It answered ${text.slice(0, 200)}`);
    return data.catalogs.totalCount;
  };
}
