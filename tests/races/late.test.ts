/** P5: a command to Redis is given up at its deadline, the row changes, and Redis executes the command after that. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, type RunningRedis, startRedis } from '../support/redis.ts';
import { acknowledge, type Case, cases, expectNew, expectNewEverywhere } from './changes.ts';
import { openLateLine } from './late-line.ts';
import { oldTitle, raced } from './rows.ts';
import { openWorld } from './world.ts';

let redis: RunningRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

type Late = {
  name: string;
  reads: 'row' | 'page';
  call: string;
  /** In the key of the command. */
  of: string;
  /** Upstream fails while the row is read, so that the lease goes back with the code of the failure. */
  fails?: boolean;
};

const commands: readonly Late[] = [
  { name: 'the wish for a lease', reads: 'row', call: 'store.lease', of: raced },
  { name: 'a row', reads: 'row', call: 'store.commit', of: raced },
  { name: 'a failure', reads: 'row', call: 'store.release', of: raced, fails: true },
  { name: 'the wish for the lease of a drain', reads: 'page', call: 'store.lease', of: ':base:' },
  { name: 'a chunk of a drain', reads: 'page', call: 'store.put', of: ':chunk:' },
  { name: 'the manifest of a drain', reads: 'page', call: 'store.commit', of: ':base:' },
];

const redisTimeoutMs = 100;
/** What holds a lease and is gone holds others up for so long. */
const leaseMs = 300;

describe.each(commands)('P5 no resurrection › $name that comes late to Redis', ({ reads, call, of, fails }) => {
  it.each(cases)('when $change.name changed by $maker meanwhile', async (changing: Case) => {
    const world = await openWorld({ redis, raced: reads === 'row' ? 'not yet' : 'last' });
    const line = await openLateLine(redis.port);
    const two = await world.start({ leaseMs });
    const one = await world.start({ redisUrl: line.url, redisTimeoutMs, leaseMs });
    if (reads === 'row') {
      await two.page();
      await one.page();
      world.write();
    }
    if (fails) world.upstream.faults.set({ status: { value: 500, routes: ['/catalogs/{id}'], times: 1 } });

    const hold = one.hold({ call, of, when: 'sent' });
    const early = reads === 'row' ? one.read() : one.page();
    await hold.arrived;
    const kept = line.keep();
    hold.release();
    await kept;
    expect(await early).toBe(fails ? 'UPSTREAM_UNAVAILABLE' : oldTitle);
    await line.cut();
    await eventually(() => one.redis.up);

    await acknowledge(changing, { world, one, two });
    expectNew(changing.change, await one.see(), await two.see());
    expect(await line.deliver()).toBeGreaterThan(0);
    await expectNewEverywhere(changing.change, world, one, two);
  });
});
