/** What every peer serves, and how it says where: by the data that `DATA` names. */
import { readFileSync } from 'node:fs';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { GraphQLDateTime, GraphQLURL } from 'graphql-scalars';
import * as catalogs from './catalogs.js';
import * as posts from './posts.js';

const { DATA, REDIS_URL } = process.env;
const data = DATA === 'posts' ? posts : catalogs;
const shared = readFileSync(new URL('../../../src/graphql/shared.graphql', import.meta.url), 'utf8');

export const daySeconds = 86_400;
export const redisUrl = REDIS_URL;

export const schema = makeExecutableSchema({
  // A day, so that nothing that is kept grows old while it is measured.
  typeDefs: [shared, ...data.typeDefs].map((text) => text.replace(/maxAge: \d+/g, `maxAge: ${daySeconds}`)),
  resolvers: [{ DateTime: functionsOf(GraphQLDateTime), URL: functionsOf(GraphQLURL) }, data.resolvers],
});

/** Fields for a cache that has to be told of each. */
export const { cached } = data;

/** For one request. */
export const contextOf = () => ({ loaders: data.loadersOf() });

/** @param url - Of the GraphQL endpoint. */
export function listening(url) {
  console.log(`listening: ${url}`);
}

/** Only what a scalar does: what it is, the SDL says. */
function functionsOf({ serialize, parseValue, parseLiteral }) {
  return { serialize, parseValue, parseLiteral };
}
