/**
 * P5, P6 and P7 as one process shows them: what is fresh, stale, stale on error, not found, changed and purged; and
 * fault 7 of the older cache (nobody could see hits, misses, fills and fallbacks): counters, `Cache-Status` and log
 * events of each outcome are asserted where the outcome is provoked (P8).
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { encodeNodeId } from '../../src/graphql/index.ts';
import { type RunningRedis, startRedis } from '../support/redis.ts';
import { startWorld, untilWarm, type World } from '../support/world.ts';

let world: World;
afterEach(() => world.close());

const catalog = (id: string) =>
  world.query<{ catalog: { title: string } | null }>('query ($id: ID!) { catalog(id: $id) { title } }', {
    id: encodeNodeId('Catalog', id),
  });
const page = () =>
  world.query<{ catalogs: { nodes: { sourceId: string; title: string }[] } | null }>(
    '{ catalogs(first: 1, filter: {titleContains: "xyzzy"}) { nodes { sourceId title } } }',
  );
const reads = (tier: string, outcome: string, namespace = 'catalog') =>
  world.metric('vitrine_cache_requests_total', { namespace, tier, outcome });
const change = (id: string, title: string) => {
  const row = world.upstream.collections.get('catalogs', '1');
  const updated = new Date(Date.parse('2026-11-23T12:00:00Z') + title.length * 1000).toISOString();
  world.upstream.collections.put('catalogs', { ...row, id, title, updated_at: updated });
};
const events = (event: string) => world.logs().filter((line) => line.event === event);

/** Time is moved by hand where the cache is this process's alone; through Redis it is Redis' clock that counts. */
describe('in this process ›', () => {
  beforeEach(async () => {
    world = await startWorld();
    await untilWarm(world);
  });

  describe('P8 seen › a row', () => {
    it('is a hit from the view after a drain, and once it was read by itself, since the view is told of it', async () => {
      const before = await reads('view', 'hit');
      expect((await catalog('1')).cacheStatus).toMatch(/^Vitrine; hit; ttl=\d+$/);
      expect(await reads('view', 'hit')).toBe(before + 1);

      change('7000', 'new');
      expect((await catalog('7000')).cacheStatus).toBe('Vitrine; fwd=miss; stored');
      expect(await reads('upstream', 'miss')).toBe(1);
      expect(await world.metric('vitrine_cache_fills_total', { namespace: 'catalog', outcome: 'stored' })).toBe(1);

      expect((await catalog('7000')).cacheStatus).toBe('Vitrine; hit; ttl=59');
      expect(await reads('view', 'hit')).toBe(before + 2);
    });

    it('is stale past its maxAge, served while one refresh runs, then fresh again', async () => {
      change('7000', 'old');
      await catalog('7000');
      change('7000', 'newer');
      await world.clock.advance(61_000);
      const hold = world.upstream.hold('/catalogs/{id}');

      const stale = await catalog('7000');
      expect(stale.data.catalog?.title).toBe('old');
      expect(stale.cacheStatus).toBe('Vitrine; hit; ttl=-2');
      expect(await reads('memory', 'stale')).toBe(1);

      await hold.arrived();
      hold.release();
      await expect.poll(async () => (await catalog('7000')).data.catalog?.title).toBe('newer');
    });

    it('waits for upstream past its stale window', async () => {
      change('7000', 'old');
      await catalog('7000');
      change('7000', 'newer');
      await world.clock.advance(61_000 + 600_000);
      const late = await catalog('7000');
      expect(late.data.catalog?.title).toBe('newer');
      expect(late.cacheStatus).toBe('Vitrine; fwd=miss; stored');
    });

    it('is stale-if-error while upstream fails, within its window, and a warning in the log', async () => {
      change('7000', 'old');
      await catalog('7000');
      world.upstream.faults.set({ status: 500 });
      await world.clock.advance(61_000 + 600_000);
      const answer = await catalog('7000');
      expect(answer.data.catalog?.title).toBe('old');
      expect(answer.cacheStatus).toMatch(
        /^Vitrine; hit; ttl=-601; detail=stale-if-error$|^Vitrine; hit; ttl=-602; detail=stale-if-error$/,
      );
      expect(await reads('memory', 'stale_if_error')).toBe(1);
      expect(events('cache.fill_failed')).toMatchObject([
        { level: 40, namespace: 'catalog', id: '7000', code: 'UPSTREAM_UNAVAILABLE' },
      ]);
      expect(events('graphql.operation').at(-1)).toMatchObject({ level: 40, cacheStatus: answer.cacheStatus });

      await world.clock.advance(86_400_000);
      const over = await catalog('7000');
      expect(over.errors).toMatchObject([{ path: ['catalog'], extensions: { code: 'UPSTREAM_UNAVAILABLE' } }]);
      expect(over.cacheStatus).toBe('Vitrine; fwd=miss; detail=upstream_unavailable');
    });

    it('that upstream does not have is remembered as such for 5 s, and no longer', async () => {
      expect((await catalog('7000')).data.catalog).toBeNull();
      const again = await catalog('7000');
      expect(again.data.catalog).toBeNull();
      expect(again.cacheStatus).toBe('Vitrine; hit; ttl=5');
      expect(again.headers.get('cache-control')).toBe('public, max-age=5');
      expect(await reads('memory', 'negative')).toBe(1);

      change('7000', 'here now');
      await world.clock.advance(5_001);
      expect((await catalog('7000')).data.catalog?.title).toBe('here now');
    });

    it('whose fill hangs is an error at the request’s deadline, or what is held', async () => {
      world.upstream.faults.set({ hang: true });
      const asking = catalog('7000');
      while (world.clock.sleeping(10_000) === 0) await new Promise(setImmediate);
      await world.clock.advance(10_000);
      const answer = await asking;
      expect(answer.errors?.[0]?.extensions.code).toBe('UPSTREAM_TIMEOUT');
      expect(answer.headers.get('retry-after')).toBe('1');
    });
  });

  describe('P6 bounded age › an invalidated row', () => {
    it('is read once more when upstream has had time to settle', async () => {
      change('1', 'first look');
      await world.invalidate({ type: 'catalog', ids: ['1'] });
      change('1', 'what upstream says once it has settled');
      expect((await catalog('1')).data.catalog?.title).toBe('first look');
      await world.clock.advance(1_001);
      expect((await catalog('1')).data.catalog?.title).toBe('what upstream says once it has settled');
      await world.invalidate({ type: 'catalog', ids: ['1'] });
      change('1', 'xyzzy: on a page as well, with a title that is longer');
      await world.clock.advance(1_001);
      expect((await page()).data.catalogs?.nodes).toHaveLength(1);
    });
  });

  describe('P5 no resurrection', () => {
    it('a drain begun before a purge is not installed after it, and those who waited for it get the next', async () => {
      await world.clock.advance(61_000);
      const hold = world.upstream.hold('/catalogs');
      await page();
      await hold.arrived();
      world.upstream.collections.remove('catalogs', '1');
      await world.invalidate({ type: 'catalog', all: true, mode: 'purge' });
      hold.release();
      // The next drain looks for the lease of the one that was given up.
      const counted = await world.clock.pump(world.query('{ catalogs(first: 0) { totalCount } }'));
      expect(counted.data).toEqual({ catalogs: { totalCount: 1199 } });
    });

    it('a row that is purged while others of its answer are waited for is read anew for it, whichever way that is made', async () => {
      const query =
        'query Both($a: ID!, $b: ID!) { a: catalog(id: $a) { title seller { name } } b: catalog(id: $b) { title } }';
      for (const [turn, missing] of ['7000', '7001'].entries()) {
        await catalog('1');
        const hold = world.upstream.hold('/catalogs/{id}');
        const asked = world.query(query, { a: encodeNodeId('Catalog', '1'), b: encodeNodeId('Catalog', missing) });
        await hold.arrived();
        change('1', 'xyzzy'.repeat(turn + 1));
        await world.invalidate({ type: 'catalog', ids: ['1', '2'], mode: 'purge' });
        hold.release();
        expect((await asked).data).toMatchObject({ a: { title: 'xyzzy'.repeat(turn + 1) }, b: null });
      }
    });

    it('a purged row is not served again, not even while upstream fails', async () => {
      await catalog('1');
      world.upstream.faults.set({ status: 500 });
      await world.invalidate({ type: 'catalog', ids: ['1'], mode: 'purge' });
      expect((await catalog('1')).errors?.[0]?.extensions.code).toBe('UPSTREAM_UNAVAILABLE');
      expect((await page()).errors?.[0]?.extensions.code).toBe('UPSTREAM_UNAVAILABLE');
      world.upstream.faults.reset();
      await world.clock.advance(1_001);
      expect((await catalog('1')).errors).toBeUndefined();
      expect((await page()).errors).toBeUndefined();
    });
  });

  describe('P7 degrades, never dies › upstream is gone', () => {
    it('answers pages from the last view, then with an error on that field and data for the rest', async () => {
      world.upstream.faults.set({ drop: true });
      await world.clock.advance(61_000 + 600_000);
      expect((await page()).cacheStatus).toMatch(/detail=stale-if-error$/);
      await world.clock.advance(86_400_000);
      const answer = await world.query('{ catalogs(first: 1) { totalCount } __typename }');
      expect(answer.data).toEqual({ catalogs: null, __typename: 'Query' });
      expect(answer.errors).toMatchObject([{ path: ['catalogs'], extensions: { code: 'UPSTREAM_UNAVAILABLE' } }]);
      expect(answer.status).toBe(200);
    });
  });
});

describe.each([{ where: 'in this process' }, { where: 'through Redis' }])('$where ›', ({ where }) => {
  let redis: RunningRedis | undefined;
  beforeAll(async () => {
    if (where === 'through Redis') redis = await startRedis();
  });
  afterAll(() => redis?.stop());

  let worlds = 0;
  beforeEach(async () => {
    // Each world has keys of its own.
    const settings = redis ? { REDIS_URL: redis.url.href, CACHE_PREFIX: `world-${worlds++}` } : {};
    world = await startWorld({ settings });
    await untilWarm(world);
  });

  describe('P6 bounded age › an invalidated row', () => {
    it('is read anew, wherever it is looked up: by id, in pages it comes into and goes out of', async () => {
      expect((await page()).data.catalogs?.nodes).toEqual([]);
      change('1', 'Xyzzy, and more');
      const told = await world.invalidate({ type: 'catalog', ids: ['1'], reason: 'test' });
      expect(told).toMatchObject({
        status: 200,
        body: { ids: 1, refreshed: 1, missing: 0, scope: redis ? 'cluster' : 'process', dryRun: false },
      });
      expect((await catalog('1')).data.catalog?.title).toBe('Xyzzy, and more');
      expect((await page()).data.catalogs?.nodes).toEqual([{ sourceId: '1', title: 'Xyzzy, and more' }]);
      expect(events('admin.invalidate')).toMatchObject([
        { type: 'catalog', firstIds: ['1'], reason: 'test', position: told.body.position },
      ]);
      expect(
        await world.metric('vitrine_changes_total', { namespace: 'catalog', source: 'admin', kind: 'refresh' }),
      ).toBe(1);

      change('1', 'gone from that page again');
      await world.invalidate({ type: 'catalog', ids: [1] });
      expect((await page()).data.catalogs?.nodes).toEqual([]);
    });

    it('that is gone upstream is gone from pages, by id, and counted as missing', async () => {
      world.upstream.collections.remove('catalogs', '1');
      expect((await world.invalidate({ type: 'catalog', ids: ['1'] })).body).toMatchObject({
        refreshed: 0,
        missing: 1,
      });
      expect((await catalog('1')).data.catalog).toBeNull();
      const { data } = await world.query('{ catalogs(first: 0) { totalCount } }');
      expect(data).toEqual({ catalogs: { totalCount: 1199 } });
    });

    it('costs one read by id, and never a drain', async () => {
      world.upstream.requests.reset();
      await world.invalidate({ type: 'catalog', ids: ['1', '2', '3'] });
      await page();
      await catalog('2');
      expect(world.upstream.requests.counts()).toEqual({ '/catalogs?ids': 1 });
    });

    it('that cannot be read is served as it was, as stale-if-error, by id and in pages', async () => {
      const { data } = await catalog('1');
      world.upstream.faults.set({ status: 500 });
      const told = await world.invalidate({ type: 'catalog', ids: ['1'] });
      expect(told).toMatchObject({ status: 200, body: { refreshed: 0, missing: 0 } });
      const answer = await catalog('1');
      expect(answer.data).toEqual(data);
      expect(answer.cacheStatus).toMatch(/detail=stale-if-error$/);
      expect((await page()).cacheStatus).toMatch(/detail=stale-if-error$/);
    });

    it('never goes back to a lower version', async () => {
      change('1', 'a title that is quite long, and so has a high version');
      await world.invalidate({ type: 'catalog', ids: ['1'] });
      change('1', 'short');
      await world.invalidate({ type: 'catalog', ids: ['1'] });
      expect((await catalog('1')).data.catalog?.title).toBe('a title that is quite long, and so has a high version');
      expect(await world.metric('vitrine_cache_rejected_total', { reason: 'older_version' })).toBeGreaterThan(0);
      // Unless an operator says that all of it changed: upstream was rolled back.
      await world.invalidate({ type: 'catalog', all: true });
      expect((await catalog('1')).data.catalog?.title).toBe('short');
    });
  });

  describe('P5 no resurrection', () => {
    it('a read begun before a change answers those who asked before it, and is kept nowhere', async () => {
      change('7000', 'before');
      const hold = world.upstream.hold('/catalogs/{id}');
      const early = catalog('7000');
      await hold.arrived();
      change('7000', 'after it');
      const telling = world.invalidate({ type: 'catalog', ids: ['7000'] });
      await hold.arrived(2);
      hold.release();

      expect((await early).data.catalog?.title).toBe('before');
      await telling;
      expect((await catalog('7000')).data.catalog?.title).toBe('after it');
      expect((await catalog('7000')).cacheStatus).toMatch(/^Vitrine; hit/);
    });

    it('a purged collection is not served again, not even while upstream fails', async () => {
      world.upstream.faults.set({ status: 500 });
      const told = await world.invalidate({ type: 'catalog', all: true, mode: 'purge' });
      expect(told).toMatchObject({ status: 200, body: { all: true, ids: 1200, refreshed: 0 } });
      expect((await page()).errors?.[0]?.extensions.code).toBe('UPSTREAM_UNAVAILABLE');
    });

    it('a refresh of all that fails changes nothing', async () => {
      world.upstream.faults.set({ status: 500 });
      expect((await world.invalidate({ type: 'catalog', all: true })).status).toBe(503);
      expect((await page()).cacheStatus).toMatch(/^Vitrine; hit; ttl=\d+$/);
    });
  });
});
