/** P5: a row is read for the first time, and changes while it is. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningRedis, startRedis } from '../support/redis.ts';
import { cases } from './changes.ts';
import { expectedOfEarly, fillPoints } from './points.ts';
import { race } from './race.ts';
import { openWarm } from './world.ts';

let redis: RunningRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

describe.each(fillPoints)('P5 no resurrection › a fill whose $name', (point) => {
  it.each(cases)('when $change.name changes by $maker', async (changing) => {
    const racers = await openWarm(redis);
    const passes = point.has !== 'nothing';
    const given = await race({ ...racers, ...changing, point, begin: () => racers.one.read(), passes });
    expect(given).toBe(expectedOfEarly(point, changing.change));
  });
});
