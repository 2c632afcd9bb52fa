/** Vitrine's own engine, put together as the gateway does it, without collections and without HTTP. */
import { Changes } from '../../src/cache/changes.ts';
import { systemClock } from '../../src/cache/clock.ts';
import { Deadline } from '../../src/cache/deadline.ts';
import { assembleEngine } from '../../src/cache/engine.ts';
import { Follower } from '../../src/cache/follower.ts';
import { controlKeys } from '../../src/cache/keys.ts';
import { MemoryTier } from '../../src/cache/memory.ts';
import { Namespace, type Result } from '../../src/cache/namespace.ts';
import type { Policy } from '../../src/cache/policy.ts';
import { Redis } from '../../src/cache/redis.ts';
import { RedisLog } from '../../src/cache/redis-log.ts';
import { RedisStore } from '../../src/cache/redis-store.ts';
import { type Catalog, catalogs } from '../../src/catalog/catalogs.ts';
import { readConfig } from '../../src/config.ts';
import { startTelemetry } from '../../src/telemetry/index.ts';
import type { Engine, Opening } from './engine.ts';

const dayMs = 86_400_000;
/** As long as the others keep it, so that nothing grows old while it is measured. */
const policy: Policy = { maxAgeMs: dayMs, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 };
/** The others have no deadline: on a busy machine, a row that Redis gives late is to be late and not read upstream. */
const settings = { NODE_ENV: 'production', LOG_LEVEL: 'error', REDIS_TIMEOUT_MS: '10000' };
/** What a row takes in memory, by the tier's own rough measure. */
const rowBytes = 1_000;

export function open({ memoryRows, ...opening }: Opening): Promise<Engine> {
  return openOver(new MemoryTier({ maxBytes: memoryRows * rowBytes }), opening);
}

export async function openOver(
  memory: MemoryTier,
  { redisUrl, read }: Pick<Opening, 'redisUrl' | 'read'>,
): Promise<Engine> {
  const config = readConfig({ ...settings, REDIS_URL: redisUrl });
  const { prefix, coherenceMs, leaseMs } = config.cache;
  if (config.redis === undefined) throw new Error('There is no Redis.');
  const shared = { clock: systemClock, random: Math.random, telemetry: startTelemetry(config.log) };
  const redis = await Redis.open(config.redis, { ...shared, controlKey: controlKeys(prefix).control });
  const log = new RedisLog({ ...shared, redis, prefix, horizonMs: dayMs });
  const follower = new Follower({ ...shared, log, coherenceMs, horizonMs: dayMs, longestWindowMs: dayMs });
  const store = new RedisStore(redis);
  const engine = assembleEngine({ ...shared, prefix, follower, store, memory, leaseMs });
  const { name, endpoint, versionOf } = catalogs;
  const namespace = new Namespace<Catalog>(engine, {
    name,
    codec: endpoint.codec,
    idOf: endpoint.idOf,
    versionOf,
    policy,
    settleMs: config.upstream.settleMs,
    read: async (ids) => new Map(await Promise.all(ids.map(async (id) => [id, await read(id)] as const))),
  });
  follower.listen(name, {
    changed: (ids, { hard }) => namespace.changed(ids, { hard }),
    eraBegan: () => {},
    forget: () => namespace.forget(),
  });
  const changes = new Changes(namespace, engine);
  await follower.tick();
  void follower.run();

  async function getMany(ids: readonly string[]): Promise<unknown[]> {
    // One for each request, as the gateway has it.
    const deadline = new Deadline(systemClock, config.requestTimeoutMs);
    const results = await namespace.get(ids, { deadline, note: () => {} });
    deadline.end();
    return ids.map((id) => rowOf(results.get(id)));
  }

  return {
    getMany,
    get: async (id) => (await getMany([id]))[0],
    invalidate: (id) => changes.change({ ids: [id], hard: false, source: 'bench' }),
  };
}

function rowOf(result: Result<Catalog> | undefined): unknown {
  if (result === undefined || 'error' in result) throw result?.error ?? new Error('There is no answer.');
  return result.entry.value;
}
