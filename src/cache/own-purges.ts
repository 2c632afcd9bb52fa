/**
 * Purges that this process made known. A log that is lost takes them along, and whoever had not read it by then would go
 * on showing on error what was purged: so they are told again in the next era, as of when they were made.
 */
import type { Ids, Purged } from './log.ts';
import { higher, type Token } from './position.ts';

type Made = { namespace: string; ids: Ids; at: Token };

export class OwnPurges {
  readonly #keptMs: number;
  #made: { purge: Made; atMs: number }[] = [];

  /** @param keptMs - By the monotonic clock, as all times here. */
  constructor({ keptMs }: { keptMs: number }) {
    this.#keptMs = keptMs;
  }

  note(purge: Made, nowMs: number): void {
    this.#forget(nowMs);
    this.#made.push({ purge, atMs: nowMs });
  }

  /** A record for each namespace and era, as of the last of its purges. */
  records(nowMs: number): Purged[] {
    this.#forget(nowMs);
    const purges = this.#made.map(({ purge }) => purge);
    const byPlace = Map.groupBy(purges, ({ namespace, at }) => `${at.era} ${namespace}`);
    return byPlace.values().map(joined).toArray();
  }

  #forget(nowMs: number): void {
    this.#made = this.#made.filter(({ atMs }) => nowMs - atMs <= this.#keptMs);
  }
}

function joined(purges: readonly Made[]): Purged {
  const [{ namespace, at }] = purges as [Made];
  const ids = purges.map((purge) => purge.ids);
  const position = purges.map((purge) => purge.at.position).reduce(higher);
  const all = ids.includes('*') ? '*' : [...new Set(ids.flat())];
  return { kind: 'purged', namespace, ids: all, at: { era: at.era, position } };
}
