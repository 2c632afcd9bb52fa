/**
 * One process of the gateway, without its server: a resource over the real engine, Redis and REST client, composed as
 * `src/gateway.ts` does it, with a gate wherever the engine waits for somebody. It looks at the log when it is told to.
 */
import { systemClock } from '../../src/cache/clock.ts';
import { Deadline } from '../../src/cache/deadline.ts';
import { assembleEngine } from '../../src/cache/engine.ts';
import { codeOf } from '../../src/cache/errors.ts';
import { Follower } from '../../src/cache/follower.ts';
import { controlKeys } from '../../src/cache/keys.ts';
import type { Log } from '../../src/cache/log.ts';
import { MemoryTier } from '../../src/cache/memory.ts';
import type { Outcome, ReadRequest } from '../../src/cache/outcome.ts';
import { Redis } from '../../src/cache/redis.ts';
import { RedisLog } from '../../src/cache/redis-log.ts';
import { RedisStore } from '../../src/cache/redis-store.ts';
import { type Catalog, catalogs } from '../../src/catalog/catalogs.ts';
import { readConfig } from '../../src/config.ts';
import type { PageQuery } from '../../src/data/reader.ts';
import { CachedResource } from '../../src/data/resource.ts';
import { openUpstream } from '../../src/upstream/index.ts';
import { listen } from '../cache/parts.ts';
import { Gates, type Hold, type Point } from './gates.ts';
import { newTitle, oldTitle, raced } from './rows.ts';

export type ProcessOptions = {
  redisUrl: URL;
  upstreamUrl: string;
  prefix: string;
  /** How much time has passed by Redis' clock beyond its own, in ms. */
  passedMs(): number;
  redisTimeoutMs?: number;
  leaseMs?: number;
};

/** What a reader is shown of the raced row, by id and in pages; where a read fails, the code of its failure. */
export type Sight = { byId: string; firstInOrder: string; lastInOrder: string; foundByOld: string; foundByNew: string };

const policy = { maxAgeMs: 60_000, staleWhileRevalidateMs: 600_000, staleIfErrorMs: 86_400_000 };

/** Beyond what any test takes: only what a test does tells a process that something changed. */
const neverMs = 600_000;

/** Without versions nothing but the log tells old rows from new ones. */
const definition = { ...catalogs, versionOf: () => undefined };

export type Process = Awaited<ReturnType<typeof startProcess>>;

export async function startProcess(options: ProcessOptions) {
  const { redisTimeoutMs = 10_000, leaseMs = 20_000, prefix } = options;
  const gates = new Gates();
  const { telemetry } = listen();
  const shared = { clock: systemClock, random: Math.random, telemetry };
  const { redis: reached } = readConfig({ REDIS_URL: options.redisUrl.href, REDIS_CONNECT_TIMEOUT_MS: '10000' });
  if (reached === undefined) throw new Error('no Redis');
  const { control: controlKey } = controlKeys(prefix);
  const redis = await Redis.open({ ...reached, timeoutMs: redisTimeoutMs }, { ...shared, controlKey });
  const log = timeShifted(new RedisLog({ ...shared, redis, prefix, horizonMs: 2 * neverMs }), options.passedMs);
  const follower = new Follower({
    ...shared,
    log: gates.around('log', log, (args) => JSON.stringify(args)),
    coherenceMs: neverMs,
    horizonMs: 2 * neverMs,
    longestWindowMs: policy.maxAgeMs + policy.staleIfErrorMs,
  });
  const store = gates.around('store', new RedisStore(redis), ([keys]) => JSON.stringify(keys));
  const settings = { UPSTREAM_RETRIES: '0', UPSTREAM_CONCURRENCY: '1' };
  const client = openUpstream({
    url: new URL(options.upstreamUrl),
    settings: readConfig(settings).upstream,
    budgetMs: 10_000,
    telemetry,
  });
  const resource = new CachedResource<Catalog>({
    engine: assembleEngine({
      ...shared,
      prefix,
      follower,
      store,
      memory: new MemoryTier({ maxBytes: 1 << 24 }),
      leaseMs,
    }),
    upstream: gates.around('upstream', client, ([, ids]) => String(ids)),
    definition,
    policies: { page: policy, entity: policy },
    settleMs: policy.maxAgeMs,
  });
  await follower.tick();

  async function asking<R>(ask: (request: ReadRequest) => Promise<R>): Promise<R> {
    const deadline = new Deadline(systemClock, 20_000);
    return ask({ deadline, note: () => {} }).finally(() => deadline.end());
  }
  const page = (query: Partial<PageQuery>) =>
    asking(async (request) => {
      const { edges } = await resource.reader(request).page({ order: 'TITLE', direction: 'ASC', ...query });
      return edges.map(({ node }) => node.title).join() || 'nothing';
    }).catch(codeOf);
  const found = (text: string) => page({ first: 2, filter: { titleContains: text } });

  const self = {
    redis,
    hold: (point: Point): Hold => gates.hold(point),
    /** Learns what stands in the log by now. */
    hears: () => follower.tick(),
    /** Title of the raced row, or the code of the failure. */
    read: (note?: (outcome: Outcome) => void) =>
      asking(async ({ deadline }) => {
        const row = await resource.reader({ deadline, note: note ?? (() => {}) }).load(raced);
        return row?.title ?? 'nothing';
      }).catch(codeOf),
    /** Title that comes first in the order of titles. */
    page: () => page({ first: 1 }),
    see: async (): Promise<Sight> => {
      const parts = [self.read(), page({ first: 1 }), page({ last: 1 }), found(oldTitle), found(newTitle)] as const;
      const [byId, firstInOrder, lastInOrder, foundByOld, foundByNew] = await Promise.all(parts);
      return { byId, firstInOrder, lastInOrder, foundByOld, foundByNew };
    },
    change: () => resource.invalidate([raced], { purge: false, source: 'test' }),
    purge: () => resource.invalidate([raced], { purge: true, source: 'test' }),
    reset: () => resource.reset({ purge: false, source: 'test' }),
    purgeAll: () => resource.reset({ purge: true, source: 'test' }),
    close: async () => {
      follower.stop();
      await client.close();
      await store.close();
    },
  };
  return self;
}

/** Ages are counted on Redis' clock; moved on there, they grow everywhere. */
function timeShifted(log: RedisLog, passedMs: () => number): Log {
  return {
    scope: log.scope,
    look: async (from) => {
      const look = await log.look(from);
      return { ...look, timeMs: look.timeMs + passedMs() };
    },
    append: (era, record) => log.append(era, record),
    replicated: () => log.replicated(),
    wait: (era, position, until) => log.wait(era, position, until),
  };
}
