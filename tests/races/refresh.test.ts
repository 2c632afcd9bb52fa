/** P5: a row that is stale is served and read anew behind it, and changes while it is. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningRedis, startRedis } from '../support/redis.ts';
import { cases } from './changes.ts';
import { fillPoints } from './points.ts';
import { race } from './race.ts';
import { oldTitle } from './rows.ts';
import { openStale } from './world.ts';

let redis: RunningRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

describe.each(fillPoints)('P5 no resurrection › a background refresh whose $name', (point) => {
  it.each(cases)('when $change.name changes by $maker', async (changing) => {
    const racers = await openStale(redis);
    const passes = point.has !== 'nothing';
    const given = await race({ ...racers, ...changing, point, begin: () => racers.one.read(), passes });
    expect(given).toBe(oldTitle);
  });
});
