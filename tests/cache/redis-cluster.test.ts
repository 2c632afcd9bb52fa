/** The store and the log in a real Redis Cluster, while slots move and masters are killed. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/cache/clock.ts';
import type { Follower } from '../../src/cache/follower.ts';
import { Heartbeat } from '../../src/cache/heartbeat.ts';
import { controlKeys, type Place, rowKeys, type StoreKey } from '../../src/cache/keys.ts';
import { BEGINNING } from '../../src/cache/position.ts';
import type { Redis } from '../../src/cache/redis.ts';
import { slotOf } from '../../src/cache/redis-cluster.ts';
import { RedisLog } from '../../src/cache/redis-log.ts';
import { RedisStore } from '../../src/cache/redis-store.ts';
import { SharedTier } from '../../src/cache/shared-tier.ts';
import { eventually, type RunningRedis } from '../support/redis.ts';
import { type RunningCluster, startCluster } from '../support/redis-cluster.ts';
import { begin, changed, describeLog, wholeLog } from './log-contract.ts';
import { connectRedis, horizonMs, listen, openRedis } from './parts.ts';
import { aMinuteMs, describeStore } from './store-contract.ts';

let cluster: RunningCluster;
let shared: Redis;
beforeAll(async () => {
  cluster = await startCluster();
  shared = await connectRedis(cluster.settings);
});
afterAll(async () => {
  shared.close();
  await cluster.stop();
});

describe('the store in a Redis Cluster', () => {
  describeStore(() => ({
    store: new RedisStore(shared),
    outlive: (key) => eventually(async () => (await cluster.send<number>(key, 'EXISTS', key)) === 0).then(() => {}),
  }));
});

let prefixesUsed = 0;
const newPrefix = () => `log-${++prefixesUsed}`;

function openLog(redis: Redis, prefix: string, horizon = horizonMs): RedisLog {
  return new RedisLog({ redis, clock: systemClock, random: Math.random, prefix, horizonMs: horizon });
}

describe('the log in a Redis Cluster', () => {
  describeLog(async (options) => {
    const prefix = newPrefix();
    const { control, log: stem } = controlKeys(prefix);
    const nowMs = async () => {
      const [seconds, microseconds] = await cluster.send<[string, string]>(control, 'TIME');
      return Number(seconds) * 1000 + Number(microseconds) / 1000;
    };
    const pass = async (ms: number) => {
      const endMs = (await nowMs()) + ms;
      await eventually(async () => (await nowMs()) > endMs);
    };
    const setBack = async (era: string) => {
      await cluster.send(control, 'XADD', `${stem}${era}`, `${Date.now() + 60_000}-0`, 'record', '');
    };
    return { log: openLog(shared, prefix, options.horizonMs), pass, setBack };
  });
});

test('slots are as the servers have them', async () => {
  for (const tag of ['a', 'catalog:f', 'vitrine', 'naïve-東京', 'x'.repeat(300)]) {
    expect([tag, slotOf(tag)]).toEqual([tag, await cluster.send(tag, 'CLUSTER', 'KEYSLOT', tag)]);
  }
});

// ── What follows has rows in all sixteen buckets ────────────────────────────────────────────────────────────────────

const place: Place = { prefix: 'rows', era: 'era', namespace: 'things', shape: 'abcd1234' };
let idsUsed = 0;

/** In each bucket `each` keys that no other test has. */
function newKeys(each: number): Map<string, StoreKey[]> {
  const store = new RedisStore(shared);
  const groups = new Map<string, StoreKey[]>();
  while (groups.size < 16 || [...groups.values()].some(({ length }) => length < each)) {
    const key = rowKeys(place, BEGINNING)(`id-${++idsUsed}`);
    const group = store.groupOf(key.value);
    groups.set(group, [...(groups.get(group) ?? []), key].slice(0, each));
  }
  return groups;
}

/** A process: its own connections, a store and a log of its own prefix. */
async function startProcess(prefix: string, { timeoutMs = 2_000 } = {}) {
  const { telemetry, logs } = listen();
  const redis = await openRedis(cluster.settings, { prefix, timeoutMs, telemetry });
  const store = new RedisStore(redis);
  const log = openLog(redis, prefix);
  const storeUp = async () => (await telemetry.metrics.storeUp.get()).values[0]?.value;
  return { redis, store, log, logs, storeUp, telemetry };
}

/** It comes back as a replica after the test. */
async function kill(master: RunningRedis): Promise<void> {
  onTestFinished(async () => {
    await master.restart();
    await cluster.settled();
  });
  await master.kill();
}

/** A prefix whose control hash lies elsewhere. */
async function prefixNotOn(master: RunningRedis): Promise<string> {
  for (;;) {
    const prefix = newPrefix();
    if ((await cluster.masterOf(controlKeys(prefix).control)) !== master) return prefix;
  }
}

describe('sixteen groups', () => {
  test('a batch of many rows is one script a group, and one round trip', async () => {
    const { store, telemetry } = await startProcess(newPrefix());
    const heartbeat = new Heartbeat({ clock: systemClock, leaseMs: aMinuteMs });
    const follower = { degraded: false } as Follower;
    const parts = { store, follower, heartbeat, random: Math.random, telemetry, leaseMs: aMinuteMs };
    const tier = new SharedTier(parts, 'things');
    const keys = [...newKeys(10).values()].flat();
    const writes = keys.map((key) => ({ key, text: key.value, ttlMs: aMinuteMs }));
    // Scripts are known to a server from their first use on.
    await tier.lease(keys, 'before', { takeOver: true });
    await tier.commit(writes, 'before');

    await tier.lease(keys, 'a', { takeOver: true });
    expect(await callsOf(() => tier.commit(writes, 'a'))).toMatchObject({ evalsha: 16 });
    expect(await callsOf(() => tier.lease(keys, 'b', { takeOver: false }))).toMatchObject({ evalsha: 16 });
    const find = () => tier.find(keys.map(({ value }) => value));
    expect(await callsOf(find)).toEqual({ get: 160 });
    expect(await find()).toEqual(keys.map(({ value }) => ({ state: 'found', text: value })));
  });
});

/** What the servers carried out, by command; without what the test itself asks them. */
async function callsOf(work: () => Promise<unknown>): Promise<Record<string, number>> {
  const masters = await cluster.masters();
  await Promise.all(masters.map((master) => master.send('CONFIG', 'RESETSTAT')));
  await work();
  const calls: Record<string, number> = {};
  for (const master of masters) {
    const stats = await master.send<string>('INFO', 'commandstats');
    for (const [, name = '', count] of stats.matchAll(/cmdstat_(\S+):calls=(\d+)/g)) {
      if (!/^(config|hello|client|cluster|ping|replconf|info)/.test(name))
        calls[name] = (calls[name] ?? 0) + Number(count);
    }
  }
  return calls;
}

describe('P7 degrades, never dies › a slot moves to another master', () => {
  test('rows are found on either server; nothing is taken for gone', async () => {
    const { store } = await startProcess(newPrefix());
    const [keys = []] = newKeys(20).values();
    const values = keys.map(({ value }) => value);
    const stored = values.slice(0, 16);
    for (const value of stored) await store.put(value, value, aMinuteMs);
    const expected = values.map((value) => (stored.includes(value) ? value : undefined));

    const move = await cluster.move(values[0] as string);
    expect(await store.getMany(values)).toEqual(expected);
    await move.keys(...stored.slice(0, 8));
    // Many at once, and others between them: each ASKING stands before its own read.
    const asked = await Promise.all(Array.from({ length: 20 }, () => store.getMany(values)));
    for (const found of asked) expect(found).toEqual(expected);
    await move.end();
    expect(await store.getMany(values)).toEqual(expected);
  });

  test('scripts of its keys may fail, those of others do not; it is well again by itself', async () => {
    const { store, redis } = await startProcess(newPrefix());
    const [[one, other] = [], keys = []] = newKeys(2).values();
    if (one === undefined || other === undefined) throw new Error('no keys');
    await store.lease([one, other], 'a', { ms: aMinuteMs });
    const move = await cluster.move(one.value);
    await move.keys(one.lease);
    const commit = () =>
      store.commit(
        [one, other].map((key) => ({ key, text: 'text', ttlMs: aMinuteMs })),
        'a',
      );
    await expect(commit()).rejects.toThrow(/^(TRYAGAIN|ASK) /);
    expect(await store.lease(keys, 'a', { ms: aMinuteMs })).toEqual(keys.map(() => ({ state: 'granted' })));

    await move.end();
    expect(await commit()).toEqual([true, true]);
    expect(redis.up).toBe(true);
  });

  test('the slot of the log: half of it is no log; the other server begins an era, and the old log ends', async () => {
    const prefix = newPrefix();
    const { log } = await startProcess(prefix);
    const { era, last } = await log.look(wholeLog);
    await log.append(era, changed('own', '1'));
    const { control, log: stem } = controlKeys(prefix);

    const move = await cluster.move(control);
    expect((await log.look({ era, position: last })).records).toHaveLength(1);
    await move.keys(stem + era);
    await expect(log.look({ era, position: last })).rejects.toThrow(/non local key|ASK|TRYAGAIN/);
    await expect(log.append(era, changed('own', '2'))).rejects.toThrow(/non local key|ASK|TRYAGAIN/);
    await move.end();
    expect(await log.append(era, changed('own', '3'))).toBeUndefined();
    const look = await log.look({ era, position: last });
    expect(look).toMatchObject({ records: [], complete: true });
    expect(look.era).not.toBe(era);
    expect(await cluster.send<number>(control, 'PTTL', stem + era)).toBeGreaterThan(0);
  });
});

describe('P7 degrades, never dies › a master falls silent', () => {
  test('of rows: it counts as down from the first command that was not answered until it answers pings', async () => {
    const [[key] = []] = newKeys(1).values();
    if (key === undefined) throw new Error('no key');
    const victim = await cluster.masterOf(key.value);
    const { store, storeUp } = await startProcess(await prefixNotOn(victim), { timeoutMs: 100 });
    await eventually(() => store.getMany([key.value]).then(() => true));
    expect(await storeUp()).toBe(1);
    victim.pause();
    onTestFinished(() => victim.resume());
    await expect(store.getMany([key.value])).rejects.toThrow('Redis did not answer within 100 ms');
    expect(await storeUp()).toBe(0);
    victim.resume();
    await eventually(async () => (await storeUp()) === 1);
  });
});

describe('P7 degrades, never dies › a master is killed', () => {
  test('of rows: those groups fail, within the deadline, until a replica is promoted; the era goes on', async () => {
    const groups = [...newKeys(2).values()] as [StoreKey, StoreKey][];
    const masters = new Map<StoreKey, RunningRedis>();
    for (const [key] of groups) masters.set(key, await cluster.masterOf(key.value));
    const victim = masters.get(groups[0]?.[0] as StoreKey) as RunningRedis;
    const { log, store, redis, storeUp } = await startProcess(await prefixNotOn(victim));
    const { era, last } = await log.look(wholeLog);
    const lost = groups.filter(([key]) => masters.get(key) === victim);
    const kept = groups.filter(([key]) => masters.get(key) !== victim);
    expect([lost.length > 0, kept.length > 0]).toEqual([true, true]);

    await kill(victim);
    for (const [key] of lost) {
      await expect(store.getMany([key.value])).rejects.toThrow();
      await expect(store.lease([key], 'a', { ms: aMinuteMs })).rejects.toThrow();
    }
    expect([redis.up, await storeUp()]).toEqual([false, 0]);
    for (const [key] of kept) {
      expect(await store.lease([key], 'a', { ms: aMinuteMs })).toEqual([{ state: 'granted' }]);
      expect(await store.getMany([key.value])).toEqual([undefined]);
    }
    expect(await storeUp()).toBe(0);

    for (const [, key] of lost) {
      const lease = await eventually(() => store.lease([key], 'a', { ms: aMinuteMs }));
      expect(lease[0]?.state).toMatch(/granted|held/);
    }
    await eventually(() => redis.up);
    expect((await log.look({ era, position: last })).era).toBe(era);
    await store.getMany([groups[0]?.[0].value as string]);
    expect(await storeUp()).toBe(1);
  });

  test('of the log: a new era, the same for all; those who wait for records are woken on the new master', async () => {
    const prefix = newPrefix();
    const { log, redis, logs } = await startProcess(prefix);
    const { log: other } = await startProcess(prefix);
    const { era, last } = await log.look(wholeLog);
    await log.append(era, changed('own', '1'));
    const waiting = log.wait(era, last, { ms: 100, signal: new AbortController().signal });
    await kill(await cluster.masterOf(controlKeys(prefix).control));
    await expect(log.look({ era, position: last })).rejects.toThrow();
    await waiting;

    const look = await eventually(() => log.look({ era, position: last }));
    expect(look.era).not.toBe(era);
    expect(look.records).toEqual([]);
    expect((await eventually(() => other.look(wholeLog))).era).toBe(look.era);
    expect(await eventually(async () => [await other.append(era, begin('1'))])).toEqual([undefined]);
    await eventually(() => redis.up);
    const master = await cluster.masterOf(controlKeys(prefix).control);
    const woken = log.wait(look.era, look.last, { ms: 10_000, signal: new AbortController().signal });
    await eventually(async () => (await master.send<string>('CLIENT', 'LIST')).includes('cmd=xread'));
    await other.append(look.era, begin('2'));
    await woken;
    expect(logs('redis.masters').length).toBeGreaterThan(1);
    expect(logs('redis.unknown')).toEqual([]);
  });
});
