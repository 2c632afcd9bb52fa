/**
 * The bytes alone: what Vitrine has stored, read by a bare client and neither decoded nor checked. It is no cache, but
 * the least that any of them has to do.
 */
import { createClient } from '@redis/client';
import type { Engine, Opening } from './engine.ts';
import { open as openVitrine } from './vitrine.ts';

export async function open(opening: Opening): Promise<Engine> {
  const client = createClient({ url: opening.redisUrl, RESP: 3 });
  await client.connect();
  const vitrine = await openVitrine(opening);
  const keys = new Map<string, string>();

  /** By Vitrine, when they are asked for the first time. */
  async function store(ids: readonly string[]): Promise<void> {
    await vitrine.getMany(ids);
    for await (const found of client.scanIterator({ MATCH: '*:{*:*}:*' })) {
      for (const key of found) keys.set(key.slice(key.lastIndexOf(':') + 1), key);
    }
  }

  const keyOf = (id: string) => keys.get(id) as string;

  return {
    get: (id) => client.get(keyOf(id)),
    async getMany(ids) {
      if (!ids.every((id) => keys.has(id))) await store(ids);
      return client.mGet(ids.map(keyOf));
    },
    invalidate: () => Promise.reject(new Error('It keeps nothing itself.')),
  };
}
