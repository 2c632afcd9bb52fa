/**
 * The store tier: what processes share. Two implementations, one contract suite (`tests/cache/store-contract.ts`).
 *
 * Every write is fenced by a lease, or is of a key that nobody else writes, because a write that timed out may still be
 * applied later. All operations reject within the store's own deadline.
 */
import type { StoreKey } from './keys.ts';
import type { Position } from './position.ts';

/** `failed`: a holder's read failed less than a second ago, with this code. */
export type Lease = { state: 'granted' } | { state: 'held' } | { state: 'failed'; code: string };

export interface Store {
  /** One round trip; undefined for what is not there. */
  getMany(keys: readonly string[]): Promise<(string | undefined)[]>;
  /**
   * Takes the right to fill a key.
   *
   * @param ms - After which another may have it.
   * @param takeOver - Takes it from whoever holds it: a change reads anew whatever others are reading.
   */
  lease(key: StoreKey, token: string, options: { ms: number; takeOver?: boolean }): Promise<Lease>;
  /** Keeps a lease that is still held for another `ms`; false when it is not. */
  renew(key: StoreKey, token: string, ms: number): Promise<boolean>;
  /** Writes the value and gives the lease back, if it is still held; false when it is not, and nothing was written. */
  commit(key: StoreKey, token: string, text: string, ttlMs: number): Promise<boolean>;
  /** Gives a lease back; with a code, leaves it for a second for those who wait. */
  release(key: StoreKey, token: string, code?: string): Promise<void>;
  /** Writes a key of its own that nobody else writes. */
  put(key: string, text: string, ttlMs: number): Promise<void>;
  /** Sets anew for how long such keys last; those that are gone stay so. */
  expire(keys: readonly string[], ttlMs: number): Promise<void>;
  /** Deletes values read before `floor`: of a purge. */
  removeBelow(keys: readonly StoreKey[], floor: Position): Promise<void>;
  close(): Promise<void>;
}

/** How long a failed fill is remembered, in ms, so that those who wait do not fail one after another. */
export const failureMemoryMs = 1_000;

export const failurePrefix = '!';

/** @param found - What stood in the lease key, null when the lease was free and is now ours. */
export function readLease(found: string | null): Lease {
  if (found === null) return { state: 'granted' };
  if (!found.startsWith(failurePrefix)) return { state: 'held' };
  const code = found.slice(failurePrefix.length);
  return {
    state: 'failed',
    code: /^UPSTREAM_(UNAVAILABLE|TIMEOUT|INVALID)$/.test(code) ? code : 'UPSTREAM_UNAVAILABLE',
  };
}

/**
 * A time to live as stores take it.
 *
 * @throws {RangeError} Below 1 ms: 0 or NaN would make a key that never ends.
 */
export function ttlOf(ms: number): number {
  if (!(ms >= 1)) throw new RangeError(`a TTL must be at least 1 ms, not ${ms}`);
  return Math.floor(ms);
}
