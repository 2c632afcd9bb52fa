/** BentoCache: memory over Redis, with its bus. @see https://bentocache.dev/docs/multi-tier */
import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis';

/** @param serialize - Whether memory holds texts, as it does by default, or the values themselves. */
export async function open({ redisUrl, read, memoryRows }, { serialize = true } = {}) {
  const { hostname: host, port } = new URL(redisUrl);
  const connection = { host, port: Number(port) };
  const bento = new BentoCache({
    default: 'rows',
    ttl: '1d',
    stores: {
      rows: bentostore()
        .useL1Layer(memoryDriver({ maxItems: memoryRows, serialize }))
        .useL2Layer(redisDriver({ connection }))
        .useBus(redisBusDriver({ connection })),
    },
  });
  const get = (id) => bento.getOrSet({ key: id, factory: async () => (await read(id)).value });

  return {
    get,
    // It has none for many.
    getMany: (ids) => Promise.all(ids.map(get)),
    invalidate: (id) => bento.delete({ key: id }),
  };
}
