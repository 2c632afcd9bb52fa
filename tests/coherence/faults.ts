/**
 * Single faults: what each is, how it comes and goes, and what must tell an operator of it.
 *
 * Where nothing is said, every request is owed its right answer throughout: a Redis that fails costs time and upstream
 * reads, and no answer. Only while upstream cannot be read may there be coded errors, and what is held on error.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { EmbeddedUpstream } from '../../src/embedded/index.ts';
import type { Deployment, Replica } from './deployment.ts';
import type { Readiness } from './gateway.ts';
import type { Line } from './line.ts';
import type { Metrics } from './metrics.ts';
import type { Unreadable } from './record.ts';
import { ages, coherenceMs, redisUser } from './settings.ts';
import type { Writing } from './traffic.ts';

export type Fault = {
  name: string;
  /** @param nth - How often it came before. */
  cause(at: Deployment, nth: number): unknown;
  /** Absent when it is over as soon as it has come. */
  heal?(at: Deployment): unknown;
  /** It comes again and again while it lasts, in ms. */
  againEveryMs?: number;
  /** As long as it lasts, coded errors and what is held on error are right answers: to all, or where pages are asked for. */
  upstreamFails?: Unreadable;
  /** What upstream gives may be out of date by so much as it is read, in ms. */
  upstreamLagMs?: number;
  /** In ms, where it takes longer than others to show. */
  lastsMs?: number;
  /** Places whose process does not run meanwhile: what is asked there is answered late or never. */
  away?: readonly number[];
  writing?: Writing;
  tells: Signs;
};

/** By what it is known from outside; each that is given must be seen at some gateway while it lasts. */
export type Signs = {
  /** In `/readyz`. */
  readyz?: (checks: Readiness['checks'], status: Readiness['status']) => boolean;
  /** Of `/metrics`, what rises. */
  counter?: (metrics: Metrics) => number;
  /** In `Cache-Status`, or the code of an error. */
  answer?: RegExp;
};

/** The same to the line of each gateway. */
const toAll = (which: 'redisLine' | 'upstreamLine', act: (line: Line) => void) => (at: Deployment) => {
  for (const replica of at.replicas) act(replica[which]);
};

const first = ({ replicas }: Deployment) => replicas[0] as Replica;
const second = ({ replicas }: Deployment) => replicas[1] as Replica;

const isDegraded: Signs['readyz'] = (checks) => checks.coherence?.status === 'degraded';
const isDown: Signs['readyz'] = (checks) => checks.redis?.status === 'down' && checks.coherence?.status === 'degraded';
const upstreamIsDown: Signs['readyz'] = (checks) => checks.upstream?.status === 'down';

const storeOperations = (outcome: string) => (metrics: Metrics) =>
  metrics.sum('vitrine_store_operation_duration_seconds_count', { outcome });
/** Of more than 100 ms. */
const slowStoreOperations = (metrics: Metrics) =>
  metrics.sum('vitrine_store_operation_duration_seconds_count') -
  metrics.sum('vitrine_store_operation_duration_seconds_bucket', { le: '0.1' });
const upstreamRequests = (status: string) => (metrics: Metrics) =>
  metrics.sum('vitrine_upstream_requests_total', { status });
const drains = (outcome: string) => (metrics: Metrics) =>
  metrics.sum('vitrine_drain_duration_seconds_count', { collection: 'catalogs', outcome });
const eras = (metrics: Metrics) => metrics.sum('vitrine_coherence_eras_total');

const redisFaults: readonly Fault[] = [
  {
    name: 'Redis stopped',
    cause: ({ redis }) => redis.stop(),
    heal: ({ redis }) => redis.restart(),
    tells: { readyz: isDown, counter: storeOperations('timeout') },
  },
  {
    name: 'Redis paused (SIGSTOP)',
    cause: ({ redis }) => redis.pause(),
    heal: ({ redis }) => redis.resume(),
    tells: { readyz: isDegraded, counter: storeOperations('timeout') },
  },
  {
    name: 'Redis flushed, again and again',
    cause: ({ redis }) => redis.send('FLUSHALL'),
    againEveryMs: 400,
    tells: { counter: eras },
  },
  {
    name: 'Redis restarted empty, again and again',
    cause: ({ redis }) => redis.restart(),
    againEveryMs: 700,
    tells: { counter: eras },
  },
  {
    name: 'control hash and change log deleted, by turns',
    cause: async ({ redis }, nth) => {
      for (const key of await redis.scan(nth % 2 === 0 ? '{vitrine}:control' : '{vitrine}:log:*')) {
        await redis.send('DEL', key);
      }
    },
    againEveryMs: 300,
    tells: { counter: eras },
  },
  {
    name: 'Redis slow, within its deadline (60 ms each way)',
    cause: toAll('redisLine', (line) => line.slow(60)),
    heal: toAll('redisLine', (line) => line.pass()),
    tells: { counter: slowStoreOperations },
  },
  {
    name: 'Redis slow, beyond its deadline (150 ms each way)',
    cause: toAll('redisLine', (line) => line.slow(150)),
    heal: toAll('redisLine', (line) => line.pass()),
    tells: { readyz: isDegraded, counter: storeOperations('timeout') },
  },
  {
    name: 'Redis silent to one gateway of two',
    cause: (at) => first(at).redisLine.silence(),
    heal: (at) => first(at).redisLine.pass(),
    tells: { readyz: isDegraded, counter: storeOperations('timeout') },
  },
  {
    name: 'Redis flushed behind the back of a gateway that is cut off',
    cause: (at) => first(at).redisLine.silence(),
    heal: async (at) => {
      await at.redis.send('FLUSHALL');
      first(at).redisLine.pass();
    },
    tells: { readyz: isDegraded, counter: storeOperations('timeout') },
  },
  {
    name: 'connections to Redis cut, again and again',
    cause: toAll('redisLine', (line) => line.cut()),
    againEveryMs: 150,
    // What was under way fails with its connection; what comes before there is another, at once.
    tells: { counter: (metrics) => storeOperations('error')(metrics) + storeOperations('timeout')(metrics) },
  },
  {
    name: 'Redis refuses every command (ACL)',
    cause: ({ redis }) => redis.send('ACL', 'SETUSER', redisUser, '-@all'),
    heal: ({ redis }) => redis.send('ACL', 'SETUSER', redisUser, '+@all'),
    tells: { readyz: isDegraded, counter: storeOperations('error') },
  },
  {
    name: 'Redis refuses to write (maxmemory, noeviction)',
    cause: async ({ redis }) => {
      await redis.send('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
      await redis.send('CONFIG', 'SET', 'maxmemory', '1');
    },
    heal: ({ redis }) => redis.send('CONFIG', 'SET', 'maxmemory', '0'),
    tells: { readyz: isDegraded, counter: storeOperations('error') },
  },
];

const upstreamFaults: readonly Fault[] = [
  {
    name: 'upstream down (connections refused)',
    cause: toAll('upstreamLine', (line) => line.refuse()),
    heal: toAll('upstreamLine', (line) => line.pass()),
    upstreamFails: 'all',
    tells: { readyz: upstreamIsDown, counter: upstreamRequests('network'), answer: /stale-if-error/ },
  },
  {
    name: 'upstream hangs',
    cause: ({ upstream }) => upstream.faults.set({ hang: true }),
    heal: ({ upstream }) => upstream.faults.reset(),
    upstreamFails: 'all',
    lastsMs: 3_000,
    tells: { readyz: upstreamIsDown, counter: upstreamRequests('timeout'), answer: /UPSTREAM_TIMEOUT|stale-if-error/ },
  },
  {
    name: 'upstream answers half of all with errors',
    cause: ({ upstream }) => upstream.faults.set({ errorRate: 0.5 }),
    heal: ({ upstream }) => upstream.faults.reset(),
    upstreamFails: 'all',
    tells: { readyz: upstreamIsDown, counter: upstreamRequests('503') },
  },
  {
    name: 'upstream slow, within its deadline (300 ms)',
    cause: ({ upstream }) => upstream.faults.set({ latencyMs: 300 }),
    heal: ({ upstream }) => upstream.faults.reset(),
    // Two looks at a collection are 300 ms apart: one that rows come to or go from more often drifts.
    writing: { onlyRewrites: true },
    tells: { answer: /hit; ttl=-/ },
  },
  {
    name: 'upstream drifts: each page read is out of date',
    cause: (at) => {
      at.upstream.faults.set({ latencyMs: { value: 1, routes: ['/catalogs'] } });
      at.onPageMade = () => swapRows(at);
    },
    heal: (at) => {
      at.upstream.faults.reset();
      at.onPageMade = () => {};
    },
    upstreamFails: 'collections',
    // Until no page that was read before it may be served.
    lastsMs: ages.staleMs + 800,
    tells: {
      answer: /stale-if-error/,
      readyz: (checks) => checks.catalogs?.status === 'failed',
      counter: drains('drifted'),
    },
  },
  {
    name: 'upstream lags behind the changes it tells of (300 ms)',
    cause: () => {},
    heal: () => {},
    writing: { lagMs: 300 },
    tells: { counter: (metrics) => metrics.sum('vitrine_changes_total', { source: 'admin' }) },
  },
  {
    name: 'upstream lags behind itself on some routes (800 ms)',
    cause: ({ upstream }, nth) => freezeSome(upstream, nth),
    againEveryMs: 800,
    heal: ({ upstream }) => upstream.faults.reset(),
    upstreamLagMs: 900,
    lastsMs: 3_000,
    tells: { counter: (metrics) => metrics.sum('vitrine_cache_rejected_total', { reason: 'older_version' }) },
  },
];

const gatewayFaults: readonly Fault[] = [
  {
    name: 'a gateway paused (SIGSTOP), again and again',
    cause: async (at) => {
      first(at).gateway.pause();
      await delay(1.5 * coherenceMs);
      first(at).gateway.resume();
    },
    againEveryMs: 200,
    away: [0],
    // What it waited for is late when it wakes, and it cannot tell that from an upstream that hangs.
    upstreamFails: 'all',
    tells: {},
  },
  {
    name: 'a gateway killed, and started again',
    cause: (at) => second(at).gateway.kill(),
    heal: (at) => second(at).gateway.start(),
    away: [1],
    tells: {},
  },
  {
    name: 'a gateway started while upstream is down and Redis empty',
    cause: async (at) => {
      toAll('upstreamLine', (line) => line.refuse())(at);
      await at.redis.send('FLUSHALL');
      await second(at).gateway.kill();
      await second(at).gateway.start();
    },
    heal: toAll('upstreamLine', (line) => line.pass()),
    upstreamFails: 'all',
    away: [1],
    tells: { readyz: (_checks, status) => status === 'unready', answer: /UPSTREAM_UNAVAILABLE/ },
  },
];

/** From here on collections are read as they are now, or rows by themselves are; the others as they come to be. */
function freezeSome({ faults }: EmbeddedUpstream, nth: number): void {
  const routes = nth % 2 === 1 ? ['/catalogs/{id}', '/catalogs?ids'] : ['/catalogs'];
  faults.set({ freeze: { routes } });
}

/** A row goes, and another comes, so that the total stays. */
function swapRows({ catalogue }: Deployment): void {
  const [gone] = catalogue.present;
  if (gone !== undefined) catalogue.remove(gone.id);
  catalogue.put(catalogue.freshId());
}

export const faults: readonly Fault[] = [...redisFaults, ...upstreamFaults, ...gatewayFaults];
