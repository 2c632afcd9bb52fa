/** Cacheable: memory over Redis by Keyv, with its sync. @see https://cacheable.org/docs/cacheable/ */
import KeyvRedis from '@keyv/redis';
import { RedisMessageProvider } from '@qified/redis';
import { Cacheable, createKeyv } from 'cacheable';
import { dayMs } from './kept.js';

export async function open({ redisUrl, read, memoryRows }) {
  const cache = new Cacheable({
    primary: createKeyv({ lruSize: memoryRows }),
    secondary: new KeyvRedis(redisUrl),
    ttl: dayMs,
    sync: { qified: new RedisMessageProvider({ uri: redisUrl }) },
  });
  const get = (id) => cache.getOrSet(id, async () => (await read(id)).value);

  return {
    get,
    async getMany(ids) {
      const found = await cache.getMany(ids);
      return Promise.all(ids.map((id, index) => found[index] ?? get(id)));
    },
    invalidate: (id) => cache.delete(id),
  };
}
