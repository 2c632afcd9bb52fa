/**
 * Purges that this process made known. A log that is lost takes them along, and whoever had not read it by then would go
 * on showing on error what was purged: so they are told again in the next era, as of when they were made.
 */
import type { Ids, Purged } from './log.ts';
import type { Token } from './position.ts';

export class OwnPurges {
  readonly #keptMs: number;
  #made: { record: Purged; atMs: number }[] = [];

  /** @param keptMs - By the monotonic clock, as all times here. */
  constructor({ keptMs }: { keptMs: number }) {
    this.#keptMs = keptMs;
  }

  note(purge: { namespace: string; ids: Ids; at: Token }, nowMs: number): void {
    this.#forget(nowMs);
    this.#made.push({ record: { kind: 'purged', ...purge }, atMs: nowMs });
  }

  /** In the order in which they were made. */
  records(nowMs: number): Purged[] {
    this.#forget(nowMs);
    return this.#made.map(({ record }) => record);
  }

  #forget(nowMs: number): void {
    this.#made = this.#made.filter(({ atMs }) => nowMs - atMs <= this.#keptMs);
  }
}
