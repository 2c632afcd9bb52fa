/**
 * Keyv alone: no tiers, nothing that fills, and so no protection of upstream. What is not there is read and set.
 *
 * @see https://keyv.org/docs/storage-adapters/redis/
 */
import KeyvRedis from '@keyv/redis';
import Keyv from 'keyv';
import { dayMs } from './kept.js';

export async function open({ redisUrl, read, place }) {
  const keyv = place === 'memory' ? new Keyv({ ttl: dayMs }) : new Keyv(new KeyvRedis(redisUrl), { ttl: dayMs });

  async function fill(id) {
    const { value } = await read(id);
    await keyv.set(id, value);
    return value;
  }

  return {
    get: async (id) => (await keyv.get(id)) ?? fill(id),
    async getMany(ids) {
      const found = await keyv.getMany(ids);
      return Promise.all(ids.map((id, index) => found[index] ?? fill(id)));
    },
    invalidate: (id) => keyv.delete(id),
  };
}
