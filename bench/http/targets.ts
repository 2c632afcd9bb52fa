/** What is to be reached, as medians of the ratios that the rounds of one run have, and what was. */
import { medianOf } from '../support/median.ts';
import { type Figures, isMeasured, type Measured, type Row, type WorkResults } from './results.ts';

type Target = {
  work: string;
  /** Of which form of Vitrine. */
  of: string;
  against: string;
  /** Requests a second of Vitrine, over those of whom it is held against. */
  least: number;
  find: (rows: readonly MeasuredRow[], works: readonly WorkResults[]) => MeasuredRow | undefined;
};

type MeasuredRow = Row & Measured;

const isPeer = ({ kind }: Row) => kind === 'peer';
const fixedFastify: Held = { against: 'a fixed body from Fastify', find: (rows) => named(rows, 'fixed-fastify') };
const fastestCaching: Held = {
  against: 'the fastest peer with its cache',
  find: (rows) => fastest(rows.filter((row) => isPeer(row) && row.keeps)),
};
const fastestWithout: Held = {
  against: 'the fastest peer that keeps no answers',
  find: (rows) => fastest(rows.filter((row) => isPeer(row) && !row.keeps)),
};
const apollo: Held = {
  against: 'Apollo Server as it comes, the faster of both',
  find: (rows) => fastest(rows.filter(({ name }) => name === 'apollo-standalone' || name === 'apollo-fastify')),
};

const itselfAt = (work: string): Held => ({
  against: `itself at ${work}`,
  find: (_, works) => named(works.find(({ name }) => name === work)?.rows.filter(isMeasured) ?? [], 'vitrine'),
});

type Held = Pick<Target, 'against' | 'find'>;

export const targets: readonly Target[] = [
  { work: 'Q1', of: 'vitrine', least: 0.9, ...fixedFastify },
  { work: 'Q4', of: 'vitrine', least: 0.9, ...fixedFastify },
  { work: 'Q1', of: 'vitrine', least: 5, ...fastestCaching },
  { work: 'Q4', of: 'vitrine', least: 3.5, ...fastestCaching },
  { work: 'Q6', of: 'vitrine', least: 8, ...apollo },
  { work: 'Q6', of: 'vitrine', least: 4, ...fastestCaching },
  { work: 'Q7', of: 'vitrine', least: 8, ...apollo },
  { work: 'Q7', of: 'vitrine', least: 3, ...fastestCaching },
  { work: 'Q8', of: 'vitrine', least: 0.6, ...itselfAt('Q7') },
  { work: 'Q8-100k', of: 'vitrine', least: 0.6, ...itselfAt('Q7-100k') },
  { work: 'Q11-order-100k', of: 'vitrine', least: 1 / 1.3, ...itselfAt('Q11-order-1k') },
  { work: 'Q11-filter-100k', of: 'vitrine', least: 1 / 1.3, ...itselfAt('Q11-filter-1k') },
  { work: 'Q3', of: 'vitrine-off', least: 1.5, ...fastestWithout },
];

type Reached = {
  against: MeasuredRow;
  ratio: Ratio;
  /** The same by CPU time of the servers: what else the machine does hardly shows in it. */
  ratioByCpu: number;
};

/** Of the rounds: a slow minute of the machine falls on both sides of the ratio of its round. */
export type Ratio = { median: number; low: number; high: number };

/** @returns Undefined where either was not measured. */
export function reachedOf(target: Target, works: readonly WorkResults[]): Reached | undefined {
  const rows = works.find(({ name }) => name === target.work)?.rows.filter(isMeasured) ?? [];
  const own = named(rows, target.of);
  const against = target.find(rows, works);
  if (own === undefined || against === undefined) return undefined;
  const ratios = ratiosOf(own, against, 'requestsPerSecond');
  return {
    against,
    ratio: { median: medianOf(ratios), low: Math.min(...ratios), high: Math.max(...ratios) },
    ratioByCpu: medianOf(ratiosOf(against, own, 'cpuSecondsPer1000')),
  };
}

/** Of each round. */
function ratiosOf(one: MeasuredRow, other: MeasuredRow, figure: keyof Figures): number[] {
  return one.rounds.map((round, index) => (round[figure] as number) / (other.rounds[index]?.[figure] as number));
}

function named(rows: readonly MeasuredRow[], name: string): MeasuredRow | undefined {
  return rows.find((row) => row.name === name);
}

function fastest(rows: readonly MeasuredRow[]): MeasuredRow | undefined {
  return rows.toSorted((a, b) => b.medians.requestsPerSecond - a.medians.requestsPerSecond)[0];
}
