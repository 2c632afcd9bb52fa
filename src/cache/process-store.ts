/** The store of a process that shares with nobody: Keyv over a bounded map. */
import { Keyv } from 'keyv';
import { LRUCache } from 'lru-cache';
import type { Clock } from './clock.ts';
import { parseStored } from './entry.ts';
import type { StoreKey } from './keys.ts';
import type { Position } from './position.ts';
import { failureMemoryMs, failurePrefix, type Lease, readLease, type Store, ttlOf } from './store.ts';

export class ProcessStore implements Store {
  readonly #values: Keyv<string>;
  readonly #leases: LRUCache<string, string>;

  /** @param maxBytes - Of all values together; the least recently used go first. */
  constructor({ clock, maxBytes }: { clock: Clock; maxBytes: number }) {
    // lru-cache counts time from 1: at 0 it takes an entry for one without a start.
    const perf = { now: () => clock.mono() + 1 };
    const values = new LRUCache<string, string>({
      maxSize: maxBytes,
      sizeCalculation: (text, key) => 2 * (text.length + key.length) + 100,
      ttlResolution: 0,
      perf,
    });
    this.#leases = new LRUCache<string, string>({ max: 100_000, ttlResolution: 0, perf });
    this.#values = new Keyv<string>({
      store: {
        get: (key: string) => values.get(key),
        set: (key: string, text: string, ttl?: number) => values.set(key, text, ttl ? { ttl } : {}),
        delete: (key: string) => values.delete(key),
        clear: () => values.clear(),
      },
      // Texts as they are: the map's own clock is the only one that ends them.
      serialize: (data) => String(data.value),
      deserialize: (text) => ({ value: text as never }),
      useKeyPrefix: false,
      throwOnErrors: true,
    });
  }

  async getMany(keys: readonly string[]): Promise<(string | undefined)[]> {
    return keys.length === 0 ? [] : this.#values.getMany([...keys]);
  }

  async lease(
    key: StoreKey,
    token: string,
    { ms, takeOver = false }: { ms: number; takeOver?: boolean },
  ): Promise<Lease> {
    const found = takeOver ? null : (this.#leases.get(key.lease) ?? null);
    if (found === null) this.#leases.set(key.lease, token, { ttl: ms });
    return readLease(found);
  }

  async renew(key: StoreKey, token: string, ms: number): Promise<boolean> {
    if (this.#leases.get(key.lease) !== token) return false;
    this.#leases.set(key.lease, token, { ttl: ms });
    return true;
  }

  async commit(key: StoreKey, token: string, text: string, ttlMs: number): Promise<boolean> {
    const ttl = ttlOf(ttlMs);
    if (this.#leases.get(key.lease) !== token) return false;
    this.#leases.delete(key.lease);
    await this.#values.set(key.value, text, ttl);
    return true;
  }

  async release(key: StoreKey, token: string, code?: string): Promise<void> {
    if (this.#leases.get(key.lease) !== token) return;
    if (code === undefined) this.#leases.delete(key.lease);
    else this.#leases.set(key.lease, failurePrefix + code, { ttl: failureMemoryMs });
  }

  async put(key: string, text: string, ttlMs: number): Promise<void> {
    await this.#values.set(key, text, ttlOf(ttlMs));
  }

  async expire(keys: readonly string[], ttlMs: number): Promise<void> {
    ttlOf(ttlMs);
    for (const key of keys) {
      const text = await this.#values.get(key);
      if (text !== undefined) await this.put(key, text, ttlMs);
    }
  }

  async removeBelow(keys: readonly StoreKey[], floor: Position): Promise<void> {
    for (const { value } of keys) {
      const stored = parseStored((await this.#values.get(value)) ?? '');
      if (stored !== undefined && stored.position < floor) await this.#values.delete(value);
    }
  }

  async close(): Promise<void> {}
}
