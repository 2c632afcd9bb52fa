/** Users and posts: all that another API needs of this room. */
import { execute, parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import {
  buildSchema,
  type ConnectionArgs,
  type Context,
  connection,
  encodeNodeId,
  nodeFields,
} from '../../src/graphql/index.ts';
import { type MemoryReader, memoryReader } from './memory-reader.ts';

type User = { id: string; name: string };
type Post = { id: string; title: string; userId: string };
type PostContext = Context<{ User: MemoryReader<User>; Post: MemoryReader<Post> }>;

const typeDefs = `
  extend type Query {
    posts(first: Int, after: String, last: Int, before: String): PostConnection
  }
  type User implements Node @cacheControl(maxAge: 60) { id: ID! name: String! posts(first: Int, after: String): PostConnection }
  type Post implements Node @cacheControl(maxAge: 30) { id: ID! title: String! author: User }
  type PostConnection @cacheControl(maxAge: 30) { nodes: [Post!]! pageInfo: PageInfo! totalCount: Int! }
`;
const defaultOrder = { field: 'TITLE' };
const resolvers = {
  Query: {
    posts: (_: unknown, args: ConnectionArgs, { readers }: PostContext) =>
      connection(readers.Post, args, { filter: {}, defaultOrder }),
  },
  User: {
    id: nodeFields('User').id,
    posts: ({ id }: User, args: ConnectionArgs, { readers }: PostContext) =>
      connection(readers.Post, args, { filter: { userId: id }, defaultOrder }),
  },
  Post: {
    id: nodeFields('Post').id,
    author: ({ userId }: Post, _: unknown, { readers }: PostContext) => readers.User.load(userId),
  },
};

describe('another API', () => {
  it('has nodes, connections, scalars and freshness with its own types and resolvers alone', async () => {
    const schema = buildSchema({ typeDefs: [typeDefs], resolvers });
    const users = [{ id: '1', name: 'Ada' }];
    const posts = ['C', 'A', 'B'].map((title, index) => ({ id: String(index), title, userId: '1' }));
    const readers = {
      User: memoryReader({ rows: users, orders: {}, matches: () => true }),
      Post: memoryReader({
        rows: posts,
        orders: { TITLE: (post) => post.title },
        matches: (post, { userId }) => !userId || post.userId === userId,
      }),
    };
    const query = `query ($id: ID!) {
      node(id: $id) { __typename ... on User { name posts(first: 2) { totalCount nodes { title } } } }
      posts(last: 1) { nodes { title author { name } } pageInfo { hasPreviousPage } }
    }`;
    const { data, errors } = await execute({
      schema,
      document: parse(query),
      variableValues: { id: encodeNodeId('User', '1') },
      contextValue: { requestId: 'r', readers } satisfies PostContext,
    });
    expect(errors).toBeUndefined();
    expect(data).toEqual({
      node: { __typename: 'User', name: 'Ada', posts: { totalCount: 3, nodes: [{ title: 'A' }, { title: 'B' }] } },
      posts: { nodes: [{ title: 'C', author: { name: 'Ada' } }], pageInfo: { hasPreviousPage: true } },
    });
  });
});
