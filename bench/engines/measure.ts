/**
 * One engine at one work, once, in a process of its own:
 *
 *   started ─► every row stored, and compared ─► warmed up ─► timed ─► was it all where it should be?
 */
import type { RunningRedis } from '../../tests/support/redis.ts';
import type { Subject } from './engines.ts';
import { Host } from './host.ts';
import type { Checked } from './worker.ts';
import type { Work } from './works.ts';

export type Amount = {
  /** How long each is timed, and before it warmed up. */
  ms: number;
  warmMs: number;
  /** How many rows there are in Redis, and how many of them memory holds. */
  rowCount: number;
  memoryRows: number;
};

export type Figure = {
  /** From call to call: where several are under way, each takes as many times longer. */
  us: number;
  /** CPU time of the process for one call. */
  cpuUs: number;
  datesAre: Checked['datesAre'];
};

/** @throws When it answers otherwise than it should, or from elsewhere. */
export async function measure(
  redis: RunningRedis,
  subject: Subject,
  work: Work,
  { ms, warmMs, rowCount, memoryRows }: Amount,
): Promise<Figure> {
  await redis.send('FLUSHALL');
  const { place } = work;
  const rows = place === 'memory' ? 1 : rowCount;
  const host = await Host.open({ subject, redisUrl: redis.url.href, memoryRows, place, rowCount: rows });
  try {
    await host.fill();
    const { fault, datesAre } = await host.check();
    if (fault !== undefined) throw new Error(fault);
    await host.time(work, warmMs);
    const before = { reads: await host.reads(), found: await foundIn(redis) };
    const timed = await host.time(work, ms);
    const reads = (await host.reads()) - before.reads;
    if (reads > 0) throw new Error(`It read upstream ${reads} times, for what it should have kept.`);
    const found = (await foundIn(redis)) - before.found;
    const asked = timed.calls * work.rowsPerCall;
    if (place === 'redis' && found < asked) throw new Error(`It found ${found} in Redis, of ${asked} that it gave.`);
    return { us: (1_000 * timed.ms) / timed.calls, cpuUs: timed.cpuUs / timed.calls, datesAre };
  } finally {
    await host.close();
  }
}

/** How many keys Redis has found so far, by its own count. */
async function foundIn(redis: RunningRedis): Promise<number> {
  return Number(/keyspace_hits:(\d+)/.exec(await redis.send<string>('INFO', 'stats'))?.[1]);
}
