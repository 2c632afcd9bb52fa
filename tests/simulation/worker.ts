/** One thread of `many.ts`. */
import { parentPort, workerData } from 'node:worker_threads';
import type { ManyResult, Message, Share } from './many.ts';
import { mutations } from './mutations.ts';
import { simulate } from './simulation.ts';

/** Seeds between two words of progress. */
const wordEvery = 25;

const { from, seeds, operations, without, onlyFirst, first, stride } = workerData as Share;
const mutation = without === undefined ? {} : mutations[without];
if (mutation === undefined) throw new RangeError(`there is no mutation ${without}`);

const totals: ManyResult = { violations: [], branches: new Map(), checks: 0, steps: 0 };
let done = 0;
for (let seed = from + first; seed < from + seeds; seed += stride) {
  const { violation, branches, checks, steps } = await simulate({ seed, operations, mutation });
  for (const [branch, count] of branches) totals.branches.set(branch, (totals.branches.get(branch) ?? 0) + count);
  totals.checks += checks;
  totals.steps += steps;
  if (++done % wordEvery === 0) tell({ done: wordEvery });
  if (violation === undefined) continue;
  totals.violations.push({ seed, violation });
  if (onlyFirst) break;
}
tell({ totals });

function tell(message: Message): void {
  parentPort?.postMessage(message);
}
