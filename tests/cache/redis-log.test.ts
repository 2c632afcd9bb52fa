import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../src/cache/clock.ts';
import { controlKeys } from '../../src/cache/keys.ts';
import type { LogRecord } from '../../src/cache/log.ts';
import { BEGINNING, positionOf, streamIdOf, timeOf } from '../../src/cache/position.ts';
import type { Redis } from '../../src/cache/redis.ts';
import { RedisLog } from '../../src/cache/redis-log.ts';
import { ManualClock } from '../support/clock.ts';
import { eventually, type RunningRedis, startRedis } from '../support/redis.ts';
import { begin, changed, describeLog, reset, wholeLog } from './log-contract.ts';
import { horizonMs, openRedis } from './parts.ts';

const never = new AbortController().signal;
const longMs = 600_000;

let server: RunningRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

let prefixesUsed = 0;
const newPrefix = () => `log-${++prefixesUsed}`;

function openLog(redis: Redis, prefix: string, { clock = systemClock as Clock, horizon = horizonMs } = {}): RedisLog {
  return new RedisLog({ redis, clock, random: Math.random, prefix, horizonMs: horizon });
}

/** The log as two processes see it. */
async function twoProcesses({ clock = systemClock as Clock, to = server } = {}) {
  const prefix = newPrefix();
  const [mine, theirs] = [await openRedis(to.url, { clock }), await openRedis(to.url, { clock })];
  const [log, other] = [openLog(mine, prefix, { clock }), openLog(theirs, prefix, { clock })];
  const { era, last } = await log.look(wholeLog);
  const { control, log: stem } = controlKeys(prefix);
  return { log, other, era, last, keys: { control, log: stem + era }, redis: mine };
}

const nowMs = async () => {
  const [seconds, microseconds] = await server.send<[string, string]>('TIME');
  return Number(seconds) * 1000 + Number(microseconds) / 1000;
};

describe('the log in Redis', () => {
  describeLog(async (options) => {
    const prefix = newPrefix();
    const log = openLog(await openRedis(server.url), prefix, { horizon: options.horizonMs });
    const pass = async (ms: number) => {
      const endMs = (await nowMs()) + ms;
      await eventually(async () => (await nowMs()) > endMs);
    };
    // Ids of a stream are times of its server: one from the future is as if its clock had been set back.
    const setBack = async (era: string) => {
      await server.send('XADD', `${controlKeys(prefix).log}${era}`, `${Date.now() + 60_000}-0`, 'record', '');
    };
    return { log, pass, setBack };
  });

  test('its clock is the server', async () => {
    const { log } = await twoProcesses();
    const before = await nowMs();
    const { timeMs } = await log.look(wholeLog);
    expect(timeMs).toBeGreaterThanOrEqual(before);
    expect(timeMs).toBeLessThanOrEqual(await nowMs());
  });

  test('positions are its times', async () => {
    const { log, era } = await twoProcesses();
    const before = Math.floor(await nowMs());
    const position = (await log.append(era, begin('1'))) ?? BEGINNING;
    expect(timeOf(position)).toBeGreaterThanOrEqual(before);
  });

  test('a long log comes in parts, each after the last', async () => {
    const { log, era } = await twoProcesses();
    const appended = await Promise.all(Array.from({ length: 1_200 }, (_, index) => log.append(era, begin(`${index}`))));
    const first = await log.look(wholeLog);
    expect(first.complete).toBe(false);
    const position = first.records.at(-1)?.position ?? BEGINNING;
    const second = await log.look({ era, position });
    expect(second).toMatchObject({ complete: true, last: appended.at(-1) });
    expect([...first.records, ...second.records].map((record) => record.position)).toEqual(appended);
  });

  test('a floor counted locally is kept as it is', async () => {
    const { log, era } = await twoProcesses();
    const floor = `${positionOf(1_763_931_000_000, 7)}+0000000002`;
    await log.append(era, reset(floor));
    expect((await log.look(wholeLog)).generations).toEqual(new Map([['things', floor]]));
  });
});

describe('P6 agreement in time › two processes', () => {
  test('see each other’s records and generations', async () => {
    const { log, other, era, last } = await twoProcesses();
    const records: LogRecord[] = [begin('1'), changed('own', '1'), reset('own')];
    for (const record of records) await other.append(era, record);
    const seen = await log.look({ era, position: last });
    expect(seen.records.map(({ record }) => record)).toEqual(records);
    expect(seen.generations.get('things')).toBe(seen.last);
  });

  test('that begin at once are in one era', async () => {
    const [prefix, redis] = [newPrefix(), await openRedis(server.url)];
    const looks = await Promise.all(Array.from({ length: 10 }, () => openLog(redis, prefix).look(wholeLog)));
    expect(new Set(looks.map(({ era }) => era)).size).toBe(1);
  });

  test('of different prefixes know nothing of each other', async () => {
    const [mine, theirs] = [await twoProcesses(), await twoProcesses()];
    await theirs.log.append(theirs.era, begin('1'));
    expect(await mine.log.look(wholeLog)).toMatchObject({ era: mine.era, records: [] });
  });
});

describe('P6 agreement in time › a new era begins', () => {
  type Keys = { control: string; log: string };
  const losses: [string, (redis: RunningRedis, keys: Keys) => Promise<unknown>][] = [
    ['after FLUSHALL', (redis) => redis.send('FLUSHALL')],
    ['when the control hash is gone', (redis, { control }) => redis.send('DEL', control)],
    ['when the log is gone', (redis, { log }) => redis.send('DEL', log)],
    [
      'when its server lost its rank and was promoted again',
      async (redis) => {
        await redis.send('REPLICAOF', '127.0.0.1', '1');
        await redis.send('REPLICAOF', 'NO', 'ONE');
      },
    ],
    [
      'on another server that holds all of it',
      async (redis, { control, log }) => {
        const copies = [];
        for (const key of [control, log]) copies.push([key, await dump(redis, key)] as const);
        await redis.restart();
        for (const [key, copy] of copies) await restore(redis, key, copy);
      },
    ],
  ];

  test.each(losses)('%s', async (_name, lose) => {
    const own = await startRedis();
    try {
      const { log, other, era, last, keys, redis } = await twoProcesses({ to: own });
      await log.append(era, reset('own'));
      await lose(own, keys);
      await eventually(() => redis.up);

      const look = await eventually(() => log.look({ era, position: last }));
      expect(look.era).not.toBe(era);
      expect(look).toMatchObject({ records: [], complete: true, generations: new Map() });
      expect((await eventually(() => other.look({ era, position: last }))).era).toBe(look.era);
      expect(await log.append(era, reset('own'))).toBeUndefined();
      expect(await log.look(wholeLog)).toMatchObject({ era: look.era, records: [], generations: new Map() });
    } finally {
      await own.stop();
    }
  });

  test.each(losses)('and nothing more goes into the old one: %s', async (_name, lose) => {
    const own = await startRedis();
    try {
      const { log, era, keys, redis } = await twoProcesses({ to: own });
      await lose(own, keys);
      await eventually(() => redis.up);
      expect(await eventually(async () => [await log.append(era, begin('1'))])).toEqual([undefined]);
    } finally {
      await own.stop();
    }
  });

  test('and not when nothing was lost', async () => {
    const { log, other, era } = await twoProcesses();
    await server.send('CONFIG', 'RESETSTAT');
    await log.append(era, begin('1'));
    expect([(await log.look(wholeLog)).era, (await other.look(wholeLog)).era]).toEqual([era, era]);
  });

  test('the old log goes by itself; the present one and the control hash stay', async () => {
    const own = await startRedis();
    try {
      const { log, keys } = await twoProcesses({ to: own });
      expect([await own.send('PTTL', keys.control), await own.send('PTTL', keys.log)]).toEqual([-1, -1]);
      await own.send('HSET', keys.control, 'server', 'another');
      const { era } = await log.look(wholeLog);
      expect(await own.send('PTTL', keys.log)).toBeGreaterThan(0);
      expect(await own.send('PTTL', keys.log.replace(/[^:]*$/, era))).toBe(-1);
    } finally {
      await own.stop();
    }
  });
});

describe('P6 agreement in time › a new era begins where something stands that was never written', () => {
  const record = (text: unknown) => (keys: { log: string }) => [
    ['XADD', keys.log, '*', 'record', typeof text === 'string' ? text : JSON.stringify(text)],
  ];
  const generation = (text: string) => (keys: { control: string }) => [['HSET', keys.control, 'gen.things', text]];
  const change = { kind: 'changed', namespace: 'things', ids: ['1'], floor: 'own' };
  const purge = { kind: 'purged', namespace: 'things', ids: ['1'], at: { era: 'past', position: positionOf(1, 0) } };

  test.each<[string, (keys: { control: string; log: string }) => string[][]]>([
    ['a control key of another type', ({ control }) => [['SET', control, 'x']]],
    ['a log of another type', ({ log }) => [['SET', log, 'x']]],
    ['a generation that is no position', generation('zzz')],
    ['a generation that is empty', generation('')],
    ['a generation above the log', generation(positionOf(9e14, 0))],
    ['a record that is no JSON', record('{')],
    ['a record of nothing', record('null')],
    ['a record of no kind', record({})],
    ['a record of no namespace', record({ ...change, namespace: 7 })],
    ['a record of no ids', record({ ...change, ids: 5 })],
    ['a record of ids that are none', record({ ...change, ids: [1] })],
    ['a floor that is no position', record({ ...change, floor: 'zzz' })],
    ['a floor above its own record', record({ ...change, floor: positionOf(9e14, 0) })],
    ['a purge that is none', record({ ...change, hard: 'yes' })],
    ['a purge of an era that is over, of no ids', record({ ...purge, ids: 5 })],
    ['a purge of no era', record({ ...purge, at: { position: positionOf(1, 0) } })],
    ['a purge of no position', record({ ...purge, at: { era: 'past', position: 'zzz' } })],
    ['an id a day and more ahead', ({ log }) => [['XADD', log, '900000000000000-0', 'record', '']]],
    ['the last id there can be', ({ log }) => [['XADD', log, `${2n ** 64n - 1n}-${2n ** 64n - 1n}`, 'record', '']]],
  ])('%s', async (_name, damage) => {
    const { log, other, era, last, keys } = await twoProcesses();
    for (const command of damage(keys)) await server.send(...command);
    const look = await log.look({ era, position: last });
    expect(look.era).not.toBe(era);
    expect(look).toMatchObject({ records: [], complete: true, generations: new Map() });
    for (const from of [wholeLog, { era, position: last }]) expect((await other.look(from)).era).toBe(look.era);
    await other.append(look.era, reset('own'));
    expect((await log.look({ era: look.era, position: look.last })).records).toMatchObject([{ record: reset('own') }]);
  });

  test('a purge above its own record, in its own era', async () => {
    const { log, era, last, keys } = await twoProcesses();
    const at = { era, position: positionOf(9e14, 0) };
    const record = { kind: 'purged', namespace: 'things', ids: ['1'], at };
    await server.send('XADD', keys.log, '*', 'record', JSON.stringify(record));
    expect((await log.look({ era, position: last })).era).not.toBe(era);
  });

  test('but not for a kind of record that is to come', async () => {
    const { log, era, keys } = await twoProcesses();
    await server.send('XADD', keys.log, '*', 'record', '{"kind":"announced","by":"a later release"}');
    expect((await log.look(wholeLog)).era).toBe(era);
  });
});

describe('waiting for records', () => {
  test('ends when another process appends one', async () => {
    const { log, other, era, last } = await twoProcesses({ clock: new ManualClock() });
    const waiting = log.wait(era, last, { ms: longMs, signal: never });
    await eventually(async () => (await server.send<string>('CLIENT', 'LIST')).includes('cmd=xread'));
    await other.append(era, begin('1'));
    await waiting;
  });

  test('ends at once when there are some', async () => {
    const { log, era, last } = await twoProcesses({ clock: new ManualClock() });
    await log.append(era, begin('1'));
    await log.wait(era, last, { ms: longMs, signal: never });
  });

  test('ends after its time when there are none', async () => {
    const { log, era, last } = await twoProcesses();
    await log.wait(era, last, { ms: 5, signal: never });
  });

  test('ends after its time when its connection is cut, and the next one wakes again', async () => {
    const clock = new ManualClock();
    const { log, other, era, last } = await twoProcesses({ clock });
    const waiting = log.wait(era, last, { ms: longMs, signal: never });
    await eventually(async () => (await server.send<string>('CLIENT', 'LIST')).includes('cmd=xread'));
    await server.send('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await clock.advance(longMs);
    await waiting;

    const next: Promise<void>[] = [];
    await eventually(async () => {
      const asked = new AbortController();
      const wait = log.wait(era, last, { ms: longMs, signal: asked.signal });
      const isAsked = (await server.send<string>('CLIENT', 'LIST')).includes('cmd=xread');
      if (isAsked) next.push(wait);
      else asked.abort();
      return isAsked;
    });
    await eventually(() => other.append(era, begin('1')));
    await Promise.all(next);
  });

  test('ends after its time while Redis is paused', async () => {
    const own = await startRedis();
    const clock = new ManualClock();
    try {
      const { log, era, last } = await twoProcesses({ clock, to: own });
      own.pause();
      const waiting = log.wait(era, last, { ms: longMs, signal: never });
      await clock.advance(longMs);
      await waiting;
    } finally {
      await own.stop();
    }
  });

  test('ends when it is told to, whatever Redis does', async () => {
    const { log, era, last, redis } = await twoProcesses({ clock: new ManualClock() });
    const stopped = new AbortController();
    const waiting = log.wait(era, last, { ms: longMs, signal: stopped.signal });
    stopped.abort();
    await waiting;
    redis.close();
    await log.wait(era, last, { ms: longMs, signal: stopped.signal });
  });

  test('takes nothing from the connection that commands go through', async () => {
    const { log, era, last } = await twoProcesses({ clock: new ManualClock() });
    const stopped = new AbortController();
    const waiting = log.wait(era, last, { ms: longMs, signal: stopped.signal });
    expect((await log.look(wholeLog)).era).toBe(era);
    stopped.abort();
    await waiting;
  });
});

test('a position is found again by its stream id', async () => {
  const { log, era, keys } = await twoProcesses();
  const position = (await log.append(era, begin('1'))) ?? BEGINNING;
  const id = streamIdOf(position);
  expect(await server.send('XRANGE', keys.log, id, id)).toMatchObject([[id, ['record', JSON.stringify(begin('1'))]]]);
});

/** As hex, since a dump is not text. */
async function dump(redis: RunningRedis, key: string): Promise<string> {
  const hex = `local hex = string.gsub(redis.call('DUMP', KEYS[1]), '.', function(c) return string.format('%02x', string.byte(c)) end) return hex`;
  return redis.send<string>('EVAL', hex, '1', key);
}

async function restore(redis: RunningRedis, key: string, hex: string): Promise<void> {
  const text = `local text = string.gsub(ARGV[1], '..', function(h) return string.char(tonumber(h, 16)) end) return redis.call('RESTORE', KEYS[1], 0, text)`;
  await redis.send('EVAL', text, '1', key, hex);
}
