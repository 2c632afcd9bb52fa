/**
 * Fault 3 of the older cache: filled from one page of the API, it silently truncated the rest.
 *
 * P3 complete or nothing: whatever its size, the style of its pages and the mood of upstream, a collection is served
 * whole or not at all.
 */
import { describe, expect, it } from 'vitest';
import { makeCatalogue } from '../../src/embedded/index.ts';
import { type Answer, startWorld, today, type World, type WorldOptions } from '../support/world.ts';

const everyId =
  'query ($after: String) { catalogs(first: 100, after: $after) { totalCount nodes { sourceId } pageInfo { endCursor hasNextPage } } }';

type Catalogs = {
  totalCount: number;
  nodes: { sourceId: string }[];
  pageInfo: { endCursor: string; hasNextPage: boolean };
};
type Data = { catalogs: Catalogs | null };

async function crawl(world: World): Promise<{ ids: string[]; totalCount: number }> {
  const ids: string[] = [];
  let after: string | null = null;
  for (;;) {
    const answer: Answer<Data> = await world.query<Data>(everyId, { after });
    if (answer.data.catalogs === null) throw new Error(answer.text);
    const { nodes, pageInfo, totalCount }: Catalogs = answer.data.catalogs;
    ids.push(...nodes.map(({ sourceId }) => sourceId));
    if (!pageInfo.hasNextPage) return { ids: ids.sort(), totalCount };
    after = pageInfo.endCursor;
  }
}

async function withWorld(options: WorldOptions, use: (world: World) => Promise<void>): Promise<void> {
  const world = await startWorld(options);
  try {
    await use(world);
  } finally {
    await world.close();
  }
}

const idsOf = (world: World) =>
  world.upstream.collections
    .rows('catalogs')
    .map(({ id }) => String(id))
    .sort();

describe('P3 complete or nothing › a collection is complete', () => {
  const sizes = [
    { rows: 0, why: 'empty' },
    { rows: 1, why: 'one row' },
    { rows: 499, why: 'just under a page' },
    { rows: 500, why: 'exactly a page' },
    { rows: 501, why: 'just over a page' },
    { rows: 1000, why: 'an exact multiple of the page size' },
    { rows: 1234, why: 'larger than one page' },
  ];
  for (const style of ['page', 'next-link', 'link-header', 'cursor'] as const) {
    for (const { rows, why } of sizes) {
      it(`of ${rows} rows (${why}) in pages of style ${style}`, () =>
        withWorld({ upstream: { style, collections: makeCatalogue(today, { catalogs: rows }) } }, async (world) => {
          expect(await crawl(world)).toEqual({ ids: idsOf(world), totalCount: rows });
        }));
    }

    it(`when the server gives fewer rows a page than asked for, style ${style}`, () =>
      withWorld({ upstream: { style, maxPageSize: 100 } }, async (world) => {
        expect(await crawl(world)).toEqual({ ids: idsOf(world), totalCount: 1200 });
      }));
  }
});

describe('P3 complete or nothing › a drain is complete all the same', () => {
  const passing = [
    { name: 'answers are slow', set: { latencyMs: 20 } },
    { name: 'requests fail at first', set: { errorRate: { value: 1, times: 3 } } },
    { name: 'a request hangs', set: { hang: { times: 1 } } },
    { name: 'a connection is dropped', set: { drop: { times: 2 } } },
    { name: 'a body is cut short', set: { truncate: { times: 1 } } },
    { name: 'the rate is limited for a moment', set: { rateLimit: { value: { retryAfter: 0 }, times: 2 } } },
    { name: 'rows drift during the first try', set: { drift: { value: 'insert', times: 1 } } },
    { name: 'rows change places during the first try', set: { drift: { value: 'swap', times: 1 } } },
  ] as const;
  for (const { name, set } of passing) {
    it(`when ${name}`, () =>
      withWorld({ settings: { UPSTREAM_RETRIES: '4', UPSTREAM_TIMEOUT_MS: '500' } }, async (world) => {
        await crawl(world);
        world.upstream.faults.set(set);
        await world.invalidate({ type: 'catalog', all: true });
        expect(await crawl(world)).toEqual({
          ids: idsOf(world),
          totalCount: world.upstream.collections.rows('catalogs').length,
        });
      }));
  }

  it('when the server redirects to the path with a slash', () =>
    withWorld({ upstream: { trailingSlash: true } }, async (world) => {
      expect(await crawl(world)).toEqual({ ids: idsOf(world), totalCount: 1200 });
    }));

  it('with a token', () =>
    withWorld({ upstream: { token: 'sesame' }, settings: { UPSTREAM_TOKEN: 'sesame' } }, async (world) => {
      expect(await crawl(world)).toEqual({ ids: idsOf(world), totalCount: 1200 });
    }));
});

describe('P3 complete or nothing › a drain that cannot be whole', () => {
  const faults = [
    { name: 'totals that are wrong', set: { wrongTotal: 3 }, code: 'UPSTREAM_INVALID' },
    { name: 'ids that stand on two pages', set: { duplicateIds: true }, code: 'UPSTREAM_INVALID' },
    { name: 'rows that come in between pages', set: { drift: 'insert' }, code: 'UPSTREAM_INVALID' },
    { name: 'rows that go in between pages', set: { drift: 'remove' }, code: 'UPSTREAM_INVALID' },
    { name: 'rows that change places', set: { drift: 'swap' }, code: 'UPSTREAM_INVALID' },
    { name: 'a row that does not decode', set: { malformedRow: '777' }, code: 'UPSTREAM_INVALID' },
    { name: 'a body cut short', set: { truncate: true }, code: 'UPSTREAM_UNAVAILABLE' },
    { name: 'an error on one page', set: { status: 500 }, code: 'UPSTREAM_UNAVAILABLE' },
    { name: 'a page that is no JSON', set: { notJson: true }, code: 'UPSTREAM_INVALID' },
    { name: 'a body over the size cap', set: { oversize: 70 * 1024 * 1024 }, code: 'UPSTREAM_INVALID' },
    {
      name: 'a redirect to another origin',
      set: { redirect: 'http://127.0.0.2:1/catalogs' },
      code: 'UPSTREAM_INVALID',
    },
    { name: 'a limit of the rate', set: { rateLimit: { retryAfter: 3600 } }, code: 'UPSTREAM_UNAVAILABLE' },
  ] as const;

  for (const { name, set, code } of faults) {
    it(`by ${name} is an error, never a part`, () =>
      withWorld({}, async (world) => {
        // A first view, then a purge of it: nothing is left to fall back on.
        await crawl(world);
        world.upstream.faults.set(set);
        await world.invalidate({ type: 'catalog', all: true, mode: 'purge' });
        const answer = await world.query<Data>(
          '{ catalogs { totalCount nodes { sourceId } } sellers(first: 1) { totalCount } }',
        );
        expect(answer.data).toEqual({ catalogs: null, sellers: { totalCount: 60 } });
        expect(answer.errors?.map(({ extensions }) => extensions.code)).toEqual([code]);
        expect(answer.headers.get('cache-control')).toBe('private, no-store');
      }));

    it(`by ${name} leaves the last whole view serving`, () =>
      withWorld({}, async (world) => {
        const { ids, totalCount } = await crawl(world);
        world.upstream.faults.set(set);
        await world.clock.advance(61_000 + 600_000);
        expect(await crawl(world)).toEqual({ ids, totalCount });
        expect((await world.query<Data>(everyId)).cacheStatus).toMatch(
          /^Vitrine; hit; ttl=-\d+; detail=stale-if-error$/,
        );
      }));
  }

  it('leaves out a row that does not decode when told to, and says so', () =>
    withWorld({ settings: { UPSTREAM_INVALID_ITEMS: 'quarantine:1' } }, async (world) => {
      world.upstream.faults.set({ malformedRow: '777' });
      await world.invalidate({ type: 'catalog', all: true });
      const { ids, totalCount } = await crawl(world);
      expect(totalCount).toBe(1199);
      expect(ids).toEqual(idsOf(world).filter((id) => id !== '777'));
      const ready = (await (await fetch(`${world.gateway.url}/readyz`)).json()) as Record<string, never>;
      expect(ready).toMatchObject({ status: 'degraded', checks: { catalogs: { quarantined: 1, size: 1199 } } });
    }));

  it('reads a status that it does not know as OTHER', () =>
    withWorld({}, async (world) => {
      world.upstream.faults.set({ unknownEnum: '42' });
      await world.invalidate({ type: 'catalog', all: true });
      const { data } = await world.query('{ catalogs(filter: {status: [OTHER]}) { nodes { sourceId status } } }');
      expect(data).toEqual({ catalogs: { nodes: [{ sourceId: '42', status: 'OTHER' }] } });
    }));
});
