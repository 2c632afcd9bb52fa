/** Users. What the schema does not show (address, phone, company) is not read. */
import { z } from 'zod';
import { type Definition, textKey, wireId, zodCodec } from '../../src/index.ts';

const userCodec = zodCodec(
  z.object({ id: wireId, name: z.string(), username: z.string(), website: z.string().nullish() }),
);

export type User = ReturnType<typeof userCodec.decode>;

export const users: Definition<User> = {
  name: 'user',
  type: 'User',
  endpoint: {
    name: 'users',
    path: '/users',
    codec: userCodec,
    idOf: ({ id }) => id,
    batchQuery: (ids) => ids.map((id) => `id=${id}`).join('&'),
  },
  versionOf: () => undefined,
  orders: { NAME: ({ name }) => textKey(name) },
  filters: {},
};
