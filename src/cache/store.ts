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

/** A value to be written under a lease. */
export type Write = { key: StoreKey; text: string; ttlMs: number };

/** A lease that somebody holds. */
export type Held = { key: StoreKey; token: string };

export interface Store {
  /** Keys of one group can stand in one command; a command is carried out whole or not at all. */
  groupOf(key: string): string;
  /** Of keys of one group, in one round trip; undefined for what is not there. */
  getMany(keys: readonly string[]): Promise<(string | undefined)[]>;
  /**
   * Takes the rights to fill keys of one group.
   *
   * @param ms - After which another may have them.
   * @param takeOver - Takes them from whoever holds them: a change reads anew whatever others are reading.
   */
  lease(keys: readonly StoreKey[], token: string, options: { ms: number; takeOver?: boolean }): Promise<Lease[]>;
  /** Keeps leases of one group that are still held for another `ms`; false for each that is not. */
  renew(leases: readonly Held[], ms: number): Promise<boolean[]>;
  /** Writes values of one group and gives their leases back; false for each whose lease is not held, which is not written. */
  commit(writes: readonly Write[], token: string): Promise<boolean[]>;
  /** Gives leases of one group back; with a code, leaves it for a second for those who wait. */
  release(keys: readonly StoreKey[], token: string, code?: string): Promise<void>;
  /** Writes a key of its own that nobody else writes. */
  put(key: string, text: string, ttlMs: number): Promise<void>;
  /** Sets anew for how long such keys, of one group, last; those that are gone stay so. */
  expire(keys: readonly string[], ttlMs: number): Promise<void>;
  /** Deletes values of one group that were read before `floor`: of a purge. */
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
