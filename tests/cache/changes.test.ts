import { describe, expect, test } from 'vitest';
import { type Change, Changes } from '../../src/cache/changes.ts';
import { Follower } from '../../src/cache/follower.ts';
import type { Stamp } from '../../src/cache/position.ts';
import type { Said } from '../../src/cache/said.ts';
import { ManualClock } from '../support/clock.ts';
import { begin, changed } from './log-contract.ts';
import { horizonMs, listen } from './parts.ts';
import { ScriptedLog } from './scripted-log.ts';

type Outcomes = Map<string, 'refreshed' | 'missing' | 'failed'>;
type Reading = {
  ids: readonly string[];
  asOf: Stamp;
  said: ReadonlyMap<string, Said> | undefined;
  answer(outcomes?: Outcomes): void;
};

/** A namespace that reads when the test says so, and notes what it was asked. */
async function open() {
  const clock = new ManualClock();
  const log = new ScriptedLog(clock);
  const { telemetry } = listen();
  const follower = new Follower({
    log,
    clock,
    random: () => 0.5,
    telemetry,
    coherenceMs: 1_000,
    horizonMs,
    longestWindowMs: 86_400_000,
  });
  await follower.tick();
  const readings: Reading[] = [];
  const arrivals: (() => void)[] = [];
  const removed: { ids: readonly string[]; floor: Stamp }[] = [];
  const changes = new Changes(
    {
      name: 'things',
      removeBelow: async (ids, floor) => void removed.push({ ids, floor }),
      readAnew: (ids, { asOf, said }) => {
        const { promise, resolve } = Promise.withResolvers<Outcomes>();
        const all = () => new Map(ids.map((id) => [id, 'refreshed' as const]));
        readings.push({ ids, asOf, said, answer: (outcomes = all()) => resolve(outcomes) });
        arrivals.shift()?.();
        return promise;
      },
    },
    { follower, telemetry },
  );
  const change = (...ids: string[]) => changes.change({ ids, hard: false, source: 'tests' });
  const purge = (...ids: string[]) => changes.change({ ids, hard: true, source: 'tests' });
  /** The n-th read, once it is asked for. */
  const reading = async (n: number): Promise<Reading> => {
    while (readings.length < n) await new Promise<void>((resolve) => arrivals.push(resolve));
    return readings[n - 1] as Reading;
  };
  return { log, follower, telemetry, changes, change, purge, reading, readings, removed };
}

const tokenOf = (position: string, era = 'era-a') => ({ era, position });
const hardChanged = (floor: string, ...ids: string[]) => ({ ...changed(floor, ...ids), hard: true });
const sorted = (ids: readonly string[]) => [...ids].sort();

describe('P5 no resurrection › a change', () => {
  test('begins, is read as of that, and is made known after', async () => {
    const { log, change, reading, follower } = await open();
    const done = change('1', '2');
    const read = await reading(1);
    expect(log.records).toEqual([begin('1', '2')]);
    expect(read).toMatchObject({ ids: ['1', '2'], asOf: { position: log.last } });
    const before = { ...read.asOf, position: '' };
    expect(follower.valid('things', '1', before)).toBe(true);
    read.answer();
    expect(await done).toEqual({
      refreshed: 2,
      missing: 0,
      token: tokenOf(log.last),
      deferred: false,
      tooFewReplicas: false,
    });
    expect(log.records).toEqual([begin('1', '2'), changed(read.asOf.position, '1', '2')]);
    expect(follower.valid('things', '1', before)).toBe(false);
  });

  test('tells what came of each id, and is made known for those that could not be read as well', async () => {
    const { log, change, reading } = await open();
    const done = change('1', '2', '3', '4');
    const read = await reading(1);
    read.answer(
      new Map([
        ['1', 'refreshed'],
        ['2', 'missing'],
        ['3', 'failed'],
        ['4', 'refreshed'],
      ] as const),
    );
    expect(await done).toMatchObject({ refreshed: 2, missing: 1 });
    expect(log.records.at(-1)).toEqual(changed(read.asOf.position, '1', '2', '3', '4'));
  });

  test('that is a purge removes what is stored before it reads, and is hard', async () => {
    const { log, purge, reading, removed } = await open();
    const done = purge('1');
    const read = await reading(1);
    expect(removed).toEqual([{ ids: ['1'], floor: read.asOf }]);
    read.answer();
    await done;
    expect(log.records.at(-1)).toEqual(hardChanged(read.asOf.position, '1'));
  });

  test('that is none removes nothing', async () => {
    const { change, reading, removed } = await open();
    const done = change('1');
    (await reading(1)).answer();
    await done;
    expect(removed).toEqual([]);
  });

  test('of no ids is done at once', async () => {
    const { change, reading, log } = await open();
    const done = change();
    (await reading(1)).answer();
    expect(await done).toEqual({
      refreshed: 0,
      missing: 0,
      token: tokenOf(log.last),
      deferred: false,
      tooFewReplicas: false,
    });
    expect(log.records).toEqual([begin()]);
  });

  test('is counted by who asked and how', async () => {
    const { changes, reading, telemetry } = await open();
    const ask = (change: Omit<Change, 'source'>) => changes.change({ ...change, source: 'webhook' });
    const all = Promise.all([ask({ ids: ['1', '2'], hard: false }), ask({ ids: ['3'], hard: true })]);
    (await reading(1)).answer();
    await all;
    const counted = (await telemetry.metrics.changes.get()).values.map(({ labels, value }) => [labels.kind, value]);
    expect(counted).toEqual([
      ['refresh', 2],
      ['purge', 1],
    ]);
  });
});

describe('P4 one fill › changes at the same time', () => {
  test('one runs, one waits, the rest join the one that waits', async () => {
    const { change, reading, readings } = await open();
    const first = change('1');
    const running = await reading(1);
    const rest = [change('1'), change('2'), change('1', '3')];
    running.answer();
    expect(await first).toMatchObject({ refreshed: 1 });
    const second = await reading(2);
    expect(sorted(second.ids)).toEqual(['1', '2', '3']);
    second.answer();
    expect((await Promise.all(rest)).map(({ refreshed }) => refreshed)).toEqual([1, 1, 2]);
    expect(readings).toHaveLength(2);
  });

  test('nobody is told of a read that was sent before they asked', async () => {
    const { change, reading, log } = await open();
    const first = change('1');
    const running = await reading(1);
    const asked = log.last;
    const later = change('1');
    running.answer();
    await first;
    const second = await reading(2);
    expect(second.asOf.position > asked).toBe(true);
    second.answer();
    await later;
  });

  test('those that ask in one turn run together', async () => {
    const { change, reading, readings } = await open();
    const all = Promise.all([change('1'), change('2'), change('2')]);
    (await reading(1)).answer();
    await all;
    expect(readings.map(({ ids }) => sorted(ids))).toEqual([['1', '2']]);
  });

  test('an id is purged if anyone asked for that, the others are not', async () => {
    const { log, change, purge, reading, removed } = await open();
    const all = Promise.all([change('1', '2'), purge('2', '3'), change('3')]);
    const read = await reading(1);
    expect(sorted(read.ids)).toEqual(['1', '2', '3']);
    read.answer();
    await all;
    expect(removed).toEqual([{ ids: ['2', '3'], floor: read.asOf }]);
    expect(log.records.slice(1)).toEqual([hardChanged(read.asOf.position, '2', '3'), changed(read.asOf.position, '1')]);
  });

  test('one that breaks is told to those who joined it, and does not stop the next', async () => {
    const { follower, telemetry } = await open();
    let broken = true;
    const changes = new Changes(
      {
        name: 'things',
        removeBelow: async () => {},
        readAnew: async (ids) => {
          if (broken) throw new Error('broken');
          return new Map(ids.map((id) => [id, 'refreshed']));
        },
      },
      { follower, telemetry },
    );
    const ask = () => changes.change({ ids: ['1'], hard: false, source: 'tests' });
    const outcomes = await Promise.allSettled([ask(), ask()]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    broken = false;
    expect(await ask()).toMatchObject({ refreshed: 1 });
  });
});

describe('P5 no resurrection › a change over the end of an era', () => {
  test('is done again, as a whole, in the new one', async () => {
    const { log, change, reading } = await open();
    const done = change('1');
    const first = await reading(1);
    log.beginEra('era-b');
    first.answer();
    const second = await reading(2);
    expect(second.asOf.era).toBe(first.asOf.era + 1);
    expect(log.records).toEqual([begin('1')]);
    second.answer();
    expect(await done).toMatchObject({
      refreshed: 1,
      token: tokenOf(log.last, 'era-b'),
      deferred: false,
      tooFewReplicas: false,
    });
    expect(log.records).toEqual([begin('1'), changed(second.asOf.position, '1')]);
  });

  test('is done again for the soft ids too when it ends between the two records', async () => {
    const { log, change, purge, reading } = await open();
    const all = Promise.all([purge('1'), change('2')]);
    const first = await reading(1);
    const hard = log.holdNext('append');
    first.answer();
    await hard.reached;
    log.beginEra('era-b');
    hard.release();
    (await reading(2)).answer();
    await all;
    expect(log.records.map(({ kind, ids }) => [kind, ids])).toEqual([
      ['purged', ['1']], // What stood in the log of the era that is over.
      ['begin', ['1', '2']],
      ['changed', ['1']],
      ['changed', ['2']],
    ]);
  });
});

test('a change that too few replicas have says so', async () => {
  const { log, change, reading } = await open();
  log.hasReplicas = () => false;
  const done = change('1');
  (await reading(1)).answer();
  expect(await done).toMatchObject({ refreshed: 1, deferred: false, tooFewReplicas: true });
});

describe('P7 degrades, never dies › a change while the log is silent', () => {
  test('is read, holds here, and says that the others do not know yet', async () => {
    const { log, follower, change, reading } = await open();
    log.silence();
    const before = follower.stamp();
    const done = change('1');
    const read = await reading(1);
    read.answer();
    expect(await done).toEqual({
      refreshed: 1,
      missing: 0,
      token: tokenOf(read.asOf.position),
      deferred: true,
      tooFewReplicas: false,
    });
    expect(follower.valid('things', '1', before)).toBe(false);
    log.answer();
    await follower.tick();
    expect(log.records).toEqual([changed('own', '1')]);
  });

  test('that falls silent while it reads is deferred as well', async () => {
    const { log, change, reading } = await open();
    const done = change('1');
    const read = await reading(1);
    log.silence();
    read.answer();
    expect(await done).toMatchObject({ refreshed: 1, deferred: true });
  });
});
