/**
 * Purges that this process told of: a log that is lost takes them along, and a process that had not read it by then would
 * go on showing on error what was purged. So they are told again in the next era.
 *
 * In ms of the monotonic clock. Who has read nothing for longer than they are kept forgets all that it holds.
 */
import type { Ids } from './log.ts';

export type Purge = { namespace: string; ids: Ids; hard: true };

export class OwnPurges {
  readonly #keptMs: number;
  #told: { purge: Purge; atMs: number }[] = [];

  constructor({ keptMs }: { keptMs: number }) {
    this.#keptMs = keptMs;
  }

  note({ namespace, ids }: { namespace: string; ids: Ids }, nowMs: number): void {
    this.#forget(nowMs);
    this.#told.push({ purge: { namespace, ids, hard: true }, atMs: nowMs });
  }

  /** One of each namespace, of all its ids. */
  all(nowMs: number): Purge[] {
    this.#forget(nowMs);
    const byNamespace = Map.groupBy(this.#told, ({ purge }) => purge.namespace);
    return [...byNamespace].map(([namespace, told]) => {
      const ids = told.map(({ purge }) => purge.ids);
      return { namespace, ids: ids.includes('*') ? '*' : [...new Set(ids.flat())], hard: true };
    });
  }

  #forget(nowMs: number): void {
    this.#told = this.#told.filter(({ atMs }) => nowMs - atMs <= this.#keptMs);
  }
}
