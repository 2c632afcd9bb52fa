/** P5: a collection is read whole, and one of its rows changes while it is. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningRedis, startRedis } from '../support/redis.ts';
import { cases } from './changes.ts';
import type { Point } from './gates.ts';
import { race } from './race.ts';
import { oldTitle } from './rows.ts';
import { openWorld } from './world.ts';

let redis: RunningRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

/** Three pages of upstream, of which the last goes into a second chunk. */
const others = 1_100;

/** In the order in which a drain comes to them, each about to be sent and executed. */
const calls: [name: string, call: string, of: string, nth?: number][] = [
  ['look for a manifest', 'store.getMany', ':base:'],
  ['wish for the lease', 'store.lease', ':base:'],
  ['second look, with the lease,', 'store.getMany', ':base:', 2],
  ['first chunk', 'store.put', ':chunk:'],
  ['last chunk', 'store.put', ':chunk:', 2],
  ['reading', 'upstream.drain', ''],
  ['look for what it replaces', 'store.getMany', ':base:', 3],
  ['wish that its chunks last', 'store.expire', ':chunk:'],
  ['manifest', 'store.commit', ':base:'],
];

const points = calls.flatMap(([name, call, of, nth = 1]) =>
  (['sent', 'executed'] as const).map((when) => ({ name: `${name} is ${when}`, call, when, of, nth })),
);

const places = ['first', 'last'] as const;
const placed = points.flatMap((point) => places.map((place) => ({ ...point, place })));

describe.each(placed)(
  'P5 no resurrection › a drain whose $name, with the row on the $place page',
  ({ place, ...point }) => {
    it.each(cases)('when $change.name changes by $maker', async (changing) => {
      const world = await openWorld({ redis, others, raced: place });
      const [one, two] = [await world.start(), await world.start()];
      const given = await race({ world, one, two, ...changing, point: point as Point, begin: () => one.page() });
      expect(given).not.toBe(oldTitle);
    });
  },
);
