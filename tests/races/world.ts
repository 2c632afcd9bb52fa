/** A world to race in: real Redis, the embedded upstream by real HTTP, and as many processes as are started. */
import { onTestFinished } from 'vitest';
import { startEmbeddedUpstream } from '../../src/embedded/index.ts';
import type { RunningRedis } from '../support/redis.ts';
import type { Racers } from './changes.ts';
import { type Process, type ProcessOptions, startProcess } from './process.ts';
import { lots, newTitle, oldTitle, raced, row } from './rows.ts';

export type WorldOptions = {
  redis: RunningRedis;
  /** Other rows than the raced one, 10 when absent. */
  others?: number;
  /** Where the raced row stands in the upstream's own order, last when absent. */
  raced?: 'first' | 'last' | 'not yet';
};

export type World = Awaited<ReturnType<typeof openWorld>>;

let worlds = 0;

/** Closed after the test. Each has keys of its own. */
export async function openWorld({ redis, others = 10, raced: place = 'last' }: WorldOptions) {
  const old = row(raced, oldTitle);
  const rows = { first: [old, ...lots(others)], last: [...lots(others), old], 'not yet': lots(others) }[place];
  const upstream = await startEmbeddedUpstream({ collections: { catalogs: rows } });
  const prefix = `race-${process.pid}-${worlds++}`;
  const processes: Process[] = [];
  let passedMs = 0;
  onTestFinished(async () => {
    await Promise.all(processes.map((one) => one.close()));
    await upstream.close();
  });
  const shared = { upstreamUrl: upstream.url, prefix, passedMs: () => passedMs };

  return {
    upstream,
    prefix,
    /** A process that holds nothing yet. */
    start: async (options: Partial<ProcessOptions> = {}): Promise<Process> => {
      const started = await startProcess({ redisUrl: redis.url, ...shared, ...options });
      processes.push(started);
      return started;
    },
    /** Upstream has the old row, where it had none. */
    write: () => upstream.collections.put('catalogs', old),
    /** Upstream has the new row in place of the old one. */
    rewrite: () => upstream.collections.put('catalogs', row(raced, newTitle)),
    /** What Redis keeps of the row by itself, in whatever generation. */
    kept: async (): Promise<string[]> => {
      const keys = await redis.scan(`${prefix}:{catalog:*:${raced}`);
      return Promise.all(keys.map(async (key) => String(await redis.send('GET', key))));
    },
    /** Time passes by Redis' clock, and all know. */
    passes: async (ms: number): Promise<void> => {
      passedMs += ms;
      await Promise.all(processes.map((one) => one.hears()));
    },
  };
}

/** Two processes with a view from before the row was there. */
export async function openWarm(redis: RunningRedis): Promise<Racers> {
  const world = await openWorld({ redis, raced: 'not yet' });
  const [one, two] = [await world.start(), await world.start()];
  await one.page();
  await two.page();
  world.write();
  return { world, one, two };
}

/** The row is in the memory of `one` and in Redis, and stale in both. */
export async function openStale(redis: RunningRedis): Promise<Racers> {
  const racers = await openWarm(redis);
  await racers.one.read();
  await racers.world.passes(61_000);
  return racers;
}
