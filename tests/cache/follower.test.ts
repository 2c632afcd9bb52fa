import { describe, expect, test } from 'vitest';
import { Deadline } from '../../src/cache/deadline.ts';
import { Follower } from '../../src/cache/follower.ts';
import type { Ids } from '../../src/cache/log.ts';
import { BEGINNING, localAfter, type Position, positionOf, type Token } from '../../src/cache/position.ts';
import { ManualClock } from '../support/clock.ts';
import { begin, changed, reset } from './log-contract.ts';
import { counted } from './namespace-world.ts';
import { horizonMs, listen } from './parts.ts';
import { ScriptedLog } from './scripted-log.ts';

const coherenceMs = 1_000;
const longestWindowMs = 86_400_000;

type Told = { ids: Ids; floor: Token; hard: boolean } | 'era began' | 'forget';

function open({ scope = 'cluster' }: { scope?: 'cluster' | 'process' } = {}) {
  const clock = new ManualClock();
  const log = new ScriptedLog(clock);
  log.scope = scope;
  const { telemetry, logs } = listen();
  const follower = new Follower({ log, clock, random: () => 0.5, telemetry, coherenceMs, horizonMs, longestWindowMs });
  const told: Told[] = [];
  follower.listen('things', {
    changed: (ids, at) => void told.push({ ids, ...at }),
    eraBegan: () => void told.push('era began'),
    forget: () => void told.push('forget'),
  });
  const ready = () => follower.ready(new Deadline(clock, 60_000)) ?? Promise.resolve();
  return { clock, log, follower, told, telemetry, logs, ready };
}

async function openFollowing() {
  const parts = open();
  await parts.follower.tick();
  parts.told.length = 0;
  parts.log.calls.length = 0;
  return parts;
}

/** Lets what is ready run. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

const inEra = (position: Position, era = 'era-a'): Token => ({ era, position });

const soft = (...ids: string[]) => ({ namespace: 'things', ids });
const hard = (...ids: string[]) => ({ namespace: 'things', ids, hard: true });

describe('P6 agreement in time › trust', () => {
  test('there is none before the first look, and there is after it', async () => {
    const { follower, told, logs, log } = open();
    expect(follower.status()).toMatchObject({ status: 'behind', lagMs: 0 });
    await follower.tick();
    expect(follower.status()).toEqual({ status: 'ok', lagMs: 0 });
    expect(follower.era).toBe('era-a');
    expect(told).toEqual(['era began']);
    expect(logs('coherence.era')).toMatchObject([{ level: 30, era: 'era-a', away: false }]);
    expect(log.calls).toEqual(['look']);
  });

  test('lasts COHERENCE_MS and not longer; the lag tells since when', async () => {
    const { clock, follower } = await openFollowing();
    await clock.advance(coherenceMs);
    expect(follower.status()).toEqual({ status: 'ok', lagMs: coherenceMs });
    await clock.advance(1);
    expect(follower.status()).toEqual({ status: 'behind', lagMs: coherenceMs + 1 });
    await follower.tick();
    expect(follower.status()).toEqual({ status: 'ok', lagMs: 0 });
  });

  test('counts from when the look was sent, not from its answer', async () => {
    const { clock, log, follower } = await openFollowing();
    const gate = log.holdNext('look');
    const ticking = follower.tick();
    await clock.advance(300);
    gate.release();
    await ticking;
    expect(follower.status()).toEqual({ status: 'ok', lagMs: 300 });
  });

  test('a wall clock that jumps changes nothing', async () => {
    const { clock, follower } = await openFollowing();
    clock.jump(3_600_000);
    expect(follower.status()).toEqual({ status: 'ok', lagMs: 0 });
  });

  test('those who find none share one look', async () => {
    const { clock, log, ready } = await openFollowing();
    await clock.advance(coherenceMs + 1);
    await Promise.all(Array.from({ length: 50 }, () => ready()));
    expect(log.calls).toEqual(['look']);
  });

  test('nobody waits while there is some', async () => {
    const { clock, follower } = await openFollowing();
    expect(follower.ready(new Deadline(clock, 60_000))).toBeUndefined();
  });

  test('those who wait for a look that hangs are let go by their own deadline', async () => {
    const { clock, log, follower } = await openFollowing();
    await clock.advance(coherenceMs + 1);
    log.holdNext('look');
    const waiting = expect(follower.ready(new Deadline(clock, 500))).rejects.toMatchObject({
      code: 'UPSTREAM_TIMEOUT',
    });
    await clock.advance(500);
    await waiting;
  });

  test('a look that was late for COHERENCE_MS proves nothing: there is another', async () => {
    const { clock, log, ready, follower } = await openFollowing();
    await clock.advance(coherenceMs + 1);
    const gate = log.holdNext('look');
    const waiting = ready();
    await clock.advance(coherenceMs + 1);
    gate.release();
    await waiting;
    expect(log.calls).toEqual(['look', 'look']);
    expect(follower.status()).toEqual({ status: 'ok', lagMs: 0 });
  });

  test('a log that is long is read to its end first', async () => {
    const { log, follower } = open();
    for (let index = 0; index < 5; index++) log.add(changed('own', `${index}`));
    log.pageSize = 2;
    await follower.tick();
    expect(log.calls).toEqual(['look', 'look', 'look']);
    expect(follower.status().status).toBe('ok');
    expect(follower.changedSince('things', { era: 1, position: BEGINNING })).toHaveLength(5);
    expect(follower.stamp().position).toBe(log.last);
  });

  test('there is none while a long log has been read in part', async () => {
    const { log, follower } = open();
    for (let index = 0; index < 3; index++) log.add(changed('own', `${index}`));
    log.pageSize = 2;
    log.holdNext('look').release();
    const second = log.holdNext('look');
    const ticking = follower.tick();
    await second.reached;
    expect(follower.status().status).toBe('behind');
    second.release();
    await ticking;
    expect(follower.status().status).toBe('ok');
  });

  test('a process that shares with nobody needs one look and no more', async () => {
    const { clock, follower } = open({ scope: 'process' });
    expect(follower.status().status).toBe('behind');
    await follower.tick();
    await clock.advance(10 * horizonMs);
    expect(follower.status()).toEqual({ status: 'ok', lagMs: 0 });
  });

  test('a process that shares with nobody is never away: it forgets nothing', async () => {
    const { clock, follower, told, logs } = open({ scope: 'process' });
    await follower.tick();
    await clock.advance(10 * horizonMs);
    await follower.tick();
    expect(told).toEqual(['era began']);
    expect(logs('coherence.era')).toMatchObject([{ level: 20 }]);
  });
});

describe('P8 seen › a process', () => {
  test('counts the eras it has entered, and how long it went without proof', async () => {
    const { clock, log, follower, telemetry } = open();
    const { coherenceEras, coherenceLag } = telemetry.metrics;
    await follower.tick();
    await clock.advance(400);
    await follower.tick();
    log.beginEra('era-b');
    await clock.advance(500);
    await follower.tick();
    expect(await counted(coherenceEras)).toBe(2);
    const { values } = await coherenceLag.get();
    const told = (name: string) => values.find(({ metricName }) => metricName?.endsWith(name))?.value;
    expect([told('_count'), told('_sum')]).toEqual([2, 0.9]);
  });

  test('that shares with nobody has nothing to prove', async () => {
    const { clock, follower, telemetry } = open({ scope: 'process' });
    await follower.tick();
    await clock.advance(400);
    await follower.tick();
    const { values } = await telemetry.metrics.coherenceLag.get();
    expect(values.find(({ metricName }) => metricName?.endsWith('_count'))?.value ?? 0).toBe(0);
  });
});

describe('P5 no resurrection › records', () => {
  test('raise floors in order and in one turn', async () => {
    const { log, follower, told } = await openFollowing();
    let turns = 0;
    const seenInTurn: number[] = [];
    follower.listen('things', {
      changed: (ids, at) => {
        if (seenInTurn.length === 0) queueMicrotask(() => turns++);
        seenInTurn.push(turns);
        told.push({ ids, ...at });
      },
      eraBegan() {},
      forget() {},
    });
    const first = log.add(changed('own', '1'));
    const begun = log.add(begin('2'));
    log.add(changed(begun, '2'));
    log.add({ ...changed('own', '3'), hard: true } as never);
    await follower.tick();
    expect(told).toEqual([
      { ids: ['1'], floor: inEra(first), hard: false },
      { ids: ['2'], floor: inEra(begun), hard: false },
      { ids: ['3'], floor: inEra(log.last), hard: true },
    ]);
    expect(seenInTurn).toEqual([0, 0, 0]);
    expect(follower.stamp().position).toBe(log.last);
  });

  test('are told once', async () => {
    const { log, follower, told } = await openFollowing();
    log.add(changed('own', '1'));
    log.add(reset('own'));
    await follower.tick();
    await follower.tick();
    expect(told.filter((one) => typeof one === 'object' && one.ids !== '*')).toHaveLength(1);
    expect(told.filter((one) => typeof one === 'object' && one.ids === '*')).not.toHaveLength(0);
    const before = told.length;
    await follower.tick();
    expect(told).toHaveLength(before);
  });

  test('a thing is valid at its floor and above, and not below', async () => {
    const { log, follower } = await openFollowing();
    const [below, floor] = [log.add(begin('1')), log.add(begin('1'))];
    log.add(changed(floor, '1'));
    await follower.tick();
    const valid = (position: Position, id = '1') => follower.valid('things', id, follower.stampOf(position));
    expect([valid(below), valid(localAfter(below)), valid(floor), valid(log.last)]).toEqual([false, false, true, true]);
    expect(valid(BEGINNING, 'another')).toBe(true);
    expect(follower.valid('others', '1', follower.stampOf(below))).toBe(true);
  });

  test('a floor never falls, whichever change ends last', async () => {
    const { log, follower } = await openFollowing();
    const [low, high] = [log.add(begin('1')), log.add(begin('1'))];
    log.add(changed(high, '1'));
    log.add(changed(low, '1'));
    await follower.tick();
    expect(follower.valid('things', '1', follower.stampOf(low))).toBe(false);
  });

  test('a reset is the floor of every id, and of the whole', async () => {
    const { log, follower } = await openFollowing();
    const [below, floor] = [log.add(begin()), log.add(begin())];
    log.add(reset(floor));
    await follower.tick();
    expect(follower.generation('things')).toBe(floor);
    expect(follower.valid('things', 'any', follower.stampOf(below))).toBe(false);
    expect(follower.validAsWhole('things', follower.stampOf(below))).toBe(false);
    expect(follower.validAsWhole('things', follower.stampOf(floor))).toBe(true);
  });

  test('a change of ids leaves the whole valid, which asks for the ids', async () => {
    const { log, follower } = await openFollowing();
    const drained = follower.stamp();
    log.add(changed('own', '1'));
    await follower.tick();
    expect(follower.validAsWhole('things', drained)).toBe(true);
    expect(follower.changedSince('things', drained)).toEqual(['1']);
    expect(follower.changedSince('things', follower.stamp())).toEqual([]);
  });

  test('a reset whose record was trimmed is known all the same', async () => {
    const { log, follower, told } = await openFollowing();
    const held = follower.stamp();
    const floor = log.add(reset('own'));
    log.trim();
    await follower.tick();
    expect(follower.validAsWhole('things', held)).toBe(false);
    expect(told).toEqual([{ ids: '*', floor: inEra(floor), hard: false }]);
  });

  test('floors are forgotten after two horizons, the young ones kept', async () => {
    const { clock, log, follower } = open();
    for (const id of ['busy', 'quiet', 'busy']) log.add(changed('own', id));
    await follower.tick();
    await clock.advance(2 * horizonMs + 1);
    log.add(changed('own', 'busy'));
    await follower.tick();
    await follower.tick();
    expect(follower.changedSince('things', { era: 1, position: BEGINNING })).toEqual(['busy']);
  });

  test('purges are forgotten once nothing they refuse could be served any more', async () => {
    const { clock, follower } = await openFollowing();
    const before = follower.stamp();
    await follower.announce(hard('1'), await follower.begin('things', ['1']));
    await clock.advance(2 * horizonMs + longestWindowMs);
    await follower.tick();
    await follower.tick();
    expect(follower.purged('things', '1', before)).toBe(true);
    await clock.advance(2);
    await follower.tick();
    expect(follower.purged('things', '1', before)).toBe(false);
  });
});

describe('P5 no resurrection › eras', () => {
  test('what was read in an era that is over is not valid', async () => {
    const { log, follower, told, logs } = await openFollowing();
    const held = follower.stamp();
    expect(follower.valid('things', '1', held)).toBe(true);
    log.beginEra('era-b');
    await follower.tick();
    expect(follower.valid('things', '1', held)).toBe(false);
    expect(follower.validAsWhole('things', held)).toBe(false);
    expect(follower.valid('things', '1', follower.stamp())).toBe(true);
    expect(told).toEqual(['era began']);
    expect(logs('coherence.era').at(-1)).toMatchObject({ level: 40, era: 'era-b', away: false });
  });

  test('an era whose clock is behind begins at its own positions', async () => {
    const { log, follower } = await openFollowing();
    log.add(changed('own', '1'));
    await follower.tick();
    log.beginEra('era-b', { aheadMs: -3_000 });
    await follower.tick();
    const read = follower.stamp();
    expect(read.position).toBe(log.last);
    log.add(changed('own', '1'));
    await follower.tick();
    expect(follower.valid('things', '1', read)).toBe(false);
  });

  test('what was purged stays purged over eras; what is read later is not', async () => {
    const { log, follower } = await openFollowing();
    const before = follower.stamp();
    const begun = await follower.begin('things', ['1']);
    await follower.announce(hard('1'), begun);
    expect(follower.purged('things', '1', before)).toBe(true);
    expect(follower.purged('things', '1', begun.stamp)).toBe(false);
    expect(follower.purged('things', '2', before)).toBe(false);
    log.beginEra('era-b', { aheadMs: -3_000 });
    await follower.tick();
    expect(follower.purged('things', '1', before)).toBe(true);
    expect(follower.purged('things', '1', follower.stamp())).toBe(false);
    expect(follower.purgedAsWhole('things', before)).toBe(false);
  });

  test('a purge of the whole stays over eras too', async () => {
    const { log, follower } = await openFollowing();
    const before = follower.stamp();
    log.add({ ...reset('own'), hard: true } as never);
    await follower.tick();
    log.beginEra('era-b', { aheadMs: -3_000 });
    await follower.tick();
    expect(follower.purgedAsWhole('things', before)).toBe(true);
    expect(follower.purged('things', 'any', before)).toBe(true);
    expect(follower.purgedAsWhole('things', follower.stamp())).toBe(false);
  });

  test('a soft change is not a purge', async () => {
    const { log, follower } = await openFollowing();
    const before = follower.stamp();
    log.add(changed('own', '1'));
    await follower.tick();
    expect(follower.valid('things', '1', before)).toBe(false);
    expect(follower.purged('things', '1', before)).toBe(false);
  });
});

describe('P5 no resurrection › a purge whose log is lost', () => {
  const purge = async ({ follower }: { follower: Follower }, ids: Ids) => {
    const announced = await follower.announce(
      { namespace: 'things', ids, hard: true },
      await follower.begin('things', ids),
    );
    return (announced as { token: Token }).token;
  };
  const purged = (ids: Ids, at: Token) => ({ kind: 'purged', namespace: 'things', ids, at }) as const;

  test('is told again in the next era by whoever made it, before anything in it is trusted', async () => {
    const parts = await openFollowing();
    const { log, follower, ready } = parts;
    const { position } = (await follower.begin('things', ['1', '2'])).stamp;
    await follower.announce(hard('1', '2'), { stamp: { era: 1, position }, local: false });
    await follower.announce(soft('4'), await follower.begin('things', ['4']));
    log.beginEra('era-b');
    const append = log.holdNext('append');
    const ticking = follower.tick();
    await append.reached;
    expect(follower.status().status).toBe('behind');
    append.release();
    await ticking;
    expect(log.records).toEqual([purged(['1', '2'], inEra(position))]);
    await ready();
    expect(follower.status().status).toBe('ok');
  });

  test('is told again in every era that follows, each as of its own', async () => {
    const parts = await openFollowing();
    const { log, follower } = parts;
    const told = [];
    for (const ids of ['*', ['1'], ['1']] as const) {
      const { position } = (await follower.begin('things', ids)).stamp;
      await follower.announce({ namespace: 'things', ids, hard: true }, { stamp: { era: 1, position }, local: false });
      told.push(purged(ids, inEra(position)));
    }
    for (const era of ['era-b', 'era-c']) {
      log.beginEra(era);
      await follower.tick();
      expect(log.records).toEqual(told);
    }
  });

  test('is told again once, though the era that it is told in ends as well', async () => {
    const parts = await openFollowing();
    const { log, follower } = parts;
    await purge(parts, ['1']);
    log.beginEra('era-b');
    const append = log.holdNext('append');
    const ticking = follower.tick();
    await append.reached;
    log.beginEra('era-c');
    append.release();
    await ticking;
    expect(log.records).toMatchObject([{ kind: 'purged', ids: ['1'], at: { era: 'era-a' } }]);
  });

  test('is told again though the log was silent when it was made', async () => {
    const parts = await openFollowing();
    const { log, follower } = parts;
    log.silence();
    await purge(parts, ['1']);
    log.answer();
    await follower.tick();
    const position = log.last;
    log.beginEra('era-b');
    await follower.tick();
    expect(log.records).toEqual([purged(['1'], inEra(position))]);
  });

  test('is told again though its era ends before it is acknowledged', async () => {
    const { log, follower } = await openFollowing();
    const begun = await follower.begin('things', ['1']);
    const append = log.holdNext('append');
    const announcing = follower.announce(hard('1'), begun);
    await append.reached;
    log.beginEra('era-b');
    append.release();
    expect(await announcing).toEqual({ state: 'overtaken' });
    expect(log.records).toEqual([purged(['1'], inEra(begun.stamp.position))]);
  });

  test.each([
    [0, 1],
    [1, 0],
  ])('is told again for as long as the log reaches back: %i ms longer', async (ms, records) => {
    const parts = await openFollowing();
    const { clock, log, follower } = parts;
    await purge(parts, ['1']);
    for (const share of [0.4, 0.4]) {
      await clock.advance(share * horizonMs);
      await follower.tick(); // It is not away itself.
    }
    await clock.advance(0.2 * horizonMs + ms);
    log.beginEra('era-b');
    await follower.tick();
    expect(log.records).toHaveLength(records);
  });

  test('is not told again by a process that shares nothing', async () => {
    const parts = open({ scope: 'process' });
    await parts.follower.tick();
    await purge(parts, ['1']);
    parts.log.beginEra('era-b');
    await parts.follower.tick();
    expect(parts.log.records).toEqual([]);
  });

  test('holds at once for what was read before it, and for nothing that was read since', async () => {
    const { log, follower, told } = await openFollowing();
    log.add(begin('1'));
    await follower.tick();
    const before = follower.stamp();
    const { position } = (await follower.begin('things', ['1'])).stamp;
    await follower.tick();
    const since = follower.stamp();
    log.beginEra('era-b', { aheadMs: -3_000 });
    await follower.tick();
    const inNextEra = follower.stamp();
    told.length = 0;
    log.add(purged(['1'], inEra(position)));
    await follower.tick();
    expect(told).toEqual([{ ids: ['1'], floor: inEra(position), hard: true }]);
    expect([before, since, inNextEra].map((stamp) => follower.purged('things', '1', stamp))).toEqual([
      true,
      false,
      false,
    ]);
    expect(follower.purged('things', '2', before)).toBe(false);
    expect(follower.valid('things', '1', inNextEra)).toBe(true);
    expect(follower.validAsWhole('things', inNextEra)).toBe(true);
  });

  test('holds for all of a namespace', async () => {
    const { log, follower } = await openFollowing();
    const before = follower.stamp();
    log.beginEra('era-b');
    await follower.tick();
    log.add(purged('*', inEra(positionOf(1e14, 0))));
    await follower.tick();
    expect(follower.purgedAsWhole('things', before)).toBe(true);
    expect(follower.purgedAsWhole('things', follower.stamp())).toBe(false);
    expect(follower.validAsWhole('things', follower.stamp())).toBe(true);
  });

  test('of an era that this process was never in holds for all that was read before the present one', async () => {
    const { clock, log, follower } = await openFollowing();
    const before = follower.stamp();
    log.beginEra('era-b');
    await follower.tick();
    await follower.begin('things', ['2']);
    const inNextEra = follower.stamp();
    log.add(purged(['1'], inEra(BEGINNING, 'era-x')));
    await follower.tick();
    const after = follower.stamp();
    expect([before, inNextEra, after].map((stamp) => follower.purged('things', '1', stamp))).toEqual([
      true,
      false,
      false,
    ]);
    await clock.advance(100);
    await follower.tick();
    expect(follower.purged('things', '1', before)).toBe(true);
  });

  test.each([
    [99, false],
    [100, true],
  ])('of an era that was left %i eras ago holds as of one that it was never in: %s', async (eras, isPurged) => {
    const { log, follower } = await openFollowing();
    const { position } = (await follower.begin('things', ['1'])).stamp;
    const enter = async (era: string) => {
      log.beginEra(era);
      await follower.tick();
      return follower.stamp();
    };
    const inNextEra = await enter('era-1');
    for (let era = 2; era <= eras; era++) await enter(`era-${era}`);
    log.add(purged(['1'], inEra(position)));
    await follower.tick();
    expect(follower.purged('things', '1', inNextEra)).toBe(isPurged);
  });
});

describe('P5 no resurrection › what is purged', () => {
  test('is not valid either, though the word of it is of the present era: this process was away', async () => {
    const { log, follower } = await openFollowing();
    const before = follower.stamp();
    const position = log.add(begin('1'));
    for (const [at, ids] of [
      [inEra(position), ['1']],
      [inEra(position), '*'],
    ] as const) {
      log.add({ kind: 'purged', namespace: 'things', ids, at });
      await follower.tick();
      expect(follower.purged('things', '1', before)).toBe(true);
      expect(follower.valid('things', '1', before)).toBe(false);
      expect(follower.valid('things', '1', follower.stamp())).toBe(true);
    }
    expect(follower.validAsWhole('things', before)).toBe(false);
  });
});

describe('P5 no resurrection › a change', () => {
  test('begins at a position that reads may claim, and is known here when it is announced', async () => {
    const { log, follower } = await openFollowing();
    const before = follower.stamp();
    const begun = await follower.begin('things', ['1']);
    expect(begun).toEqual({ stamp: { era: before.era, position: log.last }, local: false });
    const announced = await follower.announce(soft('1'), begun);
    expect(announced).toEqual({ state: 'known', token: { era: 'era-a', position: log.last } });
    expect(follower.valid('things', '1', before)).toBe(false);
    expect(follower.valid('things', '1', begun.stamp)).toBe(true);
    expect(log.records).toEqual([begin('1'), changed(begun.stamp.position, '1')]);
    expect(log.calls).toEqual(['append', 'append', 'look']);
  });

  test('is known only after a look that began after its append', async () => {
    const { log, follower } = await openFollowing();
    const begun = await follower.begin('things', ['1']);
    const early = log.holdNext('look');
    const ticking = follower.tick();
    await early.reached;
    let known = false;
    const announcing = follower.announce(soft('1'), begun).then(() => {
      known = true;
    });
    await settle();
    expect(log.records).toHaveLength(2);
    const late = log.holdNext('look');
    early.release();
    await ticking;
    await late.reached;
    expect(known).toBe(false);
    late.release();
    await announcing;
  });

  test('that too few replicas have is known, and says so', async () => {
    const { follower, log } = await openFollowing();
    log.hasReplicas = () => false;
    const begun = await follower.begin('things', ['1']);
    const told = await follower.announce(soft('1'), begun);
    expect(told).toEqual({ state: 'unreplicated', token: { era: 'era-a', position: log.last } });
    expect(follower.valid('things', '1', { ...begun.stamp, position: BEGINNING })).toBe(false);
    expect(follower.degraded).toBe(false);
  });

  test('is all to be done again when the replicas that have it are those of another server', async () => {
    const { follower, log } = await openFollowing();
    log.hasReplicas = () => {
      log.beginEra('era-b');
      return true;
    };
    const begun = await follower.begin('things', ['1']);
    expect(await follower.announce(soft('1'), begun)).toEqual({ state: 'overtaken' });
  });

  test('is all to be done again when the era ends before it is announced', async () => {
    const { log, follower } = await openFollowing();
    const begun = await follower.begin('things', ['1']);
    log.beginEra('era-b');
    expect(await follower.announce(soft('1'), begun)).toEqual({ state: 'overtaken' });
    expect(log.records).toEqual([]);
  });

  test('leaves no floor of an era that is over in the log of the next, whose clock may be behind', async () => {
    const { log, follower } = await openFollowing();
    const begun = await follower.begin('things', ['1']);
    log.silence();
    await follower.tick();
    log.answer();
    log.beginEra('era-b', { aheadMs: -3_000 });
    // It looks before it appends, having been cut off, and so learns of the era.
    expect(await follower.announce(soft('1'), begun)).toEqual({ state: 'overtaken' });
    expect(log.records).toEqual([]);
    expect(follower.valid('things', '1', follower.stamp())).toBe(true);
  });

  test('is all to be done again when the era ends between its append and the look', async () => {
    const { log, follower } = await openFollowing();
    const begun = await follower.begin('things', ['1']);
    const append = log.holdNext('append');
    const announcing = follower.announce(soft('1'), begun);
    await append.reached;
    log.beginEra('era-b');
    append.release();
    expect(await announcing).toEqual({ state: 'overtaken' });
  });

  test('is all to be done again when this process already knows that the era is over', async () => {
    const { log, follower } = await openFollowing();
    const begun = await follower.begin('things', ['1']);
    log.beginEra('era-b');
    await follower.tick();
    log.calls.length = 0;
    expect(await follower.announce(soft('1'), begun)).toEqual({ state: 'overtaken' });
    expect(log.calls).toEqual([]);
  });

  test('is kept when the log falls silent between its append and the look, and holds here at once', async () => {
    const { log, follower } = await openFollowing();
    const before = follower.stamp();
    const begun = await follower.begin('things', ['1']);
    const append = log.holdNext('append');
    const announcing = follower.announce(soft('1'), begun);
    await append.reached;
    log.silence();
    append.release();
    expect(await announcing).toEqual({ state: 'kept', token: inEra(begun.stamp.position) });
    expect(follower.valid('things', '1', before)).toBe(false);
    log.answer();
    await follower.tick();
    expect(log.records).toEqual([begin('1'), changed(begun.stamp.position, '1'), changed('own', '1')]);
  });

  test('begins locally when the era is over and the log falls silent before it tells of the next', async () => {
    const { log, follower } = await openFollowing();
    const append = log.delayNext('begin');
    const beginning = follower.begin('things', ['1']);
    await append.reached;
    log.beginEra('era-b');
    log.silence();
    append.release();
    expect(await beginning).toEqual({ stamp: follower.stamp(), local: true });
    expect(follower.era).toBe('era-a');
  });

  test('begins in the new era when the old one ends before its append is answered', async () => {
    const { log, follower } = await openFollowing();
    const append = log.holdNext('append');
    const beginning = follower.begin('things', ['1']);
    await append.reached;
    log.beginEra('era-b');
    await follower.tick();
    append.release();
    expect(await beginning).toEqual({ stamp: { era: 2, position: log.last }, local: false });
    expect(log.records).toEqual([begin('1')]);
  });

  test('begins in the new era when the old one is over', async () => {
    const { log, follower } = await openFollowing();
    log.beginEra('era-b');
    const begun = await follower.begin('things', ['1']);
    expect(begun).toEqual({ stamp: { era: 2, position: log.last }, local: false });
    expect(log.records).toEqual([begin('1')]);
  });
});

describe('read-your-writes › a position that some process acknowledged', () => {
  const tokenOf = (position: Position, era = 'era-a') => ({ era, position });

  test('is reached at once by a process that has applied it, or more', async () => {
    const { clock, log, follower } = await openFollowing();
    const earlier = log.last;
    log.add(begin('1'));
    await follower.tick();
    log.calls.length = 0;
    for (const position of [earlier, log.last]) await follower.reached(tokenOf(position), new Deadline(clock, 1));
    expect(log.calls).toEqual([]);
  });

  test('is reached with a look by a process that has not applied it yet', async () => {
    const { clock, log, follower } = await openFollowing();
    const held = follower.stamp();
    const position = log.add(changed('own', '1'));
    await follower.reached(tokenOf(position), new Deadline(clock, 1));
    expect(follower.valid('things', '1', held)).toBe(false);
    expect(log.calls).toEqual(['look']);
  });

  test('is not reached by a look that was sent before', async () => {
    const { clock, log, follower } = await openFollowing();
    const gate = log.holdNext('look');
    const ticking = follower.tick();
    await gate.reached;
    const position = log.add(changed('own', '1'));
    const reaching = follower.reached(tokenOf(position), new Deadline(clock, 60_000));
    gate.release();
    await Promise.all([ticking, reaching]);
    expect(log.calls).toEqual(['look', 'look']);
    expect(follower.stamp().position).toBe(position);
  });

  test('is waited for until it is there, a look every COHERENCE_MS / 2.5', async () => {
    const { clock, log, follower } = await openFollowing();
    const [ms = ''] = log.last.split('-');
    const coming = tokenOf(positionOf(Number(ms) + 900, 0));
    const reaching = follower.reached(coming, new Deadline(clock, 60_000));
    await settle();
    await clock.advance(900);
    expect(log.calls).toEqual(['look', 'look', 'look']);
    log.add(begin('1'));
    await clock.advance(300);
    await reaching;
    expect(log.calls).toHaveLength(4);
  });

  test('is waited for no longer than the request may', async () => {
    const { clock, log, follower } = await openFollowing();
    const coming = tokenOf(positionOf(9_999_999_999_999, 0));
    const reaching = expect(follower.reached(coming, new Deadline(clock, 500))).rejects.toThrow(
      'not answered within 500 ms',
    );
    await settle();
    await clock.advance(500);
    await reaching;
    expect(log.calls.length).toBeGreaterThan(0);
  });

  test('of an era that is over is reached once this process knows that it is: all is read anew there', async () => {
    const { clock, log, follower } = await openFollowing();
    const position = positionOf(9_999_999_999_999, 0);
    log.beginEra('era-b');
    await follower.reached(tokenOf(position), new Deadline(clock, 1));
    expect(follower.era).toBe('era-b');
  });

  test('of an era that this process does not know yet is reached when it has come to it', async () => {
    const { clock, log, follower } = await openFollowing();
    log.beginEra('era-b');
    const position = log.add(changed('own', '1'));
    await follower.reached(tokenOf(position, 'era-b'), new Deadline(clock, 1));
    expect(follower.stamp()).toEqual({ era: 2, position });
  });

  test('of an era that this process does not know yet is not reached before, though its clock is behind', async () => {
    const { clock, log, follower } = await openFollowing();
    log.add(begin('1'));
    await follower.tick();
    log.beginEra('era-b', { aheadMs: -3_000 });
    const position = log.add(changed('own', '1'));
    await follower.reached(tokenOf(position, 'era-b'), new Deadline(clock, 1));
    expect(follower.stamp()).toEqual({ era: 2, position });
  });

  test('is not reached while the log is silent: nobody can tell', async () => {
    const { clock, log, follower } = await openFollowing();
    const { position } = follower.stamp();
    log.silence();
    await follower.tick();
    let isOver = false;
    const reaching = Promise.all(
      [tokenOf(position), tokenOf(position, 'era-z')].map((token) =>
        follower.reached(token, new Deadline(clock, 60_000)),
      ),
    ).then(() => {
      isOver = true;
    });
    await settle();
    await clock.advance(1_000);
    expect(isOver).toBe(false);
    log.answer();
    await clock.advance(1_000);
    await reaching;
  });
});

describe('P7 degrades, never dies › while the log is silent', () => {
  test('age limits alone hold: nobody waits, and it is said once', async () => {
    const { clock, log, follower, logs, ready } = await openFollowing();
    log.silence();
    await clock.advance(coherenceMs + 1);
    await ready();
    await follower.tick();
    await clock.advance(5_000);
    expect(follower.degraded).toBe(true);
    expect(follower.status()).toEqual({ status: 'degraded', lagMs: coherenceMs + 5_001 });
    expect(follower.ready(new Deadline(clock, 1))).toBeUndefined();
    await follower.tick();
    expect(logs('coherence.degraded')).toMatchObject([{ level: 40, err: { message: 'silent' } }]);
  });

  test('when it answers again, trust is back with the first look', async () => {
    const { log, follower, logs, told } = await openFollowing();
    const held = follower.stamp();
    log.silence();
    await follower.tick();
    log.answer();
    log.add(changed('own', '1'));
    await follower.tick();
    expect(follower.status()).toEqual({ status: 'ok', lagMs: 0 });
    expect(follower.degraded).toBe(false);
    expect(follower.valid('things', '1', held)).toBe(false);
    expect(follower.valid('things', '2', held)).toBe(true);
    expect(logs('coherence.recovered')).toHaveLength(1);
    expect(told).not.toContain('forget');
  });

  test('changes are counted on locally from the highest position seen in anything', async () => {
    const { log, follower } = await openFollowing();
    const appended = await follower.begin('things', ['1']);
    const ofValue = `${appended.stamp.position.slice(0, -1)}9`;
    follower.stampOf(ofValue);
    log.silence();
    const first = await follower.begin('things', ['1']);
    const second = await follower.begin('things', ['2']);
    expect(first).toEqual({ stamp: { era: 1, position: localAfter(ofValue) }, local: true });
    expect(second.stamp.position).toBe(localAfter(first.stamp.position));
    expect(follower.stamp()).toEqual(second.stamp);
  });

  test('a change is kept, and holds here at once', async () => {
    const { log, follower, told } = await openFollowing();
    log.silence();
    const before = follower.stamp();
    const begun = await follower.begin('things', ['1']);
    expect(await follower.announce(hard('1'), begun)).toEqual({
      state: 'kept',
      token: { era: 'era-a', position: begun.stamp.position },
    });
    expect(follower.valid('things', '1', before)).toBe(false);
    expect(follower.valid('things', '1', begun.stamp)).toBe(true);
    expect(follower.purged('things', '1', before)).toBe(true);
    expect(told).toEqual([{ ids: ['1'], floor: inEra(begun.stamp.position), hard: true }]);
  });

  test('a change waits for the log once, not at each step', async () => {
    const { log, follower } = await openFollowing();
    log.silence();
    await follower.tick();
    log.calls.length = 0;
    await follower.begin('things', ['1']);
    expect(log.calls).toEqual(['look']);
  });

  test('a change whose announcement is not answered is kept, and reads sent from then on count', async () => {
    const { log, follower } = await openFollowing();
    const before = follower.stamp();
    const begun = await follower.begin('things', ['1']);
    log.silence();
    log.calls.length = 0;
    let areReplicasAsked = false;
    log.hasReplicas = () => {
      areReplicasAsked = true;
      return true;
    };
    expect(await follower.announce(soft('1'), begun)).toEqual({
      state: 'kept',
      token: { era: 'era-a', position: begun.stamp.position },
    });
    expect([log.calls, areReplicasAsked]).toEqual([['append'], false]);
    expect(follower.valid('things', '1', before)).toBe(false);
    expect(follower.valid('things', '1', follower.stamp())).toBe(true);
    log.answer();
    await follower.tick();
    expect(log.records).toEqual([begin('1'), changed('own', '1')]);
  });

  test('what was kept is appended and read past before the store is used again', async () => {
    const { log, follower } = await openFollowing();
    log.silence();
    for (const change of [soft('1'), hard('2')]) {
      await follower.announce(change, await follower.begin('things', change.ids));
    }
    const inTheMeantime = follower.stamp();
    log.answer();
    log.calls.length = 0;
    log.holdNext('look').release();
    const last = log.holdNext('look');
    const ticking = follower.tick();
    await last.reached;
    expect(log.calls).toEqual(['look', 'append', 'append', 'look']);
    expect(log.records).toEqual([changed('own', '1'), { ...changed('own', '2'), hard: true }]);
    expect(follower.degraded).toBe(true);
    last.release();
    await ticking;
    expect(follower.status().status).toBe('ok');
    // Others may have read the old row in between: the record is a floor of its own, here too.
    expect(follower.valid('things', '1', inTheMeantime)).toBe(false);
    expect(follower.stamp().position).toBe(log.last);
  });

  test('what was kept goes into the present era, whichever it is', async () => {
    const { log, follower } = await openFollowing();
    log.silence();
    await follower.announce(soft('1'), await follower.begin('things', ['1']));
    log.answer();
    log.beginEra('era-b', { aheadMs: -3_000 });
    const append = log.holdNext('append');
    const ticking = follower.tick();
    await append.reached;
    append.release();
    await ticking;
    expect(follower.era).toBe('era-b');
    expect(log.records).toEqual([changed('own', '1')]);
    expect(follower.status().status).toBe('ok');
  });

  test('what was kept is not lost when the era ends or the log falls silent while it is appended', async () => {
    const { log, follower } = await openFollowing();
    log.silence();
    await follower.announce(soft('1'), await follower.begin('things', ['1']));
    log.answer();
    const append = log.holdNext('look');
    const ticking = follower.tick();
    await append.reached;
    log.beginEra('era-b');
    append.release();
    await ticking;
    expect(log.records).toEqual([changed('own', '1')]);
    expect(follower).toMatchObject({ era: 'era-b', degraded: false });

    log.silence();
    await follower.announce(soft('2'), await follower.begin('things', ['2']));
    log.answer();
    const look = log.holdNext('look');
    const again = follower.tick();
    await look.reached;
    log.silence();
    look.release();
    await again;
    expect(follower.degraded).toBe(true);
    log.answer();
    await follower.tick();
    expect(log.records).toEqual([changed('own', '1'), changed('own', '2')]);
  });

  test('what was kept is not lost with an era that ends just after it was appended', async () => {
    const { log, follower } = await openFollowing();
    log.silence();
    for (const change of [hard('1'), soft('2')]) {
      await follower.announce(change, await follower.begin('things', change.ids));
    }
    log.answer();
    log.holdNext('append').release();
    const last = log.holdNext('append');
    const ticking = follower.tick();
    await last.reached;
    log.beginEra('era-b');
    last.release();
    await ticking;
    expect(log.records).toEqual([{ ...changed('own', '1'), hard: true }, changed('own', '2')]);
    expect(follower).toMatchObject({ era: 'era-b', degraded: false });
  });

  test('what was kept is not lost when the log falls silent just after it was appended', async () => {
    const { log, follower } = await openFollowing();
    log.silence();
    await follower.announce(hard('1'), await follower.begin('things', ['1']));
    log.answer();
    const append = log.holdNext('append');
    const ticking = follower.tick();
    await append.reached;
    log.silence();
    append.release();
    await ticking;
    expect(follower.degraded).toBe(true);
    log.answer();
    log.beginEra('era-b');
    await follower.tick();
    expect(log.records).toEqual([{ ...changed('own', '1'), hard: true }]);
    expect(follower.status().status).toBe('ok');
  });

  test('what comes to be kept while the rest is told is told too', async () => {
    const { log, follower } = await openFollowing();
    log.silence();
    await follower.announce(soft('1'), await follower.begin('things', ['1']));
    const begun = await follower.begin('things', ['2']);
    log.answer();
    log.holdNext('look').release();
    const last = log.holdNext('look');
    const ticking = follower.tick();
    await last.reached;
    await follower.announce(soft('2'), begun);
    last.release();
    await ticking;
    expect(log.records).toEqual([changed('own', '1'), changed('own', '2')]);
    expect(follower.status().status).toBe('ok');
  });

  test('a change that began in it and ends after it is kept until the next look, and nothing is trusted so long', async () => {
    const { log, follower, ready, logs } = await openFollowing();
    log.silence();
    const begun = await follower.begin('things', ['1']);
    log.answer();
    await follower.tick();
    expect(follower.status().status).toBe('ok');
    expect(await follower.announce(soft('1'), begun)).toMatchObject({ state: 'kept' });
    expect(follower.status().status).toBe('behind');
    await ready();
    expect(log.records).toEqual([changed('own', '1')]);
    expect(follower.status().status).toBe('ok');
    expect(logs('coherence.recovered')).toHaveLength(1);
  });

  test.each([
    ['the log', (log: ScriptedLog) => void log.add(changed('own', '2'))],
    ['a value of the store', (_: ScriptedLog, follower: Follower) => void follower.stampOf(positionOf(1e14, 0))],
  ])('a change that began in it is all to be done again when more has been seen since: in %s', async (_, see) => {
    const { log, follower } = await openFollowing();
    log.silence();
    const begun = await follower.begin('things', ['1']);
    await follower.begin('things', ['3']); // Which is of this process alone, and counts for nothing.
    expect(await follower.announce(soft('1'), begun)).toMatchObject({ state: 'kept' });
    log.answer();
    see(log, follower);
    await follower.tick();
    expect(await follower.announce(soft('1'), begun)).toEqual({ state: 'overtaken' });
  });

  test('a change that began in it is all to be done again when another era has begun since', async () => {
    const { log, follower } = await openFollowing();
    await follower.begin('things', ['1']);
    log.silence();
    const begun = await follower.begin('things', ['1']);
    log.answer();
    log.beginEra('era-b', { aheadMs: -3_000 });
    await follower.tick();
    expect(await follower.announce(soft('1'), begun)).toEqual({ state: 'overtaken' });
    expect(follower.stamp().position).toBe(log.last);
  });

  test('what was read in an era whose clock is behind never claims to know later changes', async () => {
    const { log, follower } = await openFollowing();
    await follower.begin('things', ['1']);
    log.beginEra('era-b', { aheadMs: -3_000 });
    await follower.tick();
    log.silence();
    await follower.announce(soft('1'), await follower.begin('things', ['1']));
    const readMeanwhile = follower.stamp();
    log.answer();
    await follower.tick();
    const readAfter = follower.stamp();
    expect(readAfter.position).toBe(log.last);
    log.add(changed('own', '2'));
    await follower.tick();
    expect(follower.valid('things', '2', readMeanwhile)).toBe(false);
    expect(follower.valid('things', '2', readAfter)).toBe(false);
  });
});

describe('P7 degrades, never dies › a start without the log', () => {
  test('is degraded, in an era of its own, and changes hold here', async () => {
    const { log, follower, told } = open();
    log.silence();
    await follower.tick();
    expect(follower.degraded).toBe(true);
    expect(follower.era).toMatch(/^local-/);
    const read = follower.stamp();
    expect(follower.valid('things', '1', read)).toBe(true);
    const begun = await follower.begin('things', ['1']);
    expect(await follower.announce(soft('1'), begun)).toMatchObject({ state: 'kept' });
    expect(follower.valid('things', '1', read)).toBe(false);
    expect(follower.valid('things', '1', begun.stamp)).toBe(true);
    expect(told).toHaveLength(1);
  });

  test('once the log answers: its era begins, what was kept is told, what was read serves for errors at most', async () => {
    const { log, follower, told } = open();
    log.silence();
    await follower.tick();
    await follower.announce(soft('1'), await follower.begin('things', ['1']));
    const read = follower.stamp();
    log.answer();
    told.length = 0;
    await follower.tick();
    expect(follower.status()).toEqual({ status: 'ok', lagMs: 0 });
    expect(follower.era).toBe('era-a');
    expect(log.records).toEqual([changed('own', '1')]);
    expect(told[0]).toBe('era began');
    expect(told).not.toContain('forget');
    expect(follower.valid('things', '2', read)).toBe(false);
    expect(follower.purged('things', '2', read)).toBe(false);
  });
});

describe('P6 agreement in time › a process that was away', () => {
  test('for less than half the horizon goes on where it was', async () => {
    const { clock, log, follower, told } = await openFollowing();
    const held = follower.stamp();
    await clock.advance(horizonMs / 2);
    log.add(changed('own', '1'));
    await follower.tick();
    expect(told).toHaveLength(1);
    expect(follower.valid('things', '2', held)).toBe(true);
  });

  test('for longer forgets everything, once, though the era is the same', async () => {
    const { clock, log, follower, told, logs } = await openFollowing();
    const held = follower.stamp();
    log.add(changed('own', '1'));
    await clock.advance(horizonMs / 2 + 1);
    await follower.tick();
    expect(told[0]).toBe('forget');
    expect(follower.valid('things', '2', held)).toBe(false);
    expect(follower.changedSince('things', { era: 2, position: BEGINNING })).toEqual(['1']);
    expect(logs('coherence.era').at(-1)).toMatchObject({ level: 40, era: 'era-a', away: true });
    await follower.tick();
    expect(told.filter((one) => one === 'forget')).toHaveLength(1);
  });

  test('for longer reads a long log to its end', async () => {
    const { clock, log, follower, told } = await openFollowing();
    for (let index = 0; index < 5; index++) log.add(changed('own', `${index}`));
    log.pageSize = 2;
    await clock.advance(horizonMs / 2 + 1);
    await follower.tick();
    expect(log.calls).toEqual(['look', 'look', 'look']);
    expect(told.filter((one) => one === 'forget')).toHaveLength(1);
    expect(follower.status().status).toBe('ok');
  });

  test('since its start, for longer, forgets what it read by itself', async () => {
    const { clock, log, follower, told } = open();
    log.silence();
    await follower.tick();
    await clock.advance(horizonMs / 2 + 1);
    log.answer();
    await follower.tick();
    expect(told).toEqual(['forget']);
  });
});

describe('one clock', () => {
  test('is the log’s, from the moment the look was sent', async () => {
    const { clock, log, follower } = open();
    log.aheadMs = 6_000;
    const gate = log.holdNext('look');
    const ticking = follower.tick();
    await gate.reached;
    const sentAtMs = clock.now();
    await clock.advance(200);
    gate.release();
    await ticking;
    expect(follower.now()).toBe(sentAtMs + 6_000 + 200);
    await clock.advance(1_000);
    expect(follower.now()).toBe(sentAtMs + 6_000 + 1_200);
  });

  test('is found again after this machine’s clock has jumped', async () => {
    const { clock, log, follower } = await openFollowing();
    const before = clock.now();
    clock.jump(3_600_000);
    log.aheadMs = -3_600_000;
    await follower.tick();
    expect(follower.now()).toBe(before);
  });

  test('is this machine’s until the log has answered', () => {
    const { clock, follower } = open();
    expect(follower.now()).toBe(clock.now());
  });
});

describe('following', () => {
  test('looks at least every COHERENCE_MS / 2.5 until it is stopped', async () => {
    const { clock, log, follower } = await openFollowing();
    const running = follower.run();
    await settle();
    expect(log.calls).toHaveLength(1);
    for (let period = 2; period <= 4; period++) {
      await clock.advance(coherenceMs / 2.5);
      await settle();
      expect(log.calls).toHaveLength(period);
      expect(follower.status().status).toBe('ok');
    }
    follower.stop();
    await running;
    expect(log.calls).toHaveLength(4);
  });

  test('looks as soon as something is appended', async () => {
    const { log, follower, told } = await openFollowing();
    const running = follower.run();
    await settle();
    log.add(changed('own', '1'));
    await settle();
    expect(told).toHaveLength(1);
    follower.stop();
    await running;
  });

  test('goes on looking while the log is silent, and stops then too', async () => {
    const { clock, log, follower } = await openFollowing();
    log.silence();
    const running = follower.run();
    await settle();
    await clock.advance(coherenceMs / 2.5);
    await settle();
    expect(log.calls).toEqual(['look', 'look']);
    expect(log.waits).toBe(0); // A log that does not answer would not make it wait.
    log.answer();
    await clock.advance(coherenceMs / 2.5);
    await settle();
    expect(follower.status().status).toBe('ok');
    follower.stop();
    await running;
  });

  test('a look that the stop cuts off is no silence to tell of', async () => {
    const { log, follower, logs } = await openFollowing();
    follower.stop();
    log.silence();
    await follower.tick();
    expect(follower.degraded).toBe(true);
    expect(logs('coherence.degraded')).toEqual([]);
  });

  test('ends at once for a process that shares with nobody', async () => {
    const { log, follower } = open({ scope: 'process' });
    await follower.run();
    expect(log.calls).toEqual([]);
  });
});
