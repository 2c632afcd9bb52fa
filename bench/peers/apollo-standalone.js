/** Apollo Server by itself. @see https://www.apollographql.com/docs/apollo-server/api/standalone */
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { contextOf, listening, schema } from './support/served.js';

const server = new ApolloServer({ schema });
const { url } = await startStandaloneServer(server, {
  listen: { port: 0, host: '127.0.0.1' },
  context: async () => contextOf(),
});
listening(url);
