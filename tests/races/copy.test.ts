/** P5: what stands in Redis is copied into the memory of a process, and changes while it is. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningRedis, startRedis } from '../support/redis.ts';
import { cases, type Racers } from './changes.ts';
import { inBothMoments } from './gates.ts';
import { race } from './race.ts';
import { oldTitle, raced } from './rows.ts';
import { openWarm, openWorld } from './world.ts';

let redis: RunningRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

/** Another process fills the row between the first look of this one and its lease. */
async function readBehindAnother({ one, two }: Racers, when: 'sent' | 'executed'): Promise<string> {
  const lease = one.hold({ call: 'store.lease', when, of: raced });
  const reading = two.hold({ call: 'upstream.one', when: 'executed' });
  const filling = when === 'executed' ? two.read() : undefined;
  if (filling !== undefined) await reading.arrived;
  const early = one.read();
  await lease.arrived;
  reading.release();
  await (filling ?? two.read());
  lease.release();
  return early;
}

const rowCopies = [
  {
    name: 'a row another process has read',
    point: { call: 'store.getMany', of: raced },
    begin: async (racers: Racers) => {
      await racers.two.read();
      return racers.one.read();
    },
  },
  {
    name: 'a row another process fills before this one has its lease',
    point: { call: 'store.getMany', of: raced, nth: 2 },
    begin: (racers: Racers) => readBehindAnother(racers, 'sent'),
  },
  {
    name: 'a row another process fills, whose lease goes back',
    point: { call: 'store.release', of: raced },
    begin: (racers: Racers) => readBehindAnother(racers, 'sent'),
  },
  {
    name: 'a row another process holds the lease of',
    point: { call: 'store.getMany', of: raced, nth: 2 },
    begin: (racers: Racers) => readBehindAnother(racers, 'executed'),
  },
];

describe.each(rowCopies.flatMap(inBothMoments))(
  'P5 no resurrection › $name, copied when the call $point.call is $point.when',
  (copy) => {
    it.each(cases)('when $change.name changes by $maker', async (changing) => {
      const racers = await openWarm(redis);
      await race({ ...racers, ...changing, point: copy.point, begin: () => copy.begin(racers) });
    });
  },
);

const baseCopies = [
  { name: 'the manifest of a drain', point: { call: 'store.getMany', of: ':base:' } },
  { name: 'the chunks of a drain', point: { call: 'store.getMany', of: ':chunk:' } },
];

describe.each(baseCopies.flatMap(inBothMoments))(
  'P5 no resurrection › $name, copied when the call $point.call is $point.when',
  ({ point }) => {
    it.each(cases)('when $change.name changes by $maker', async (changing) => {
      const world = await openWorld({ redis });
      const [one, two] = [await world.start(), await world.start()];
      await two.page();
      const given = await race({ world, one, two, ...changing, point, begin: () => one.page() });
      expect(given).not.toBe(oldTitle);
    });
  },
);
