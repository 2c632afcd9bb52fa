/** A store that is asked for one key at a time, as most tests do; batches have tests of their own. */
import type { StoreKey } from '../../src/cache/keys.ts';
import type { Position } from '../../src/cache/position.ts';
import type { Lease, Store } from '../../src/cache/store.ts';

export type Single = ReturnType<typeof single>;

export function single(store: Store) {
  return {
    getMany: (keys: readonly string[]) => store.getMany(keys),
    put: (key: string, text: string, ttlMs: number) => store.put(key, text, ttlMs),
    expire: (keys: readonly string[], ttlMs: number) => store.expire(keys, ttlMs),
    lease: async (key: StoreKey, token: string, options: { ms: number; takeOver?: boolean }) =>
      (await store.lease([key], token, options))[0] as Lease,
    renew: async (key: StoreKey, token: string, ms: number) => (await store.renew([{ key, token }], ms))[0],
    commit: async (key: StoreKey, token: string, text: string, ttlMs: number) =>
      (await store.commit([{ key, text, ttlMs }], token))[0],
    release: (key: StoreKey, token: string, code?: string) => store.release([key], token, code),
    close: () => store.close(),
    removeBelow: (keys: readonly StoreKey[], floor: Position) => store.removeBelow(keys, floor),
  };
}
