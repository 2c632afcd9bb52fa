/** What Vitrine's drain is to reach, beside the client alone, and what it did. */
import { medianOf } from '../support/median.ts';
import type { Figure } from './measure.ts';
import { isMeasured, type Measured, type WorkResults } from './results.ts';

/** Rows a second of a drain that is thrown away, over those of the client that parses bodies. */
export const leastShare = 0.8;

export type Reached = {
  work: WorkResults;
  ratio: number;
  /** The same by CPU time of the processes: what else the machine does hardly shows in it. */
  ratioByCpu: number;
};

/** @returns Undefined where either was not measured. */
export function reachedOf(work: WorkResults): Reached | undefined {
  const own = named(work, 'drain');
  const client = named(work, 'client');
  if (own === undefined || client === undefined) return undefined;
  return {
    work,
    ratio: median(client, 'ms') / median(own, 'ms'),
    ratioByCpu: median(client, 'cpuMs') / median(own, 'cpuMs'),
  };
}

export function median({ rounds }: Measured, name: keyof Figure): number {
  return medianOf(rounds.map((round) => round[name]));
}

export function named({ rows }: WorkResults, name: string): Measured | undefined {
  return rows.filter(isMeasured).find((row) => row.name === name);
}
