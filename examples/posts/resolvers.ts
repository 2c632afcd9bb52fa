/** What the fields of the schema do. `node`, `nodes`, pages, cursors and scalars are Vitrine's. */
import { type ConnectionArgs, type Context, connection, nodeFields, type Reader, sourceIdOf } from '../../src/index.ts';
import type { Post } from './posts.ts';
import type { User } from './users.ts';

type PostsContext = Context<{ Post: Reader<Post>; User: Reader<User> }>;
type PostsArgs = ConnectionArgs & { filter?: { titleContains?: string | null } | null };

const byId = { field: 'ID' };
const byName = { field: 'NAME' };

export const resolvers = {
  Query: {
    post(_: unknown, { id }: { id: string }, { readers }: PostsContext) {
      const sourceId = sourceIdOf('Post', id);
      return sourceId === null ? null : readers.Post.load(sourceId);
    },
    posts: (_: unknown, args: PostsArgs, { readers }: PostsContext) =>
      connection(readers.Post, args, { filter: args.filter ?? {}, defaultOrder: byId }),
    users: (_: unknown, args: ConnectionArgs, { readers }: PostsContext) =>
      connection(readers.User, args, { filter: {}, defaultOrder: byName }),
  },
  Post: {
    ...nodeFields('Post'),
    author: ({ userId }: Post, _: unknown, { readers }: PostsContext) => readers.User.load(userId),
  },
  User: {
    ...nodeFields('User'),
    posts: ({ id }: User, args: PostsArgs, { readers }: PostsContext) =>
      connection(readers.Post, args, { filter: { ...args.filter, userId: id }, defaultOrder: byId }),
  },
};
