/** `REDIS_WAIT_REPLICAS`: what a real master and its replicas say of what was appended. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/cache/clock.ts';
import { RedisLog } from '../../src/cache/redis-log.ts';
import { eventually, type RunningRedis, startRedis } from '../support/redis.ts';
import { changed, wholeLog } from './log-contract.ts';
import { horizonMs, openRedis } from './parts.ts';

let master: RunningRedis;
let replica: RunningRedis;
beforeAll(async () => {
  master = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] });
  replica = await startRedis({ args: ['--replicaof', `127.0.0.1 ${master.port}`] });
  await eventually(async () => (await master.send<string>('INFO', 'replication')).includes('state=online'));
});
afterAll(async () => {
  await replica.stop();
  await master.stop();
});

type Options = { replicas: number; timeoutMs?: number; of?: RunningRedis };

async function openLog({ replicas, timeoutMs = 10_000, of = master }: Options) {
  const settings = { REDIS_URL: of.url.href, REDIS_WAIT_REPLICAS: String(replicas) };
  const redis = await openRedis(settings, { timeoutMs, prefix: 'replicated' });
  const log = new RedisLog({ redis, clock: systemClock, random: Math.random, prefix: 'replicated', horizonMs });
  const { era } = await log.look(wholeLog);
  return { log, era };
}

function pause(server: RunningRedis): void {
  server.pause();
  onTestFinished(() => server.resume());
}

describe('what was appended', () => {
  test('is on a replica when the log says so', async () => {
    const { log, era } = await openLog({ replicas: 1 });
    await eventually(() => log.replicated()); // Its connection is there.
    const stream = `{replicated}:log:${era}`;
    for (let index = 0; index < 20; index++) {
      await log.append(era, changed('own', `${index}`));
      expect(await log.replicated()).toBe(true);
      expect(await replica.send('XLEN', stream)).toBe(await master.send('XLEN', stream));
    }
  });

  test('is on two only where there are two', async () => {
    const { log } = await openLog({ replicas: 2, timeoutMs: 100 });
    for (let index = 0; index < 3; index++) expect(await log.replicated()).toBe(false);
  });

  test('is told within the deadline while the replica is silent, and nothing else waits for it', async () => {
    const { log, era } = await openLog({ replicas: 1, timeoutMs: 1_000 });
    await eventually(() => log.replicated());
    pause(replica);
    let told = false;
    // Those who come while the first is under way share one.
    const asked = Promise.all(Array.from({ length: 20 }, () => log.replicated())).finally(() => {
      told = true;
    });
    for (let index = 0; index < 5; index++) {
      expect(await log.append(era, changed('own', `${index}`))).toBeDefined();
      expect((await log.look(wholeLog)).era).toBe(era);
    }
    expect(told).toBe(false);
    const beganAtMs = performance.now();
    expect(new Set(await asked)).toEqual(new Set([false]));
    expect(performance.now() - beganAtMs).toBeLessThan(8_000);
    replica.resume();
    await eventually(() => log.replicated());
  });

  test('is on none that is known while the master is silent', async () => {
    const { log } = await openLog({ replicas: 1, timeoutMs: 300 });
    pause(master);
    expect(await log.replicated()).toBe(false);
  });

  test('is asked of nobody, and by no connection of its own, where no replicas are asked for', async () => {
    const alone = await startRedis();
    onTestFinished(() => alone.stop());
    const { log } = await openLog({ replicas: 0, of: alone });
    expect(await log.replicated()).toBe(true);
    // The two that there always are, and that of the question.
    expect((await alone.send<string>('CLIENT', 'LIST')).trim().split('\n')).toHaveLength(3);
    expect(await alone.send<string>('INFO', 'commandstats')).not.toContain('cmdstat_wait');
  });
});
