/** Posts: `{ id, userId, title, body }`, without a version or a time. */
import { z } from 'zod';
import { type Definition, textKey, wireId, zodCodec } from '../../src/index.ts';

const postCodec = zodCodec(z.object({ id: wireId, userId: wireId, title: z.string(), body: z.string() }));

export type Post = ReturnType<typeof postCodec.decode>;

export const posts: Definition<Post> = {
  name: 'post',
  type: 'Post',
  endpoint: {
    name: 'posts',
    path: '/posts',
    codec: postCodec,
    idOf: ({ id }) => id,
    batchQuery: (ids) => ids.map((id) => `id=${id}`).join('&'),
  },
  versionOf: () => undefined,
  orders: {
    ID: ({ id }) => Number(id),
    TITLE: ({ title }) => textKey(title),
  },
  filters: {
    userId: { kind: 'equals', of: ({ userId }) => userId },
    titleContains: { kind: 'contains', of: ({ title }) => title },
  },
};
