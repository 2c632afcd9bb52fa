/** The gateway of `examples/posts/`, started as there, with one field more: a greeting, as the public benchmarks have. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { posts } from '../../../examples/posts/posts.ts';
import { resolvers } from '../../../examples/posts/resolvers.ts';
import { users } from '../../../examples/posts/users.ts';
import { buildSchema, loadTypeDefs, onShutdown, readConfig, startGateway, startTelemetry } from '../../../src/index.ts';

const config = readConfig({ ...process.env, UPSTREAM_PAGINATION: 'link-header' });
const telemetry = startTelemetry(config.log);
const example = join(import.meta.dirname, '../../../examples/posts/schema');
const greet = readFileSync(join(import.meta.dirname, 'greet.graphql'), 'utf8');
const schema = buildSchema({
  typeDefs: [...loadTypeDefs(example), greet],
  resolvers: { ...resolvers, Query: { ...resolvers.Query, greet: () => 'Hello World!' } },
});
const upstreamUrl = config.upstream.url;
if (upstreamUrl === undefined) throw new Error('UPSTREAM_URL must name the API.');
const gateway = await startGateway({ config, telemetry, upstreamUrl, schema, definitions: [posts, users] });

console.log(`listening: ${gateway.url}/graphql`);
onShutdown([gateway], telemetry.log);
