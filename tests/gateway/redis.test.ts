/**
 * Two gateways on one Redis, and a Redis that fails under them: P4 to P7 with real servers and the machine's clock.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/cache/clock.ts';
import { type EmbeddedUpstream, makeCatalogue, startEmbeddedUpstream } from '../../src/embedded/index.ts';
import { encodeNodeId } from '../../src/graphql/index.ts';
import { eventually, type RunningRedis, startRedis } from '../support/redis.ts';
import { startRealWorld, today, untilWarm, type World } from '../support/world.ts';

type RealWorld = World<Clock>;
type Readiness = { status: string; checks: Record<string, { status: string; size?: number }> };

let redis: RunningRedis;
let upstream: EmbeddedUpstream;
const worlds: RealWorld[] = [];

beforeEach(async () => {
  redis = await startRedis();
  upstream = await startEmbeddedUpstream({ collections: makeCatalogue(today) });
});
afterEach(async () => {
  redis.resume();
  await Promise.all(worlds.splice(0).map((world) => world.close()));
  await upstream.close();
  await redis.stop();
});

async function start(settings: Record<string, string> = {}): Promise<RealWorld> {
  const world = await startRealWorld({
    settings: { REDIS_URL: redis.url.href, REDIS_TIMEOUT_MS: '2000', COHERENCE_MS: '200', ...settings },
    sharedUpstream: upstream,
  });
  worlds.push(world);
  return world;
}

async function startTwo(): Promise<[RealWorld, RealWorld]> {
  const one = await start();
  await untilWarm(one);
  const two = await start();
  await untilWarm(two);
  return [one, two];
}

const catalog = (world: RealWorld, id: string) =>
  world.query<{ catalog: { title: string } | null }>('query ($id: ID!) { catalog(id: $id) { title } }', {
    id: encodeNodeId('Catalog', id),
  });
const titled = async (world: RealWorld, text: string) => {
  const { data } = await world.query<{ catalogs: { nodes: { sourceId: string }[] } }>(
    'query ($text: String) { catalogs(first: 5, filter: {titleContains: $text}) { nodes { sourceId } } }',
    { text },
  );
  return data.catalogs.nodes.map(({ sourceId }) => sourceId);
};
const ready = async ({ gateway }: RealWorld) => (await (await fetch(`${gateway.url}/readyz`)).json()) as Readiness;
let versions = 0;
const change = (id: string, title: string) => {
  const row = upstream.collections.get('catalogs', '1');
  const updated = new Date(Date.parse('2026-11-23T12:00:00Z') + ++versions * 1000).toISOString();
  upstream.collections.put('catalogs', { ...row, id, title, updated_at: updated });
};

describe('two gateways on one Redis', () => {
  it('share a drain and rows: the second reads nothing upstream', async () => {
    const one = await start();
    await untilWarm(one);
    change('7000', 'shared');
    await catalog(one, '7000');
    upstream.requests.reset();
    const two = await start();
    const pages = await two.query('{ catalogs(first: 1) { totalCount } sellers(first: 1) { totalCount } }');
    expect(pages.data).toEqual({ catalogs: { totalCount: 1200 }, sellers: { totalCount: 60 } });
    const answer = await catalog(two, '7000');
    expect(answer.data.catalog?.title).toBe('shared');
    expect(answer.cacheStatus).toMatch(/^Vitrine; hit; ttl=\d+$/);
    expect(
      await two.metric('vitrine_cache_requests_total', { namespace: 'catalog', tier: 'store', outcome: 'hit' }),
    ).toBe(1);
    expect(upstream.requests.count()).toBe(0);
  });

  it('answer byte for byte the same, whichever tier answers (P1, P2)', async () => {
    const query = `{ catalogs(first: 50, orderBy: {field: TITLE, direction: DESC}) {
      totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      edges { cursor node { id sourceId title status startDate endDate location lotCount updatedAt seller { id name website updatedAt } } } } }`;
    const one = await start();
    const drained = await one.query(query);
    const two = await start();
    const found = await two.query(query);
    expect(found.text).toBe(drained.text);
    expect((await two.query(query)).text).toBe(drained.text);
    const alone = await startRealWorld({ sharedUpstream: upstream });
    worlds.push(alone);
    expect((await alone.query(query)).text).toBe(drained.text);
  });

  it('read a cold row once between them, held by a lease (P4)', async () => {
    const [one, two] = await startTwo();
    change('7000', 'cold');
    const hold = upstream.hold('/catalogs/{id}');
    upstream.requests.reset();
    const leases = () =>
      two.metric('vitrine_store_operation_duration_seconds', { operation: 'lease', outcome: 'ok', le: '+Inf' });
    const before = await leases();
    const first = catalog(one, '7000');
    await hold.arrived();
    const second = catalog(two, '7000');
    await eventually(async () => (await leases()) > before);
    hold.release();
    expect((await first).data).toEqual((await second).data);
    expect(upstream.requests.counts()).toEqual({ '/catalogs/{id}': 1 });
  });

  it('both know of a change once it is acknowledged and the log was read (P6)', async () => {
    const [one, two] = await startTwo();
    await Promise.all([catalog(one, '1'), catalog(two, '1')]);
    upstream.requests.reset();
    change('1', 'Zyxomma, changed');
    const told = await one.invalidate({ type: 'catalog', ids: ['1'] });
    expect(told).toMatchObject({ status: 200, body: { refreshed: 1, scope: 'cluster' } });
    expect((await catalog(one, '1')).data.catalog?.title).toBe('Zyxomma, changed');
    expect(await titled(one, 'zyxomma')).toEqual(['1']);
    await eventually(async () => (await titled(two, 'zyxomma'))[0] === '1');
    expect((await catalog(two, '1')).data.catalog?.title).toBe('Zyxomma, changed');
    // The second found it in the store.
    expect(upstream.requests.counts()).toEqual({ '/catalogs/{id}': 1 });
  });

  it('a read under way at one is not joined after a change at the other is known (P5)', async () => {
    const [one, two] = await startTwo();
    change('7000', 'before');
    const hold = upstream.hold('/catalogs/{id}');
    const early = catalog(two, '7000');
    await hold.arrived();
    change('7000', 'Zyxomma, after');
    // Two ids go by another route, which is not held.
    expect((await one.invalidate({ type: 'catalog', ids: ['7000', '1'] })).status).toBe(200);
    await eventually(async () => (await titled(two, 'zyxomma')).includes('7000'));
    expect((await catalog(two, '7000')).data.catalog?.title).toBe('Zyxomma, after');
    hold.release();
    // What it read is older than what is known by then: rows do not go back for those who waited either.
    expect((await early).data.catalog?.title).toBe('Zyxomma, after');
    expect((await catalog(two, '7000')).data.catalog?.title).toBe('Zyxomma, after');
  });

  it('what stands in Redis from before a change is not taken, though nothing newer could be written (P5)', async () => {
    const [one, two] = await startTwo();
    change('7000', 'before');
    await catalog(one, '7000');
    change('7000', 'Zyxomma, after');
    upstream.faults.set({ status: { value: 500, routes: ['/catalogs?ids'] } });
    expect((await one.invalidate({ type: 'catalog', ids: ['7000', '1'] })).body).toMatchObject({ refreshed: 0 });
    upstream.faults.reset();
    await eventually(async () => (await titled(two, 'zyxomma')).includes('7000'));
    expect((await catalog(two, '7000')).data.catalog?.title).toBe('Zyxomma, after');
    expect(
      await two.metric('vitrine_cache_rejected_total', { namespace: 'catalog', reason: 'invalidated' }),
    ).toBeGreaterThan(0);
  });

  it('both know of a reset, and the second takes the drain of the first', async () => {
    const [one, two] = await startTwo();
    for (const id of ['1', '2', '3']) upstream.collections.remove('catalogs', id);
    upstream.requests.reset();
    expect((await one.invalidate({ type: 'catalog', all: true })).body).toMatchObject({ refreshed: 1197 });
    const count = async (world: RealWorld) =>
      (await world.query<{ catalogs: { totalCount: number } }>('{ catalogs(first: 0) { totalCount } }')).data.catalogs
        .totalCount;
    expect(await count(one)).toBe(1197);
    await eventually(async () => (await count(two)) === 1197);
    expect(upstream.requests.counts()).toEqual({ '/catalogs': 4 });
  });

  it('one that could not drain is well again with the drain of the other (P8)', async () => {
    const [one, two] = await startTwo();
    upstream.faults.set({ status: { value: 500, routes: ['/catalogs'] } });
    await two.invalidate({ type: 'catalog', all: true });
    expect(await ready(two)).toMatchObject({ status: 'degraded', checks: { catalogs: { status: 'failed' } } });
    upstream.faults.reset();
    upstream.requests.reset();
    await one.invalidate({ type: 'catalog', all: true });
    await eventually(async () => {
      await untilWarm(two);
      return (await ready(two)).checks.catalogs?.status === 'fresh';
    });
    expect(upstream.requests.counts()).toEqual({ '/catalogs': 4 });
  });

  it('both forget what was purged, and it is gone from Redis', async () => {
    const [one, two] = await startTwo();
    change('7000', 'a secret');
    await Promise.all([catalog(one, '7000'), catalog(two, '7000')]);
    upstream.collections.remove('catalogs', '7000');
    upstream.faults.set({ status: { value: 500, routes: ['/catalogs/{id}'] } });
    expect((await one.invalidate({ type: 'catalog', ids: ['7000'], mode: 'purge' })).status).toBe(200);
    expect((await catalog(one, '7000')).errors?.[0]?.extensions.code).toBe('UPSTREAM_UNAVAILABLE');
    await eventually(async () => (await catalog(two, '7000')).errors !== undefined);
    for (const key of await redis.scan('*:7000')) {
      expect(String(await redis.send('GET', key))).not.toContain('a secret');
    }
  });
});

describe('what is kept in Redis', () => {
  it('is one drain of each collection, however often it is drained, and nothing without an end but the control keys', async () => {
    const world = await start();
    await untilWarm(world);
    for (let i = 0; i < 4; i++) await world.invalidate({ type: 'catalog', all: true });
    upstream.faults.set({ wrongTotal: 1 });
    await world.invalidate({ type: 'catalog', all: true });
    const lasting = [];
    const endless = [];
    for (const key of await redis.scan('*')) {
      const ttlMs = Number(await redis.send('PTTL', key));
      if (ttlMs === -1) endless.push(key);
      else if (key.includes(':chunk:catalogs:') && ttlMs > 240_000) lasting.push(key);
    }
    // 1,200 rows in chunks of 1,000.
    expect(lasting).toHaveLength(2);
    expect(endless.sort()).toEqual(['{vitrine}:control', expect.stringMatching(/^\{vitrine\}:log:\w+$/)]);
  });
});

describe('P7 degrades, never dies › Redis', () => {
  it('gone: answers go on from memory and upstream, one read a row, and /readyz says so', async () => {
    const world = await start();
    await untilWarm(world);
    await redis.stop();
    await eventually(async () => (await ready(world)).checks.coherence?.status === 'degraded');
    expect(await ready(world)).toMatchObject({ status: 'degraded', checks: { redis: { status: 'down' } } });
    change('7000', 'without Redis');
    upstream.requests.reset();
    const answers = await Promise.all(Array.from({ length: 50 }, () => catalog(world, '7000')));
    for (const { data } of answers) expect(data.catalog?.title).toBe('without Redis');
    expect(upstream.requests.counts()).toEqual({ '/catalogs/{id}': 1 });
    expect((await catalog(world, '7000')).cacheStatus).toMatch(/^Vitrine; hit; ttl=\d+$/);
    expect((await titled(world, 'zyxomma')).length).toBe(0);
    expect(world.logs().filter(({ event }) => event === 'coherence.degraded')).toHaveLength(1);
  });

  it('gone: a change counts here at once, says that it is not known elsewhere, and is told when Redis is back', async () => {
    const [one, two] = await startTwo();
    await Promise.all([catalog(one, '1'), catalog(two, '1')]);
    await redis.stop();
    await eventually(async () => (await ready(one)).checks.coherence?.status === 'degraded');
    change('1', 'Zyxomma, told late');
    const told = await one.invalidate({ type: 'catalog', ids: ['1'] });
    expect(told).toMatchObject({ status: 503, body: { scope: 'process', refreshed: 1 } });
    expect((await catalog(one, '1')).data.catalog?.title).toBe('Zyxomma, told late');
    expect(await titled(one, 'zyxomma')).toEqual(['1']);

    await redis.restart();
    await eventually(async () => (await ready(one)).status === 'ok' && (await ready(two)).status === 'ok');
    await eventually(async () => (await catalog(two, '1')).data.catalog?.title === 'Zyxomma, told late');
    expect(await titled(two, 'zyxomma')).toEqual(['1']);
    expect(await one.metric('vitrine_coherence_eras_total')).toBe(2);
  });

  it('flushed: a new era begins, and everything is read anew', async () => {
    const [one] = await startTwo();
    await catalog(one, '1');
    change('1', 'Zyxomma, after the flush');
    await redis.send('FLUSHALL');
    await eventually(async () => (await one.metric('vitrine_coherence_eras_total')) === 2);
    expect((await catalog(one, '1')).data.catalog?.title).toBe('Zyxomma, after the flush');
    expect(await titled(one, 'zyxomma')).toEqual(['1']);
  });

  it('flushed while upstream is down: what is held goes on, as stale-if-error', async () => {
    const [one] = await startTwo();
    const { data } = await catalog(one, '1');
    upstream.faults.set({ drop: true });
    await redis.send('FLUSHALL');
    await eventually(async () => (await one.metric('vitrine_coherence_eras_total')) === 2);
    const answer = await catalog(one, '1');
    expect(answer.data).toEqual(data);
    expect(answer.cacheStatus).toMatch(/detail=stale-if-error$/);
  });

  it('paused: every request is answered, and all is well again by itself', async () => {
    const world = await start({ REDIS_TIMEOUT_MS: '200' });
    await untilWarm(world);
    change('7000', 'while paused');
    redis.pause();
    expect((await catalog(world, '7000')).data.catalog?.title).toBe('while paused');
    await eventually(async () => (await ready(world)).checks.coherence?.status === 'degraded');
    expect(await world.metric('vitrine_cache_requests_total', { namespace: 'catalog', outcome: 'miss' })).toBe(1);
    redis.resume();
    await eventually(async () => (await ready(world)).status === 'ok');
  });

  it('down at the start: the gateway starts, answers, and takes Redis up when it comes', async () => {
    await redis.stop();
    const world = await start({ REDIS_CONNECT_TIMEOUT_MS: '50' });
    expect((await catalog(world, '1')).errors).toBeUndefined();
    await redis.restart();
    await eventually(async () => (await ready(world)).status === 'ok');
    change('7000', 'into Redis');
    await catalog(world, '7000');
    const keys = await redis.scan('vitrine:*:7000');
    expect(keys).toHaveLength(1);
  });

  it('lost and failing by turns leaves no counter and no answer behind', async () => {
    const world = await start();
    await untilWarm(world);
    await redis.stop();
    change('7000', 'x');
    await catalog(world, '7000');
    const fallbacks = await world.metric('vitrine_cache_fallbacks_total');
    const degraded = world.logs().some(({ event }) => event === 'coherence.degraded');
    expect(fallbacks > 0 || degraded).toBe(true);
    expect(await world.metric('vitrine_store_up')).toBe(0);
  });
});
