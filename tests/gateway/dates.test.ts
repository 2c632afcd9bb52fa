/**
 * Fault 1 of the older cache: dates came back from the cache as strings, so pages rendered them empty.
 *
 * P1 types survive: a `Date` is a `Date` on every path, and the same instant is on the wire whichever tier it came from.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { catalogCodec } from '../../src/catalog/catalogs.ts';
import { encodeNodeId } from '../../src/graphql/index.ts';
import { startRedis } from '../support/redis.ts';
import { startRealWorld, startWorld, untilWarm } from '../support/world.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const row = {
  id: '7000',
  title: 'Dates',
  status: 'live',
  start_date: '2026-03-04T12:30:00.123456+02:00',
  end_date: null,
  location: null,
  seller_id: '1',
  lot_count: 1,
  updated_at: '2026-11-01T00:00:00.000001Z',
};
const wanted = { startDate: '2026-03-04T10:30:00.123Z', endDate: null, updatedAt: '2026-11-01T00:00:00.000Z' };

const document = 'query ($id: ID!) { catalog(id: $id) { startDate endDate updatedAt } }';
const variables = { id: encodeNodeId('Catalog', '7000') };
const page = '{ catalogs(first: 1, filter: {titleContains: "dates"}) { nodes { startDate endDate updatedAt } } }';

describe('P1 types survive › a start date', () => {
  it('is the same instant from upstream, memory, the view and as stale', async () => {
    const world = await startWorld();
    closers.push(world.close);
    await untilWarm(world);
    world.upstream.collections.put('catalogs', row);
    for (const expected of [/fwd=miss; stored$/, /hit; ttl=59$/]) {
      const { data, cacheStatus } = await world.query(document, variables);
      expect(cacheStatus).toMatch(expected);
      expect(data).toEqual({ catalog: wanted });
    }
    expect((await world.query(page)).data).toEqual({ catalogs: { nodes: [wanted] } });
    await world.clock.advance(70_000);
    const stale = await world.query(document, variables);
    expect(stale.cacheStatus).toMatch(/ttl=-\d+$/);
    expect(stale.data).toEqual({ catalog: wanted });
  });

  it('is the same instant from Redis, as a row and as part of a drain', async () => {
    const redis = await startRedis();
    const settings = { REDIS_URL: redis.url.href, REDIS_TIMEOUT_MS: '2000' };
    const one = await startRealWorld({ settings });
    closers.push(one.close);
    one.upstream.collections.put('catalogs', row);
    await one.invalidate({ type: 'catalog', all: true });
    await one.invalidate({ type: 'catalog', ids: ['7000'] });
    const two = await startRealWorld({ settings, sharedUpstream: one.upstream });
    closers.push(two.close, redis.stop);
    await untilWarm(two);
    one.upstream.faults.set({ drop: true });
    expect((await two.query(page)).data).toEqual({ catalogs: { nodes: [wanted] } });
    expect((await two.query(document, variables)).data).toEqual({ catalog: wanted });
  });

  it('is a Date to resolvers, and a time without an offset is none', () => {
    expect(catalogCodec.decode(row).startDate).toEqual(new Date(wanted.startDate));
    expect(() => catalogCodec.decode({ ...row, start_date: '2026-03-04T12:30:00' })).toThrow(/ISO/);
  });
});
