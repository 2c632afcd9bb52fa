/** Posts, their users, and a greeting: the public graphql-benchmarks, in the schema of `examples/posts/`. */
import { readdirSync, readFileSync } from 'node:fs';
import DataLoader from 'dataloader';
import { connectionFields, globalId, refuseOthers } from './relay.js';
import { read } from './upstream.js';

const schemaDir = new URL('../../../examples/posts/schema/', import.meta.url);

export const typeDefs = [
  ...readdirSync(schemaDir).map((file) => readFileSync(new URL(file, schemaDir), 'utf8')),
  readFileSync(new URL('../../http/posts/greet.graphql', import.meta.url), 'utf8'),
];

export const resolvers = {
  Query: {
    greet: () => 'Hello World!',
    async posts(_, args) {
      refuseOthers(args);
      const rows = await read('/posts');
      return firstOf(rows, args, { field: 'ID', direction: 'ASC' });
    },
    async users(_, args) {
      refuseOthers(args);
      const rows = await read('/users');
      rows.sort((a, b) => (a.name < b.name ? -1 : 1));
      return firstOf(rows, args, { field: 'NAME', direction: 'ASC' });
    },
  },
  Node: { __resolveType: (row) => ('userId' in row ? 'Post' : 'User') },
  Post: {
    id: ({ id }) => globalId('Post', id),
    sourceId: ({ id }) => id,
    author: ({ userId }, _, { loaders }) => loaders.users.load(userId),
  },
  PostConnection: connectionFields({ ID: ({ id }) => id }),
  User: {
    id: ({ id }) => globalId('User', id),
    sourceId: ({ id }) => id,
  },
  UserConnection: connectionFields({ NAME: ({ name }) => name.toLowerCase() }),
};

/** What a cache is told to keep, where it has to be told: everything that is read. */
export const cached = { Query: ['greet', 'posts', 'users'], Post: ['author'] };

/** For one request. */
export function loadersOf() {
  const users = new DataLoader(async (ids) => {
    const rows = await read(`/users?${ids.map((id) => `id=${id}`).join('&')}`);
    const byId = new Map(rows.map((row) => [row.id, row]));
    return ids.map((id) => byId.get(id) ?? null);
  });
  return { users };
}

function firstOf(rows, { first }, order) {
  return { rows: rows.slice(0, first ?? 20), total: rows.length, order };
}
