/**
 * What each process has shown of each row: a row never goes back to an older version (P5).
 *
 * Held against each other are answers of which one was there before the other was asked for; two that overlap may have
 * been made in either order. Not held to it are
 * - what is served on error: it says that it is old;
 * - a row that was deleted meanwhile: with the row went what was known of its versions;
 * - a row that was purged meanwhile: from there upstream's word counts, whatever its version;
 * and what was read and not kept binds nobody: it was given to those who waited, since something changed meanwhile.
 */
import type { Catalogue } from './catalogue.ts';
import type { Answer, Recorded, Reply } from './record.ts';
import { coherenceMs } from './settings.ts';

/** The highest number shown so far, each higher than the ones before it. */
type Sighting = { n: number; answeredMs: number };

type Seen = { answer: Answer; reply: Reply; onError: boolean };

export class Sightings {
  readonly #catalogue: Catalogue;
  readonly #record: Recorded;
  readonly #highest = new Map<string, Sighting[]>();

  constructor(catalogue: Catalogue, record: Recorded) {
    this.#catalogue = catalogue;
    this.#record = record;
  }

  /** Answers come in the order in which they were answered. @returns What is wrong. */
  check({ answer, reply, onError }: Seen, id: string, n: number): string[] {
    if (onError) return [];
    const { by, askedMs, answeredMs } = answer;
    const key = `${by.replica}/${by.life}/${id}`;
    const sightings = this.#highest.get(key) ?? [];
    this.#highest.set(key, sightings);
    const before = sightings.findLast((sighting) => sighting.answeredMs < askedMs);
    if (isKept(reply) && n > (sightings.at(-1)?.n ?? 0)) sightings.push({ n, answeredMs });
    if (before === undefined || before.n <= n || this.#isExcused(id, { before, n, answeredMs })) return [];
    const agoMs = Math.round(askedMs - before.answeredMs);
    return [`P5: ${id} went back to ${n}, after this process had shown ${before.n} ${agoMs} ms before`];
  }

  #isExcused(id: string, { before, n, answeredMs }: { before: Sighting; n: number; answeredMs: number }): boolean {
    const fromMs = this.#catalogue.version(id, n)?.fromMs ?? 0;
    const wasDeleted = this.#catalogue
      .statesIn(id, { fromMs, untilMs: answeredMs })
      .some(({ row }) => row === undefined);
    const wasPurged = this.#record
      .changesOf(id)
      .some(
        ({ purge, beganMs, knownElsewhereMs }) =>
          purge && beganMs <= answeredMs && before.answeredMs <= knownElsewhereMs + coherenceMs,
      );
    return wasDeleted || wasPurged;
  }
}

function isKept({ cacheStatus = '' }: Reply): boolean {
  return !cacheStatus.includes('fwd=miss') || cacheStatus.includes('stored');
}
