/** `bench/results/http.json`: what a run found. */
import type { ColdStart } from './cold-start.ts';
import type { Server } from './servers.ts';

/** Of one server at one work: in one round, or the medians of all. */
export type Figures = {
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** CPU time of the server, all its threads, for 1,000 requests. */
  cpuSecondsPer1000: number;
  /** Resident at most since its start. */
  peakBytes: number;
  /** Of which it was told and that it acknowledged, warming up included; where there were any. */
  changes?: number;
  /** How often one was told again, because it was not acknowledged. */
  repeatedChanges?: number;
};

export type Row = Pick<Server, 'name' | 'title' | 'kind' | 'keeps'> & {
  /** Of a body: the mean of those that were compared; undefined when there was none. */
  answerBytes?: number;
} & (Measured | { leftOut: string });

export type Measured = { medians: Figures; rounds: readonly Figures[] };

export type WorkResults = { name: string; title: string; rows: readonly Row[] };

export type HttpResults = {
  measuredOn: string;
  machine: string;
  /** Whether the server under measure had a core to itself. */
  isApart: boolean;
  versions: Readonly<Record<string, string>>;
  command: string;
  rounds: number;
  seconds: number;
  connections: number;
  works: readonly WorkResults[];
  /** Q10: medians, of those that were measured. */
  coldStarts: readonly ColdRow[];
};

export type ColdRow = Pick<Server, 'name' | 'title' | 'kind' | 'keeps'> &
  ({ medians: ColdStart; rounds: readonly ColdStart[] } | { leftOut: string });

export function isMeasured(row: Row): row is Row & Measured {
  return 'medians' in row;
}
