/** GraphQL Yoga. @see https://the-guild.dev/graphql/yoga-server/docs/integrations/integration-with-node */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createYoga } from 'graphql-yoga';
import { contextOf, listening, schema } from './served.js';

export async function serveByYoga(options) {
  listening(await startYoga(options));
}

/** @returns Where its endpoint is. */
export async function startYoga(options) {
  const server = createServer(createYoga({ schema, context: contextOf, ...options }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${server.address().port}/graphql`;
}
