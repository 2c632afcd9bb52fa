/** A gateway over users and posts. `UPSTREAM_URL` names an API of that shape; without it, a small one is started. */
import { join } from 'node:path';
import { buildSchema, loadTypeDefs, onShutdown, readConfig, startGateway, startTelemetry } from '../../src/index.ts';
import { posts } from './posts.ts';
import { resolvers } from './resolvers.ts';
import { startUpstream } from './upstream.ts';
import { users } from './users.ts';

// A bare array; without a Link header it is the whole collection.
const config = readConfig({ ...process.env, UPSTREAM_PAGINATION: 'link-header' });
const telemetry = startTelemetry(config.log);
const schema = buildSchema({ typeDefs: loadTypeDefs(join(import.meta.dirname, 'schema')), resolvers });
const given = config.upstream.url;
const upstream = given
  ? { url: given, close: async () => {} }
  : await startUpstream((path) => console.log(`  upstream: GET ${path}`));
const definitions = [posts, users];
const gateway = await startGateway({ config, telemetry, upstreamUrl: upstream.url, schema, definitions });

console.log(`Posts of ${upstream.url.origin} at ${gateway.url}/graphql`);
onShutdown([gateway, upstream], telemetry.log);
