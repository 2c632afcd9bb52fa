/**
 * A gateway put together: settings and what to serve in, a listening server out. `main.ts` does it for auction
 * catalogues, `examples/posts/` for another API, tests for both.
 *
 *   settings ─► log and store (Redis, or this process) ─► engine ─┐
 *   definitions, schema ─► policies ──────────────────────────────┼─► resources ─► server
 *   upstream client ──────────────────────────────────────────────┘
 */
import type { GraphQLSchema } from 'graphql';
import { type Clock, type Random, systemClock } from './cache/clock.ts';
import { Deliveries } from './cache/deliveries.ts';
import { assembleEngine } from './cache/engine.ts';
import { Follower } from './cache/follower.ts';
import { controlKeys } from './cache/keys.ts';
import type { Log } from './cache/log.ts';
import { MemoryTier } from './cache/memory.ts';
import { MemoryLog } from './cache/memory-log.ts';
import type { Policy } from './cache/policy.ts';
import { ProcessStore } from './cache/process-store.ts';
import { Redis } from './cache/redis.ts';
import { RedisLog } from './cache/redis-log.ts';
import { RedisStore } from './cache/redis-store.ts';
import type { Store } from './cache/store.ts';
import type { Config } from './config.ts';
import { Answers } from './data/answers.ts';
import { drainDeadlineMs } from './data/base.ts';
import type { Definition } from './data/definition.ts';
import { Journal } from './data/journal.ts';
import { CachedResource } from './data/resource.ts';
import { policiesOf } from './graphql/index.ts';
import { type Coherence, type ListenOptions, listen, type MetricsPage, type Server } from './server/index.ts';
import type { Telemetry } from './telemetry/index.ts';
import { openUpstream } from './upstream/index.ts';

export type GatewayOptions = {
  config: Config;
  telemetry: Telemetry;
  /** Base of the REST API. */
  upstreamUrl: URL;
  schema: GraphQLSchema;
  // biome-ignore lint/suspicious/noExplicitAny: definitions of different rows in one list; each is checked where it is made.
  definitions: readonly Definition<any>[];
  /** What `/metrics` shows instead of this process' own. */
  metricsPage?: MetricsPage;
  /** How long idle connections stay open at the end, for clients that do not know of it yet. */
  lingerMs?: number;
  /**
   * Plugins of Apollo Server. One that has `requestDidStart` sees every request; so nothing is kept whole or compiled
   * then, and each answer is made by Apollo. Rows are cached as ever.
   */
  plugins?: ListenOptions['plugins'];
  clock?: Clock;
  random?: Random;
};

export type Gateway = Pick<Server, 'url' | 'adminUrl' | 'stopListening'> & {
  /** Requests under way finish, then everything is closed. */
  close(): Promise<void>;
};

/** What is read upstream must leave a request time to fall back on what is held. */
const upstreamShareOfRequest = 0.8;

/** @throws When the schema declares no freshness for a resource, or a port is taken. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { config, telemetry, schema, definitions, clock = systemClock, random = Math.random } = options;
  if (config.workers > 1) throw new Error(`WORKERS=${config.workers} is for vitrine serve: this starts one process.`);
  const policies = policiesOf(schema);
  const horizonMs = horizonOf(config, [...policies.values()]);
  const upstream = openUpstream({
    url: options.upstreamUrl,
    settings: config.upstream,
    budgetMs: config.requestTimeoutMs * upstreamShareOfRequest,
    telemetry,
    random,
  });
  const { control: controlKey } = controlKeys(config.cache.prefix);
  const redis = config.redis && (await Redis.open(config.redis, { clock, telemetry, controlKey }));
  const shared = openShared({ redis, config, clock, random, horizonMs });
  const follower = new Follower({
    ...shared,
    clock,
    random,
    telemetry,
    coherenceMs: config.cache.coherenceMs,
    horizonMs,
    longestWindowMs: Math.max(
      ...[...policies.values()].map(({ maxAgeMs, staleIfErrorMs }) => maxAgeMs + staleIfErrorMs),
    ),
  });
  const engine = assembleEngine({
    prefix: config.cache.prefix,
    clock,
    random,
    telemetry,
    follower,
    store: shared.store,
    memory: new MemoryTier({ maxBytes: config.cache.memoryMaxBytes }),
    leaseMs: config.cache.leaseMs,
  });
  const journal = new Journal();
  const resources = definitions.map(
    (definition) =>
      new CachedResource({
        engine,
        upstream,
        definition,
        policies: {
          page: policyFor(policies, `${definition.type}Connection`),
          entity: policyFor(policies, definition.type),
        },
        settleMs: config.upstream.settleMs,
        journal,
      }),
  );
  await follower.tick();
  const following = follower.run();

  async function closeParts(): Promise<void> {
    follower.stop();
    await upstream.close();
    await shared.store.close();
    await following;
  }

  try {
    const coherence = (): Coherence => ({ ...follower.status(), scope: follower.scope, redis: redisStatus(redis) });
    const server = await listen({
      ...options,
      clock,
      resources,
      upstream,
      coherence,
      answers: new Answers({ follower, journal, resources }),
      reached: (token, deadline) => follower.reached(token, deadline),
      deliveries: new Deliveries(engine),
    });
    for (const resource of resources) resource.warm();
    return {
      url: server.url,
      adminUrl: server.adminUrl,
      stopListening: () => server.stopListening(),
      close: async () => {
        await server.close();
        await closeParts();
      },
    };
  } catch (error) {
    await closeParts();
    throw error;
  }
}

type SharedOptions = { redis: Redis | undefined; config: Config; clock: Clock; random: Random; horizonMs: number };

/** Where changes and values are shared: in Redis when there is one, else within this process. */
function openShared({ redis, config, clock, random, horizonMs }: SharedOptions): { log: Log; store: Store } {
  if (redis === undefined) {
    const maxBytes = config.cache.memoryMaxBytes / 4;
    return { log: new MemoryLog({ clock, random, horizonMs }), store: new ProcessStore({ clock, maxBytes }) };
  }
  const log = new RedisLog({ redis, clock, random, prefix: config.cache.prefix, horizonMs });
  return { log, store: new RedisStore(redis) };
}

/** How far back the log reaches: past anything that may still be served, and past a drain under way. */
function horizonOf(config: Config, policies: readonly Policy[]): number {
  const longest = policies.map(({ maxAgeMs, staleWhileRevalidateMs }) => maxAgeMs + staleWhileRevalidateMs);
  return Math.max(config.cache.horizonMs, 2 * drainDeadlineMs, ...longest);
}

function policyFor(policies: ReadonlyMap<string, Policy>, type: string): Policy {
  const policy = policies.get(type);
  if (policy === undefined) throw new Error(`The schema declares no @cacheControl(maxAge: …) on type ${type}.`);
  return policy;
}

function redisStatus(redis: Redis | undefined): Coherence['redis'] {
  if (redis === undefined) return 'off';
  return redis.up ? 'ok' : 'down';
}
