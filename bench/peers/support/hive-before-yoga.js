/**
 * Hive Gateway as a proxy, in front of GraphQL Yoga in the same process: it has no resolvers of its own.
 *
 * @see https://the-guild.dev/graphql/hive/docs/gateway/supergraph-proxy-source
 * @see https://the-guild.dev/graphql/hive/docs/gateway/deployment
 */
import { createServer } from 'node:http';
import { createGatewayRuntime } from '@graphql-hive/gateway-runtime';
import { listening } from './served.js';
import { startYoga } from './yoga-on-node.js';

export async function serveByHive(options) {
  const endpoint = await startYoga({});
  const gateway = createGatewayRuntime({ proxy: { endpoint }, ...options });
  const server = createServer(gateway);
  server.listen(0, '127.0.0.1', () => listening(`http://127.0.0.1:${server.address().port}/graphql`));
}
