import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BEGINNING } from '../../src/cache/position.ts';
import { RedisError } from '../../src/cache/redis-connection.ts';
import { RedisStore } from '../../src/cache/redis-store.ts';
import type { Store } from '../../src/cache/store.ts';
import { ManualClock } from '../support/clock.ts';
import { eventually, type RunningRedis, startRedis } from '../support/redis.ts';
import { openRedis } from './parts.ts';
import { type Single, single } from './single.ts';
import { aMinuteMs, describeStore, newKey } from './store-contract.ts';

let server: RunningRedis;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

describe('the store in Redis', () => {
  let store: Store;
  beforeEach(async () => {
    store = new RedisStore(await openRedis(server.url));
  });
  describeStore(() => ({
    store,
    outlive: (key) => eventually(async () => (await server.send<number>('EXISTS', key)) === 0).then(() => {}),
  }));
});

describe('what the store leaves in Redis', () => {
  test('is under the names it was given, and each has its time', async () => {
    const store = single(new RedisStore(await openRedis(server.url)));
    const [committed, leased, failed, put] = [newKey(), newKey(), newKey(), newKey()];
    await server.send('FLUSHALL');
    await store.lease(committed, 'a', { ms: aMinuteMs });
    await store.commit(committed, 'a', 'text', aMinuteMs);
    await store.lease(leased, 'a', { ms: aMinuteMs });
    await store.renew(leased, 'a', aMinuteMs);
    await store.lease(failed, 'a', { ms: aMinuteMs });
    await store.release(failed, 'a', 'UPSTREAM_TIMEOUT');
    await store.put(put.value, 'text', aMinuteMs);
    const names = [committed.value, leased.lease, failed.lease, put.value].sort();
    expect((await server.scan('*')).sort()).toEqual(names);
    for (const name of names) expect(await server.send<number>('PTTL', name)).toBeGreaterThan(0);
  });

  test('was read in one round trip and written without transactions', async () => {
    const store = single(new RedisStore(await openRedis(server.url)));
    const keys = Array.from({ length: 100 }, () => newKey());
    await server.send('CONFIG', 'RESETSTAT');
    await store.getMany(keys.map(({ value }) => value));
    const [key] = keys;
    if (key === undefined) throw new Error('no key');
    await store.lease(key, 'a', { ms: aMinuteMs });
    await store.commit(key, 'a', 'text', aMinuteMs);
    await store.removeBelow([key], BEGINNING);
    const stats = await server.send<string>('INFO', 'commandstats');
    const calls = new Map([...stats.matchAll(/cmdstat_(\S+):calls=(\d+)/g)].map(([, name, n]) => [name, Number(n)]));
    expect(calls.get('mget')).toBe(1);
    expect([...calls.keys()].filter((name) => /multi|exec|keys|scan|flush/.test(name ?? ''))).toEqual([]);
  });
});

describe('what others left in place of a lease', () => {
  test('has an end from then on, if it had none', async () => {
    const store = single(new RedisStore(await openRedis(server.url)));
    for (const text of ['a token', '!UPSTREAM_TIMEOUT']) {
      const key = newKey();
      await server.send('SET', key.lease, text);
      expect((await store.lease(key, 'a', { ms: 30 })).state).not.toBe('granted');
      await eventually(async () => (await store.lease(key, 'a', { ms: 30 })).state === 'granted');
    }
  });

  test('keeps the end it has', async () => {
    const store = single(new RedisStore(await openRedis(server.url)));
    const key = newKey();
    await store.lease(key, 'a', { ms: aMinuteMs });
    await store.lease(key, 'b', { ms: 1 });
    expect(await server.send<number>('PTTL', key.lease)).toBeGreaterThan(aMinuteMs / 2);
  });

  test.each(['nonsense', '', 'BAD_USER_INPUT', 'UPSTREAM_NONSENSE'])(
    'is a failure of upstream when its code is %j',
    async (code) => {
      const store = single(new RedisStore(await openRedis(server.url)));
      const key = newKey();
      await server.send('SET', key.lease, `!${code}`, 'PX', String(aMinuteMs));
      expect(await store.lease(key, 'a', { ms: aMinuteMs })).toEqual({ state: 'failed', code: 'UPSTREAM_UNAVAILABLE' });
    },
  );
});

/** Every operation there is, each on a key of its own. */
function everything(store: Single): Record<keyof Omit<Single, 'close'>, () => Promise<unknown>> {
  return {
    getMany: () => store.getMany([newKey().value]),
    lease: () => store.lease(newKey(), 'a', { ms: aMinuteMs }),
    renew: () => store.renew(newKey(), 'a', aMinuteMs),
    commit: () => store.commit(newKey(), 'a', 'text', aMinuteMs),
    release: () => store.release(newKey(), 'a'),
    put: () => store.put(newKey().value, 'text', aMinuteMs),
    expire: () => store.expire([newKey().value], aMinuteMs),
    removeBelow: () => store.removeBelow([newKey()], BEGINNING),
  };
}
const operations = Object.keys(everything({} as Single)) as (keyof ReturnType<typeof everything>)[];

describe('P7 degrades, never dies › while Redis is paused', () => {
  let paused: RunningRedis;
  beforeAll(async () => {
    paused = await startRedis();
  });
  afterAll(() => paused.stop());

  test.each(operations)('%s rejects once its deadline is over, and works again after', async (operation) => {
    const clock = new ManualClock();
    const store = single(new RedisStore(await openRedis(paused.url, { clock, timeoutMs: 250 })));
    paused.pause();
    try {
      const asked = everything(store)[operation]();
      let answered = false;
      asked.catch(() => {}).finally(() => (answered = true));
      await clock.advance(249);
      expect(answered).toBe(false);
      await clock.advance(1);
      await expect(asked).rejects.toThrow(RedisError);
    } finally {
      paused.resume();
    }
    await everything(store)[operation]();
  });

  test('the deadline is that of a real clock in production', async () => {
    const store = single(new RedisStore(await openRedis(paused.url, { timeoutMs: 20 })));
    paused.pause();
    try {
      await expect(store.getMany([newKey().value])).rejects.toThrow('Redis did not answer within 20 ms');
    } finally {
      paused.resume();
    }
  });

  test('a write that timed out may be applied later: its outcome is unknown', async () => {
    const clock = new ManualClock();
    const store = single(new RedisStore(await openRedis(paused.url, { clock, timeoutMs: 250 })));
    const [put, committed] = [newKey(), newKey()];
    await store.lease(committed, 'a', { ms: aMinuteMs });
    paused.pause();
    const writes = [store.put(put.value, 'late', aMinuteMs), store.commit(committed, 'a', 'late', aMinuteMs)];
    const outcomes = Promise.allSettled(writes);
    await clock.advance(250);
    expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    paused.resume();
    expect(await store.getMany([put.value, committed.value])).toEqual(['late', 'late']);
  });

  test('closing returns, and what was under way is told', async () => {
    const redis = await openRedis(paused.url, { clock: new ManualClock() });
    const store = single(new RedisStore(redis));
    paused.pause();
    try {
      const asked = store.getMany([newKey().value]);
      const told = expect(asked).rejects.toThrow();
      await store.close();
      await told;
      await expect(store.getMany([newKey().value])).rejects.toThrow('Redis is not connected');
    } finally {
      paused.resume();
    }
  });

  test('a pause that lasts cuts the connection: everything rejects at once, until Redis is back', async () => {
    const clock = new ManualClock();
    const redis = await openRedis(paused.url, { clock });
    const store = single(new RedisStore(redis));
    paused.pause();
    try {
      await eventually(() => !redis.up);
      for (const ask of Object.values(everything(store))) await expect(ask()).rejects.toThrow('Redis is not connected');
    } finally {
      paused.resume();
    }
    await eventually(() => redis.up);
    for (const ask of Object.values(everything(store))) await ask();
  });
});

describe('P7 degrades, never dies › when Redis stops', () => {
  test('what is under way and what comes later rejects without a deadline; after a restart it works by itself', async () => {
    const mortal = await startRedis();
    const redis = await openRedis(mortal.url, { clock: new ManualClock() });
    const store = single(new RedisStore(redis));
    try {
      const key = newKey();
      await store.lease(key, 'a', { ms: aMinuteMs });
      mortal.pause();
      const underWay = expect(store.getMany([newKey().value])).rejects.toThrow();
      await mortal.stop();
      await underWay;
      const [written] = [newKey()];
      await expect(store.put(written.value, 'never', aMinuteMs)).rejects.toThrow('Redis is not connected');
      for (const ask of Object.values(everything(store))) await expect(ask()).rejects.toThrow(RedisError);

      await mortal.restart();
      await eventually(() => redis.up);
      expect(await store.getMany([written.value])).toEqual([undefined]); // Nothing is replayed.
      expect(await store.commit(key, 'a', 'text', aMinuteMs)).toBe(false); // The lease is gone with the server.
      for (const ask of Object.values(everything(store))) await ask();
    } finally {
      await mortal.stop();
    }
  });
});
