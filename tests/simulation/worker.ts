/** One thread of `many.ts`. */
import { parentPort, workerData } from 'node:worker_threads';
import type { ManyResult, Share } from './many.ts';
import { mutations } from './mutations.ts';
import { simulate } from './simulation.ts';

const { from, seeds, operations, without, onlyFirst, first, stride } = workerData as Share;
const mutation = without === undefined ? {} : mutations[without];
if (mutation === undefined) throw new RangeError(`there is no mutation ${without}`);

const result: ManyResult = { violations: [], branches: new Map(), checks: 0, steps: 0 };
for (let seed = from + first; seed < from + seeds; seed += stride) {
  const { violation, branches, checks, steps } = await simulate({ seed, operations, mutation });
  for (const [branch, count] of branches) result.branches.set(branch, (result.branches.get(branch) ?? 0) + count);
  result.checks += checks;
  result.steps += steps;
  if (violation === undefined) continue;
  result.violations.push({ seed, violation });
  if (onlyFirst) break;
}
parentPort?.postMessage(result);
