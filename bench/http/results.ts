/** `bench/results/http.json`: what runs found. Some of the work can be measured anew, and the rest stays. */
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

/** The latest first. Each work stands in one of them. */
export type HttpResults = { runs: readonly Run[] };

export type Run = {
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

/** What was measured anew takes the place of what was found before, and a run of which nothing is left goes. */
export function withRun({ runs }: HttpResults, latest: Run): HttpResults {
  const isAnew = ({ name }: WorkResults) => latest.works.some((work) => work.name === name);
  const earlier = runs.map((run) => ({
    ...run,
    works: run.works.filter((work) => !isAnew(work)),
    coldStarts: latest.coldStarts.length > 0 ? [] : run.coldStarts,
  }));
  return { runs: [latest, ...earlier.filter(({ works, coldStarts }) => works.length + coldStarts.length > 0)] };
}

export function isMeasured(row: Row): row is Row & Measured {
  return 'medians' in row;
}
