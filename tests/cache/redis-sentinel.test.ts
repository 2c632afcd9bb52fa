/** The store and the log behind real sentinels, while masters are killed and paused. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/cache/clock.ts';
import { controlKeys } from '../../src/cache/keys.ts';
import type { Redis } from '../../src/cache/redis.ts';
import { RedisLog } from '../../src/cache/redis-log.ts';
import { RedisStore } from '../../src/cache/redis-store.ts';
import { eventually, startRedis } from '../support/redis.ts';
import { type RunningSentinels, startSentinels } from '../support/redis-sentinel.ts';
import { begin, changed, describeLog, wholeLog } from './log-contract.ts';
import { connectRedis, horizonMs, listen, openRedis } from './parts.ts';
import { aMinuteMs, describeStore, newKey } from './store-contract.ts';

let prefixesUsed = 0;
const newPrefix = () => `log-${++prefixesUsed}`;

function openLog(redis: Redis, prefix: string, horizon = horizonMs): RedisLog {
  return new RedisLog({ redis, clock: systemClock, random: Math.random, prefix, horizonMs: horizon });
}

describe('behind sentinels', () => {
  let group: RunningSentinels;
  let shared: Redis;
  beforeAll(async () => {
    group = await startSentinels();
    shared = await connectRedis(group.settings);
  });
  afterAll(async () => {
    shared.close();
    await group.stop();
  });

  describeStore(() => ({
    store: new RedisStore(shared),
    outlive: (key) =>
      eventually(async () => (await (await group.master()).send<number>('EXISTS', key)) === 0).then(() => {}),
  }));

  describeLog(async (options) => {
    const prefix = newPrefix();
    const master = await group.master();
    const nowMs = async () => {
      const [seconds, microseconds] = await master.send<[string, string]>('TIME');
      return Number(seconds) * 1000 + Number(microseconds) / 1000;
    };
    const pass = async (ms: number) => {
      const endMs = (await nowMs()) + ms;
      await eventually(async () => (await nowMs()) > endMs);
    };
    const setBack = async (era: string) => {
      await master.send('XADD', `${controlKeys(prefix).log}${era}`, `${Date.now() + 60_000}-0`, 'record', '');
    };
    return { log: openLog(shared, prefix, options.horizonMs), pass, setBack };
  });

  test('a process that starts while a sentinel is down asks the others', async () => {
    const [first] = group.sentinels;
    first?.pause();
    onTestFinished(() => first?.resume());
    const redis = await openRedis(group.settings);
    expect(redis.up).toBe(true);
  });

  test('a group that the sentinels do not know is told in the log, once, and asked for again', async () => {
    const { telemetry, logs } = listen();
    const settings = { ...group.settings, REDIS_URL: 'redis://stranger', REDIS_CONNECT_TIMEOUT_MS: '300' };
    const redis = await openRedis(settings, { telemetry });
    expect(redis.up).toBe(false);
    expect(logs('redis.unknown')).toMatchObject([{ err: { message: expect.stringContaining('No such master') } }]);
  });

  test('a master that is another though nothing failed is followed: they are asked all the time', async () => {
    const { telemetry, logs } = listen();
    const log = openLog(await openRedis(group.settings, { telemetry }), 'test');
    const { era } = await log.look(wholeLog);
    const elsewhere = await startRedis();
    onTestFinished(() => elsewhere.stop());
    await group.watch(elsewhere);
    await eventually(async () => (await log.look(wholeLog)).era !== era);
    expect(logs('redis.masters').at(-1)).toMatchObject({ masters: [`127.0.0.1:${elsewhere.port}`] });
    expect(logs('redis.down')).toEqual([]);
  });
});

describe('P7 degrades, never dies › a failover', () => {
  async function start(options?: Parameters<typeof startSentinels>[0]) {
    const group = await startSentinels(options);
    onTestFinished(() => group.stop());
    const prefix = newPrefix();
    const processes = [];
    for (let i = 0; i < 2; i++) {
      const { telemetry, logs } = listen();
      const redis = await openRedis(group.settings, { prefix, timeoutMs: 2_000, telemetry });
      processes.push({ redis, log: openLog(redis, prefix), store: new RedisStore(redis), logs });
    }
    const [one, two] = processes;
    if (one === undefined || two === undefined) throw new Error('no processes');
    return { group, prefix, one, two };
  }

  test('of a killed master: a new era on the promoted one, the same for all; who waits is woken there', async () => {
    const { group, one, two } = await start({ replicas: 2 });
    const { era, last } = await one.log.look(wholeLog);
    const key = newKey();
    await one.store.put(key.value, 'text', aMinuteMs);
    await one.log.append(era, changed('own', '1'));
    const master = await group.master();
    await master.kill();
    await expect(one.log.look({ era, position: last })).rejects.toThrow();
    await expect(one.store.getMany([key.value])).rejects.toThrow();
    expect(one.redis.up).toBe(false);

    const look = await eventually(() => one.log.look({ era, position: last }), 20_000);
    expect(look).toMatchObject({ records: [], complete: true });
    expect(look.era).not.toBe(era);
    expect((await eventually(() => two.log.look(wholeLog))).era).toBe(look.era);
    expect(await two.log.append(era, begin('1'))).toBeUndefined();
    await one.store.put(key.value, 'text', aMinuteMs);
    expect([one.redis.up, await one.store.getMany([key.value])]).toEqual([true, ['text']]);

    const promoted = await group.master();
    expect(promoted).not.toBe(master);
    const woken = one.log.wait(look.era, look.last, { ms: 10_000, signal: new AbortController().signal });
    await eventually(async () => (await promoted.send<string>('CLIENT', 'LIST')).includes('cmd=xread'));
    await two.log.append(look.era, begin('2'));
    await woken;
    expect(one.logs('redis.masters')).toHaveLength(2);

    // A sentinel that was elsewhere knows of the old master alone, and is not believed.
    const stray = await group.startStray(master);
    await master.restart();
    const sentinels = `127.0.0.1:${stray.port},${group.settings.REDIS_SENTINELS}`;
    const redis = await openRedis({ ...group.settings, REDIS_SENTINELS: sentinels });
    const { era: found } = await openLog(redis, 'stray').look(wholeLog);
    expect(await promoted.send('HGET', controlKeys('stray').control, 'era')).toBe(found);
    // Without any sentinel all goes on.
    await Promise.all([...group.sentinels, stray].map((sentinel) => sentinel.kill()));
    expect((await one.log.look(wholeLog)).era).toBe(look.era);
    expect(one.redis.up).toBe(true);
  });

  test('of a silent master: processes leave it though their connections stand; it goes on, without a replica', async () => {
    const { group, prefix, one } = await start();
    const { era } = await one.log.look(wholeLog);
    const master = await group.master();
    // One that does not hear of it.
    const settings = { REDIS_URL: master.url.href, REDIS_WAIT_REPLICAS: '1' };
    const cutOff = openLog(await openRedis(settings, { prefix, timeoutMs: 1_000 }), prefix);
    await cutOff.append(era, begin('1'));
    expect(await cutOff.replicated()).toBe(true);

    master.pause();
    const look = await eventually(() => one.log.look(wholeLog), 20_000);
    expect(look.era).not.toBe(era);
    master.resume();
    for (let i = 0; i < 20; i++) expect((await one.log.look(wholeLog)).era).toBe(look.era);
    expect(await eventually(() => cutOff.append(era, begin('2')))).toBeDefined();
    expect(await cutOff.replicated()).toBe(false);
  });
});
