/** Outcomes as tests make them up: a run of 10 s in which enough happened, and nothing was wrong. */
import type { Came } from './bring.ts';
import type { Outcome } from './experiment.ts';
import { type Fault, faultsOf } from './faults/index.ts';
import type { Mark } from './mark.ts';

const [stopped] = faultsOf('single') as [Fault];

/** From 1 s to 2 s, and all was well at once. */
export const came: Came = {
  fault: stopped,
  struck: 0,
  fromMs: 1_000,
  overMs: 2_000,
  untilMs: 2_000,
  wellMs: 2_000,
  failing: undefined,
};

/** One every 10 ms from 0 to 10 s, at each of three gateways in turn; of ten of them nine are hits. */
const marks: readonly Mark[] = Array.from({ length: 1_000 }, (_, index) => ({
  replica: index % 3,
  askedMs: 10 * index,
  answeredMs: 10 * index + 1,
  how: index % 10 === 0 ? 'read' : 'hit',
  trusted: true,
}));

export const outcome: Outcome = {
  plan: { redis: 'single', replicas: 3, seconds: 10, seed: 7, faults: [stopped] },
  span: { fromMs: 0, untilMs: 10_000 },
  marks,
  came: [came],
  toCome: [],
  findings: [],
  degraded: [[], [], []],
  counts: { writes: 100, told: 50, acknowledged: 50, behindAPosition: 20, rowReads: 90, pageReads: 9 },
  peak: { openFiles: 40, residentMb: 200 },
};
