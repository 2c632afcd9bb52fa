/** `bench/results/engines.json`: what a run found. */
import type { Outcome } from '../support/series.ts';
import type { Subject } from './engines.ts';
import type { Invalidated } from './invalidation.ts';
import type { Amount, Figure } from './measure.ts';
import type { Herd, Stampede } from './stampede.ts';
import type { Work } from './works.ts';

/** Of one engine, what each round found, or why it has no figures. */
export type Row<T> = Pick<Subject, 'name' | 'title' | 'kind'> & Outcome<T>;
export type Measured<T> = Extract<Row<T>, { rounds: readonly T[] }>;

export type WorkResults = Pick<Work, 'name' | 'title' | 'place'> & { rows: readonly Row<Figure>[] };

export type Found = {
  works: readonly WorkResults[];
  stampedes: readonly Row<Stampede>[];
  invalidations: readonly Row<Invalidated>[];
};

export type EngineResults = Found & {
  measuredOn: string;
  machine: string;
  versions: Readonly<Record<string, string>>;
  command: string;
  rounds: number;
  amount: Amount;
  herd: Herd;
};

export function isMeasured<T>(row: Row<T>): row is Measured<T> {
  return 'rounds' in row;
}
