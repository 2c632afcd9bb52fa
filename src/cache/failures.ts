/**
 * Failures remembered: those who ask right after one do not fail one after another, and refreshes back off.
 *
 * A failure answers for what it was asked for alone: after a change it says nothing, like any read from before it (P5).
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from './clock.ts';
import type { Stamp } from './position.ts';
import { failureMemoryMs } from './store.ts';

/** `stamp` is the `asOf` of the read that failed. */
type Failure = { error: Error; stamp: Stamp; atMs: number; count: number };

type IsValid = (key: string, asOf: Stamp) => boolean;

const longestBackoffMs = 30_000;

export class FailureMemory {
  readonly #clock: Clock;
  readonly #isValid: IsValid;
  readonly #failures = new LRUCache<string, Failure>({ max: 10_000 });

  constructor(clock: Clock, isValid: IsValid) {
    this.#clock = clock;
    this.#isValid = isValid;
  }

  note(key: string, error: Error, stamp: Stamp): void {
    const count = (this.#failures.peek(key)?.count ?? 0) + 1;
    this.#failures.set(key, { error, stamp, atMs: this.#clock.mono(), count });
  }

  clear(key: string): void {
    this.#failures.delete(key);
  }

  /** The failure that answers a request for this now, if there was one within the last second and no change since. */
  recent(key: string): Error | undefined {
    const failure = this.#failures.get(key);
    if (failure === undefined || this.#agoMs(failure) >= failureMemoryMs) return undefined;
    return this.#isValid(key, failure.stamp) ? failure.error : undefined;
  }

  /** The failure that nothing has cleared yet, however long ago. */
  last(key: string): Error | undefined {
    return this.#failures.peek(key)?.error;
  }

  /** Whether a refresh should wait: 1, 2, 4 … 30 s after the last failure. */
  backsOff(key: string): boolean {
    const failure = this.#failures.get(key);
    if (failure === undefined) return false;
    return this.#agoMs(failure) < Math.min(failureMemoryMs * 2 ** (failure.count - 1), longestBackoffMs);
  }

  #agoMs(failure: Failure): number {
    return this.#clock.mono() - failure.atMs;
  }
}
