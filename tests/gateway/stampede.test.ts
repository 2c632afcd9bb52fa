/**
 * Fault 4 of the older cache: concurrent misses stampeded the API.
 *
 * P4 one fill: counted at the upstream. Its answers are held back until all requests are waiting, so that they overlap
 * for certain.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { encodeNodeId } from '../../src/graphql/index.ts';
import { startWorld, untilWarm, type World } from '../support/world.ts';

const requestTimeoutMs = 10_000;

let world: World;
afterEach(() => world.close());

const times = <R>(count: number, make: (index: number) => R): R[] => Array.from({ length: count }, (_, i) => make(i));

/** Until so many requests wait: each has its deadline running. */
async function untilWaiting(count: number): Promise<void> {
  while (world.clock.sleeping(requestTimeoutMs) < count) await new Promise(setImmediate);
}

describe('P4 one fill › 1,000 concurrent requests', () => {
  it('for a cold collection cost one request for each page of one drain', async () => {
    world = await startWorld();
    await untilWarm(world);
    await world.invalidate({ type: 'catalog', all: true, mode: 'purge' });
    await world.query('{ catalogs(first: 0) { totalCount } }');
    const hold = world.upstream.hold('/catalogs');
    world.upstream.requests.reset();
    await world.invalidate({ type: 'catalog', all: true, mode: 'purge' });

    const answers = times(1_000, (i) => world.query(`{ catalogs(first: ${1 + (i % 100)}) { nodes { sourceId } } }`));
    await untilWaiting(1_000);
    hold.release();

    for (const { errors } of await Promise.all(answers)) expect(errors).toBeUndefined();
    // Three pages of 500, and the second look at the first.
    expect(world.upstream.requests.counts()).toEqual({ '/catalogs': 4 });
  });

  it('for a cold row cost one request', async () => {
    world = await startWorld();
    await untilWarm(world);
    world.upstream.collections.put('catalogs', { ...world.upstream.collections.get('catalogs', '1'), id: '5000' });
    const hold = world.upstream.hold('/catalogs/{id}');
    world.upstream.requests.reset();

    const id = encodeNodeId('Catalog', '5000');
    const answers = times(1_000, () => world.query('query ($id: ID!) { catalog(id: $id) { sourceId } }', { id }));
    await untilWaiting(1_000);
    hold.release();

    const statuses = new Map<string | null, number>();
    for (const { data, cacheStatus } of await Promise.all(answers)) {
      expect(data).toEqual({ catalog: { sourceId: '5000' } });
      statuses.set(cacheStatus, (statuses.get(cacheStatus) ?? 0) + 1);
    }
    expect(world.upstream.requests.counts()).toEqual({ '/catalogs/{id}': 1 });
    expect(Object.fromEntries(statuses)).toEqual({
      'Vitrine; fwd=miss; stored': 1,
      'Vitrine; fwd=miss; stored; collapsed': 999,
    });
  });

  it('for a cold batch of rows cost one request for each 100 of them', async () => {
    world = await startWorld({ settings: { UPSTREAM_IDS_LIMIT: '40' } });
    await untilWarm(world);
    for (const i of times(100, (i) => i)) {
      world.upstream.collections.put('catalogs', {
        ...world.upstream.collections.get('catalogs', '1'),
        id: String(5_000 + i),
      });
    }
    const hold = world.upstream.hold('/catalogs?ids');
    world.upstream.requests.reset();

    const ids = times(100, (i) => encodeNodeId('Catalog', String(5_000 + i)));
    const answers = times(1_000, () => world.query('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids }));
    await untilWaiting(1_000);
    hold.release();

    for (const { data } of await Promise.all(answers)) expect(data).toEqual({ nodes: ids.map((id) => ({ id })) });
    expect(world.upstream.requests.counts()).toEqual({ '/catalogs?ids': 3 });
  });

  it('for a stale row are served at once and cost one refresh', async () => {
    world = await startWorld();
    await untilWarm(world);
    const id = encodeNodeId('Catalog', '1');
    const query = () => world.query('query ($id: ID!) { catalog(id: $id) { sourceId } }', { id });
    await world.clock.advance(61_000);
    const hold = world.upstream.hold();
    world.upstream.requests.reset();

    // Nothing is released before they are all answered.
    for (const { data, cacheStatus } of await Promise.all(times(1_000, query))) {
      expect(data).toEqual({ catalog: { sourceId: '1' } });
      expect(cacheStatus).toMatch(/^Vitrine; hit; ttl=-\d+$/);
    }
    await hold.arrived();
    expect(world.upstream.requests.counts()).toEqual({ '/catalogs/{id}': 1 });
    hold.release();
  });

  it('for sellers with their catalogs cost no read per seller', async () => {
    world = await startWorld();
    await untilWarm(world);
    world.upstream.requests.reset();
    const { data, errors } = await world.query<{ sellers: { nodes: { catalogs: { nodes: unknown[] } }[] } }>(
      '{ sellers(first: 60) { nodes { name catalogs(first: 5) { totalCount nodes { title seller { name } } } } } }',
    );
    expect(errors).toBeUndefined();
    expect(data.sellers.nodes.flatMap(({ catalogs }) => catalogs.nodes).length).toBeGreaterThan(200);
    expect(world.upstream.requests.count()).toBe(0);
  });
});

describe('P4 one fill › after a failure', () => {
  it('those who waited and those who come within a second share the one read that failed', async () => {
    world = await startWorld();
    await untilWarm(world);
    const id = encodeNodeId('Catalog', '9999');
    const query = () => world.query('query ($id: ID!) { catalog(id: $id) { sourceId } }', { id });
    world.upstream.faults.set({ status: 500 });
    const hold = world.upstream.hold('/catalogs/{id}');
    world.upstream.requests.reset();

    const waiters = times(10, query);
    await untilWaiting(10);
    hold.release();
    for (const { errors } of await Promise.all(waiters))
      expect(errors?.[0]?.extensions.code).toBe('UPSTREAM_UNAVAILABLE');
    const newcomer = await query();

    expect(newcomer.errors?.[0]?.extensions.code).toBe('UPSTREAM_UNAVAILABLE');
    expect(world.upstream.requests.count()).toBe(1);
    await world.clock.advance(1_001);
    await query();
    expect(world.upstream.requests.count()).toBe(2);
  });
});
