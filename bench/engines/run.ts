/** A run: rounds, in each of which every engine does everything once, so that none has the quiet minute alone. */
import type { RunningRedis } from '../../tests/support/redis.ts';
import { Series } from '../support/series.ts';
import type { Subject } from './engines.ts';
import { type Invalidated, invalidateDuringFill } from './invalidation.ts';
import { type Amount, type Figure, measure } from './measure.ts';
import type { Found, Row } from './results.ts';
import { type Herd, type Stampede, stampede } from './stampede.ts';
import type { Work } from './works.ts';

export type Plan = {
  subjects: readonly Subject[];
  works: readonly Work[];
  isStampede: boolean;
  isInvalidation: boolean;
  rounds: number;
  amount: Amount;
  herd: Herd;
};

/** Told of each measurement. */
export type Observer = {
  planned(measurements: number): void;
  measured(done: {
    name: string;
    subject: Subject;
    round: number;
    found: Figure | Stampede | Invalidated | string;
  }): void;
};

/** What was found so far, after each round. */
export async function* run(redis: RunningRedis, plan: Plan, observer: Observer): AsyncGenerator<Found> {
  const { amount, herd, rounds } = plan;
  const works = plan.works.map((work) => {
    const able = plan.subjects.filter((subject) => takesPart(subject, work));
    return { work, series: new Series(work.name, able, (subject) => measure(redis, subject, work, amount)) };
  });
  // Those that fill.
  const caches = plan.subjects.filter(({ kind, isForMemoryAlone }) => kind !== 'floor' && !isForMemoryAlone);
  const stampedes = new Series('stampede', plan.isStampede ? caches : [], (subject) => stampede(redis, subject, herd));
  const invalidations = new Series('invalidation', plan.isInvalidation ? caches : [], (subject) =>
    invalidateDuringFill(redis, subject),
  );
  const all = [...works.map(({ series }) => series), stampedes, invalidations];
  observer.planned(rounds * all.reduce((sum, { size }) => sum + size, 0));
  for (let round = 1; round <= rounds; round++) {
    for (const series of all) {
      const { name } = series;
      await series.round((subject, found) => observer.measured({ name, subject, round, found }));
    }
    yield {
      works: works.map(({ work: { name, title, place }, series }) => ({ name, title, place, rows: rowsOf(series) })),
      stampedes: rowsOf(stampedes),
      invalidations: rowsOf(invalidations),
    };
  }
}

function rowsOf<T>(series: Series<Subject, T>): Row<T>[] {
  return series.outcomes().map(([{ name, title, kind }, outcome]) => ({ name, title, kind, ...outcome }));
}

/** Bytes in memory take nothing. */
function takesPart({ kind, isForMemoryAlone }: Subject, { place }: Work): boolean {
  return place === 'memory' ? kind !== 'floor' : !isForMemoryAlone;
}
