/** `bench/results/drain.json`: what a run found. */
import type { MemoryResults } from '../memory/run.ts';
import type { Outcome } from '../support/series.ts';
import type { Figure, Paging } from './measure.ts';
import type { Way } from './ways.ts';
import type { Work } from './works.ts';

/** Of one way, what each round found, or why it has no figures. */
export type Row = Pick<Way, 'name' | 'title' | 'kind'> & Outcome<Figure>;
export type Measured = Extract<Row, { rounds: readonly Figure[] }>;

export type WorkResults = Work & { rows: readonly Row[] };

export type DrainResults = {
  measuredOn: string;
  machine: string;
  versions: Readonly<Record<string, string>>;
  command: string;
  rounds: number;
  paging: Paging;
  works: readonly WorkResults[];
  memory: MemoryResults;
};

export function isMeasured(row: Row): row is Measured {
  return 'rounds' in row;
}
