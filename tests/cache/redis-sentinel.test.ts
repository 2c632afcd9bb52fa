/** The store and the log behind real sentinels, while masters are killed and paused. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/cache/clock.ts';
import { controlKeys } from '../../src/cache/keys.ts';
import type { Redis } from '../../src/cache/redis.ts';
import { RedisLog } from '../../src/cache/redis-log.ts';
import { RedisStore } from '../../src/cache/redis-store.ts';
import { freePort } from '../support/ports.ts';
import { eventually, type RunningRedis, startRedis } from '../support/redis.ts';
import { type RunningSentinels, startSentinels } from '../support/redis-sentinel.ts';
import { begin, changed, describeLog, wholeLog } from './log-contract.ts';
import { connectRedis, horizonMs, listen, openRedis } from './parts.ts';
import { aMinuteMs, describeStore, newKey } from './store-contract.ts';

let prefixesUsed = 0;
const newPrefix = () => `log-${++prefixesUsed}`;

function openLog(redis: Redis, prefix: string, horizon = horizonMs): RedisLog {
  return new RedisLog({ redis, clock: systemClock, random: Math.random, prefix, horizonMs: horizon });
}

/** Processes on one log, each with connections of its own. */
async function start(options: { replicas?: number; processes?: number } = {}) {
  const group = await startSentinels({ obedient: true, ...options });
  onTestFinished(() => group.stop());
  const prefix = newPrefix();
  const open = async () => {
    const { telemetry, logs } = listen();
    const redis = await openRedis(group.settings, { prefix, timeoutMs: 2_000, telemetry });
    return { redis, log: openLog(redis, prefix), store: new RedisStore(redis), logs };
  };
  const processes = await Promise.all(Array.from({ length: options.processes ?? 2 }, open));
  const [one, two] = processes;
  if (one === undefined || two === undefined) throw new Error('no processes');
  return { group, prefix, processes, one, two };
}

type Process = Awaited<ReturnType<typeof start>>['one'];

type Seen = { era: string; beganAtMs: number; endedAtMs: number };

/** What a process is told by looks that count, one after the other, until it is told of another era. */
async function lookUntilElsewhere({ log }: Process, era: string): Promise<Seen[]> {
  const seen: Seen[] = [];
  const look = async (beganAtMs: number) => {
    const told = await log.look(wholeLog);
    seen.push({ era: told.era, beganAtMs, endedAtMs: performance.now() });
  };
  while (seen.at(-1)?.era === era || seen.length === 0) {
    await look(performance.now()).catch(() => {});
    await delay(1);
  }
  return seen;
}

/** @returns What ends it before the test does. */
function silence(servers: readonly RunningRedis[]): () => void {
  for (const server of servers) server.pause();
  const resume = () => {
    for (const server of servers) server.resume();
  };
  onTestFinished(resume);
  return resume;
}

describe('behind sentinels', () => {
  let group: RunningSentinels;
  let shared: Redis;
  beforeAll(async () => {
    group = await startSentinels({ obedient: true });
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
    silence(group.sentinels.slice(0, 1));
    const redis = await openRedis(group.settings);
    expect(redis.up).toBe(true);
  });

  test('a group that the sentinels do not know is told in the log, once, and asked for again', async () => {
    const { telemetry, logs } = listen();
    const settings = { ...group.settings, REDIS_URL: 'redis://stranger', REDIS_CONNECT_TIMEOUT_MS: '300' };
    const redis = await openRedis(settings, { telemetry });
    expect(redis.up).toBe(false);
    expect(logs('redis.unknown')).toMatchObject([{ err: { message: expect.stringContaining('no such group') } }]);
  });

  test('one sentinel of three that is silent keeps nobody waiting', async () => {
    const { telemetry, logs } = listen();
    const log = openLog(await openRedis(group.settings, { telemetry, timeoutMs: 60_000 }), newPrefix());
    const { era } = await log.look(wholeLog);
    silence(group.sentinels.slice(0, 1));
    expect((await log.look(wholeLog)).era).toBe(era);
    // Whoever waits for it waits until it is cut, or for longer than the test may take.
    expect(logs('redis.down')).toEqual([]);
  });

  test('half of them is no majority: those that cannot be reached count', async () => {
    const sentinels = `${group.settings.REDIS_SENTINELS},127.0.0.1:${await freePort()}`;
    const redis = await openRedis({ ...group.settings, REDIS_SENTINELS: sentinels }, { timeoutMs: 500 });
    const log = openLog(redis, newPrefix());
    const { era } = await eventually(() => log.look(wholeLog));
    const resume = silence(group.sentinels.slice(0, 1));
    await expect(log.look(wholeLog)).rejects.toThrow('Redis is not connected');
    resume();
    expect((await eventually(() => log.look(wholeLog))).era).toBe(era);
  });

  test('with two of three that are silent nothing is proven, in time; well again by itself, in the same era', async () => {
    const { telemetry, logs } = listen();
    const redis = await openRedis(group.settings, { telemetry, timeoutMs: 300 });
    const log = openLog(redis, newPrefix());
    const { era } = await eventually(() => log.look(wholeLog));
    const [one, two, three] = group.sentinels.map(({ port }) => `127.0.0.1:${port}`);
    const master = `127.0.0.1:${(await group.master()).port}`;
    const resume = silence(group.sentinels.slice(1));
    const late = 'Redis did not answer within 300 ms';
    await expect(log.look(wholeLog)).rejects.toThrow(
      `no majority of the sentinels names a master (${one}: ${master}; ${two}: ${late}; ${three}: ${late})`,
    );
    expect(redis.up).toBe(true);
    await eventually(() => logs('redis.unknown').length > 0);
    resume();
    expect((await eventually(() => log.look(wholeLog))).era).toBe(era);
  });

  test('while those who answer name different ones nothing is proven, and the log says so, once', async () => {
    const { telemetry, logs } = listen();
    const log = openLog(await openRedis(group.settings, { telemetry, timeoutMs: 500 }), newPrefix());
    const { era } = await eventually(() => log.look(wholeLog));
    const master = await group.master();
    const elsewhere = await startRedis();
    onTestFinished(() => elsewhere.stop());
    const [first, second] = group.sentinels as [RunningRedis, RunningRedis];
    await group.watch(elsewhere, [first]);
    onTestFinished(() => group.watch(master, [first]));
    expect((await log.look(wholeLog)).era).toBe(era);
    silence([second]);
    const line = await eventually(() => logs('redis.unknown')[0]);
    for (const { port } of [master, elsewhere]) {
      expect(line).toMatchObject({ err: { message: expect.stringContaining(`: 127.0.0.1:${port}`) } });
    }
    for (let i = 0; i < 3; i++) await expect(log.look(wholeLog)).rejects.toThrow('no majority');
    expect(logs('redis.unknown')).toHaveLength(1);
    await group.watch(master, [first]);
    expect((await eventually(() => log.look(wholeLog))).era).toBe(era);
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

describe('P6 agreement in time › an old master that lives on', () => {
  /** All processes look all the time. */
  async function expectProvenInOrder(processes: readonly Process[], era: string): Promise<void> {
    const looks = (await Promise.all(processes.map((process) => lookUntilElsewhere(process, era)))).flat();
    const isOld = (look: Seen) => look.era === era;
    const provenElsewhereAtMs = Math.min(...looks.flatMap((look) => (isOld(look) ? [] : [look.endedAtMs])));
    expect(looks.filter(isOld).length).toBeGreaterThan(0);
    expect(looks.filter((look) => isOld(look) && look.beganAtMs > provenElsewhereAtMs)).toEqual([]);
  }

  test('proves nothing once somebody is proven elsewhere, though it answers as before', async () => {
    const { group, prefix, processes, one } = await start({ processes: 4 });
    const { era } = await one.log.look(wholeLog);
    const old = await group.master();
    const elsewhere = await startRedis();
    onTestFinished(() => elsewhere.stop());
    await Promise.all([expectProvenInOrder(processes, era), group.watch(elsewhere)]);
    expect(await old.send('ROLE')).toContain('master');
    const told = openLog(await openRedis(old.url, { prefix }), prefix);
    expect((await told.look(wholeLog)).era).toBe(era);
  });

  test('is not in its old era when it is the master again: what was acknowledged elsewhere is not in its log', async () => {
    const { group, prefix, processes, one, two } = await start();
    const { era } = await one.log.look(wholeLog);
    const old = await group.master();
    const elsewhere = await startRedis();
    onTestFinished(() => elsewhere.stop());
    const leave = () => Promise.all(processes.map((process) => lookUntilElsewhere(process, era)));
    await Promise.all([leave(), group.watch(elsewhere)]);
    const { era: between } = await one.log.look(wholeLog);
    expect(await old.send('HGET', controlKeys(prefix).control, 'era')).toBe(era);
    await group.watch(old);
    const [looks] = await Promise.all([one, two].map((process) => lookUntilElsewhere(process, between)));
    const found = looks?.at(-1)?.era;
    expect([era, between]).not.toContain(found);
    expect((await two.log.look(wholeLog)).era).toBe(found);
    expect(await old.send('HGET', controlKeys(prefix).control, 'era')).toBe(found);
  });

  test('proves nothing once somebody is proven on the promoted one: an operator fails over', async () => {
    const { group, processes, one } = await start({ processes: 4 });
    const { era } = await one.log.look(wholeLog);
    const old = await group.master();
    await Promise.all([expectProvenInOrder(processes, era), group.failOver()]);
    expect(await old.send('ROLE')).toContain('master');
  });
});

describe('P7 degrades, never dies › a failover', () => {
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

    await group.failOver();
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
    // Without any sentinel the store stands, and the log proves nothing.
    await Promise.all([...group.sentinels, stray].map((sentinel) => sentinel.kill()));
    await expect(one.log.look(wholeLog)).rejects.toThrow('no majority');
    expect([one.redis.up, await one.store.getMany([key.value])]).toEqual([true, ['text']]);
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
    await group.failOver();
    const look = await eventually(() => one.log.look(wholeLog), 20_000);
    expect(look.era).not.toBe(era);
    master.resume();
    for (let i = 0; i < 20; i++) expect((await one.log.look(wholeLog)).era).toBe(look.era);
    expect(await eventually(() => cutOff.append(era, begin('2')))).toBeDefined();
    expect(await cutOff.replicated()).toBe(false);
  });
});
