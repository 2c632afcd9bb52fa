/**
 * async-cache-dedupe: in memory or in Redis, never both. Rows are invalidated by references.
 *
 * @see https://github.com/mcollina/async-cache-dedupe#readme
 */
import { createCache } from 'async-cache-dedupe';
import { Redis } from 'ioredis';
import { daySeconds } from './kept.js';

export async function open({ redisUrl, read, memoryRows, place }) {
  const cache = createCache({
    ttl: daySeconds,
    storage:
      place === 'memory'
        ? { type: 'memory', options: { size: memoryRows, invalidation: true } }
        : { type: 'redis', options: { client: new Redis(redisUrl), invalidation: { referencesTTL: daySeconds } } },
  });
  cache.define('row', { references: (id) => [`row:${id}`] }, async (id) => (await read(id)).value);

  return {
    get: (id) => cache.row(id),
    // It has none for many.
    getMany: (ids) => Promise.all(ids.map((id) => cache.row(id))),
    invalidate: (id) => cache.invalidateAll(`row:${id}`),
  };
}
