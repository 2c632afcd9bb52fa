/** P5: a fill fails, those who wait for it are told, and the row changes meanwhile. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningRedis, startRedis } from '../support/redis.ts';
import { acknowledge, type Case, type Change, cases, expectNewEverywhere, type Racers } from './changes.ts';
import { inBothMoments } from './gates.ts';
import type { Process } from './process.ts';
import { oldTitle, raced } from './rows.ts';
import { openStale, openWarm, openWorld } from './world.ts';

let redis: RunningRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

type Fill = {
  name: string;
  /** Of upstream; it fails once. */
  route: string;
  call: string;
  /** In the key of its lease. */
  of: string;
  open(): Promise<Racers>;
  ask(by: Process): Promise<string>;
  /** Something old is there, so that those who come before the change are given it. */
  stale?: boolean;
};

const openCold = async () => {
  const world = await openWorld({ redis });
  return { world, one: await world.start(), two: await world.start() };
};

const ofRow = { route: '/catalogs/{id}', call: 'upstream.one', of: raced, ask: (by: Process) => by.read() };
const fills: readonly Fill[] = [
  { ...ofRow, name: 'a row', open: () => openWarm(redis) },
  { ...ofRow, name: 'a stale row', open: () => openStale(redis), stale: true },
  {
    name: 'a collection',
    route: '/catalogs',
    call: 'upstream.drain',
    of: ':base:',
    open: openCold,
    ask: (by) => by.page(),
  },
];

async function openFailing({ open, route }: Fill): Promise<Racers> {
  const racers = await open();
  racers.world.upstream.faults.set({ status: { value: 500, routes: [route], times: 1 } });
  return racers;
}

/** What failed for a second time is asked for no sooner than a second later, unless all of it is another since. */
async function expectNewOf({ name }: Fill, change: Change, racers: Racers): Promise<void> {
  const forgiven = name === 'a collection' && !change.ofAll;
  await expectNewEverywhere(
    forgiven ? { ...change, upstreamFails: true } : change,
    racers.world,
    racers.one,
    racers.two,
  );
}

/** The lease goes back with the code of the failure. */
const points = fills.flatMap((fill) => [
  { fill, at: 'the read', point: { call: fill.call, when: 'executed' } as const },
  ...inBothMoments({ fill, at: 'the way back of the lease', point: { call: 'store.release', of: fill.of } }),
]);

describe.each(points)(
  'P5 no resurrection › $fill.name whose fill fails, when $at is $point.when',
  ({ fill, point }) => {
    it.each(cases)('and $change.name changes by $maker', async (changing: Case) => {
      const racers = await openFailing(fill);
      const { one, two } = racers;
      const hold = one.hold(point);
      const waiters = [fill.ask(one), fill.ask(one)];
      await hold.arrived;
      waiters.push(fill.ask(two));

      await acknowledge(changing, racers);
      hold.release();

      const given = await Promise.all(waiters);
      if (!fill.stale) expect(given).not.toContain(oldTitle);
      await expectNewOf(fill, changing.change, racers);
    });
  },
);

describe.each(fills)('P5 no resurrection › $name whose fill has failed', (fill) => {
  it.each(cases)('is read by newcomers after $change.name changed by $maker', async (changing: Case) => {
    const racers = await openFailing(fill);
    const failing = racers.one.hold({ call: 'store.release', when: 'executed', of: fill.of });
    const waiters = [fill.ask(racers.one), fill.ask(racers.one)];
    await failing.arrived;
    failing.release();
    const given = fill.stale ? oldTitle : 'UPSTREAM_UNAVAILABLE';
    expect(await Promise.all(waiters)).toEqual([given, given]);

    await acknowledge(changing, racers);
    await expectNewOf(fill, changing.change, racers);
  });
});
