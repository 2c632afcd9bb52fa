/** Apollo Server on Fastify. @see https://www.npmjs.com/package/@as-integrations/fastify */
import { ApolloServer } from '@apollo/server';
import fastifyApollo, { fastifyApolloDrainPlugin } from '@as-integrations/fastify';
import { fastify } from 'fastify';
import { contextOf, listening, schema } from './served.js';

export async function serveByApollo({ plugins = [], ...options } = {}) {
  const app = fastify();
  const apollo = new ApolloServer({ schema, ...options, plugins: [fastifyApolloDrainPlugin(app), ...plugins] });
  await apollo.start();
  await app.register(fastifyApollo(apollo), { context: async () => contextOf() });
  listening(`${await app.listen({ port: 0, host: '127.0.0.1' })}/graphql`);
}
