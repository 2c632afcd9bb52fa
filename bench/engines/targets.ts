/** What Vitrine is to reach, and what it did. */
import { medianOf } from '../support/median.ts';
import type { Invalidated } from './invalidation.ts';
import type { Figure } from './measure.ts';
import { type Found, isMeasured, type Measured, type Row } from './results.ts';

export type Reached = { what: string; target: string; measured: string; isReached: boolean | undefined };

/** At most so many times what the bytes alone take, by medians of one run. */
const mostTimes = { page: 1.5, 'page-64': 3 };

export function reachedOf(found: Found): Reached[] {
  return [...Object.entries(mostTimes).map((target) => ofBytes(found, target)), ofReads(found), ofVersions(found)];
}

export function medianUs({ rounds }: Measured<Figure>): number {
  return medianOf(rounds.map(({ us }) => us));
}

export function versionsIn({ filler, other }: Invalidated): number[] {
  return [filler.filler, filler.other, other.filler, other.other];
}

function ofBytes({ works }: Found, [name, most]: [string, number]): Reached {
  const work = works.find((one) => one.name === name);
  const own = named(work?.rows ?? [], 'vitrine');
  const bytes = named(work?.rows ?? [], 'bytes');
  const times = own && bytes && medianUs(own) / medianUs(bytes);
  return {
    what: `${work?.title ?? name}, beside the bytes alone`,
    target: `at most ${most} ×`,
    measured: times === undefined ? 'not measured' : `${times.toFixed(2)} ×`,
    isReached: times === undefined ? undefined : times <= most,
  };
}

function ofReads({ stampedes }: Found): Reached {
  const rounds = named(stampedes, 'vitrine')?.rounds;
  const most = rounds && Math.max(...rounds.map(({ reads }) => reads));
  return {
    what: 'reads of upstream in a stampede',
    target: '1',
    measured: most === undefined ? 'not measured' : `${most} at most`,
    isReached: most === undefined ? undefined : most === 1,
  };
}

function ofVersions({ invalidations }: Found): Reached {
  const rounds = named(invalidations, 'vitrine')?.rounds;
  const isNew = rounds?.flatMap(versionsIn).every((version) => version === 2);
  return {
    what: 'after an invalidation during a fill',
    target: 'version 2, everywhere',
    measured: isNew === undefined ? 'not measured' : isNew ? 'version 2' : 'version 1 (old)',
    isReached: isNew,
  };
}

function named<T>(rows: readonly Row<T>[], name: string): Measured<T> | undefined {
  return rows.filter((row): row is Measured<T> => isMeasured(row)).find((row) => row.name === name);
}
