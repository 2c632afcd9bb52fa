/**
 * P3 to P7 in real traffic, with several gateways and faults upon faults: the checker on a few kinds of them. All kinds,
 * for as long as one likes, and other topologies of Redis: `npm run coherence`.
 */
import { expect, it } from 'vitest';
import { lackOf } from './evidence.ts';
import { runExperiment } from './experiment.ts';
import { faultsOf } from './faults/index.ts';
import { describeFindings } from './summary.ts';

/** One for each of what can be lost: Redis, what it holds, a gateway, and upstream. */
const kinds = [
  'Redis stopped',
  'Redis flushed behind the back of a gateway that is cut off',
  'a gateway killed, and started again',
  'upstream answers half of all with errors',
];

it('nothing is torn, too old, gone back or read twice, and enough happened to tell', async () => {
  const faults = faultsOf('single').filter(({ name }) => kinds.includes(name));
  expect(faults).toHaveLength(kinds.length);
  const outcome = await runExperiment({ redis: 'single', replicas: 3, seconds: 5, seed: 7, faults });
  expect(describeFindings(outcome)).toBe('');
  expect(lackOf(outcome)).toEqual([]);
}, 60_000);
