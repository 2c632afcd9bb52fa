/** The store of a process that shares with nobody: Keyv over a bounded map. */
import { Keyv } from 'keyv';
import { LRUCache } from 'lru-cache';
import type { Clock } from './clock.ts';
import { parseStored } from './entry.ts';
import type { StoreKey } from './keys.ts';
import type { Position } from './position.ts';
import {
  failureMemoryMs,
  failurePrefix,
  type Held,
  type Lease,
  readLease,
  type Store,
  ttlOf,
  type Write,
} from './store.ts';

/** Far more than are read at a time. */
const mostLeases = 100_000;

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
    // Counted, and not by `max`: then each last one that goes would empty room for as many.
    const leases = { maxSize: mostLeases, sizeCalculation: () => 1 };
    this.#leases = new LRUCache<string, string>({ ...leases, ttlResolution: 0, perf });
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
    });
  }

  groupOf(): string {
    return '';
  }

  async getMany(keys: readonly string[]): Promise<(string | undefined)[]> {
    return this.#values.getMany([...keys]);
  }

  async lease(
    keys: readonly StoreKey[],
    token: string,
    { ms, takeOver = false }: { ms: number; takeOver?: boolean },
  ): Promise<Lease[]> {
    return keys.map(({ lease }) => {
      const found = takeOver ? null : (this.#leases.get(lease) ?? null);
      if (found === null) this.#leases.set(lease, token, { ttl: ms });
      return readLease(found);
    });
  }

  async renew(leases: readonly Held[], ms: number): Promise<boolean[]> {
    return leases.map(({ key, token }) => {
      const isHeld = this.#leases.get(key.lease) === token;
      if (isHeld) this.#leases.set(key.lease, token, { ttl: ms });
      return isHeld;
    });
  }

  async commit(writes: readonly Write[], token: string): Promise<boolean[]> {
    for (const { ttlMs } of writes) ttlOf(ttlMs);
    return Promise.all(writes.map((write) => this.#commit(write, token)));
  }

  async #commit({ key, text, ttlMs }: Write, token: string): Promise<boolean> {
    if (this.#leases.get(key.lease) !== token) return false;
    this.#leases.delete(key.lease);
    await this.put(key.value, text, ttlMs);
    return true;
  }

  async release(keys: readonly StoreKey[], token: string, code?: string): Promise<void> {
    for (const { lease } of keys) {
      if (this.#leases.get(lease) !== token) continue;
      if (code === undefined) this.#leases.delete(lease);
      else this.#leases.set(lease, failurePrefix + code, { ttl: failureMemoryMs });
    }
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
