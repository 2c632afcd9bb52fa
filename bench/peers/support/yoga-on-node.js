/** GraphQL Yoga. @see https://the-guild.dev/graphql/yoga-server/docs/integrations/integration-with-node */
import { createServer } from 'node:http';
import { createYoga } from 'graphql-yoga';
import { contextOf, listening, schema } from './served.js';

export function serveByYoga(options) {
  const server = createServer(createYoga({ schema, context: contextOf, ...options }));
  server.listen(0, '127.0.0.1', () => listening(`http://127.0.0.1:${server.address().port}/graphql`));
}
