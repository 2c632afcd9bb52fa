import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EmbeddedUpstream, makeCatalogue, type Row, startEmbeddedUpstream } from '../../src/embedded/index.ts';
import { crawl, getJson, getPage, idsOf, styles } from './client.ts';

const now = new Date('2026-11-23T15:30:00Z');
const { catalogs, sellers } = makeCatalogue(now);

/** `rows0` to `rows40`: collections of every small size, with ties and nulls to sort. */
const small = Object.fromEntries(
  Array.from({ length: 41 }, (_, size) => [
    `rows${size}`,
    Array.from({ length: size }, (_, index) => ({ id: index + 1, rank: index % 7 === 3 ? null : (index * 5) % 4 })),
  ]),
);

describe.each(styles)('pages in the style %s', (style) => {
  let upstream: EmbeddedUpstream;
  beforeAll(async () => {
    upstream = await startEmbeddedUpstream({ collections: { catalogs, sellers, ...small }, style });
  });
  afterAll(() => upstream.close());

  it.each([
    [500, [500, 500, 200]],
    [400, [400, 400, 400]],
    [9999, [500, 500, 200]],
  ])('hold all 1,200 catalogs once, asked for by %i', async (pageSize, sizes) => {
    const pages = await crawl(style, `${upstream.url}/catalogs?page_size=${pageSize}`);
    expect(pages.map((page) => page.rows.length)).toEqual(sizes);
    expect(pages.flatMap((page) => page.rows)).toEqual(catalogs);
  });

  it('of one row hold all 60 sellers', async () => {
    expect((await crawl(style, `${upstream.url}/sellers?page_size=1`)).flatMap((page) => page.rows)).toEqual(sellers);
  });

  it('are of 100 rows when no size is asked for', async () => {
    expect((await getPage(style, `${upstream.url}/catalogs`)).rows).toEqual(catalogs.slice(0, 100));
  });

  it('hold every row once in order, whatever the sizes and the ordering', async () => {
    const sizes = fc.record({ total: fc.nat(40), pageSize: fc.integer({ min: 1, max: 15 }) });
    await fc.assert(
      fc.asyncProperty(
        sizes,
        fc.constantFrom('', 'id', '-id', 'rank', '-rank'),
        async ({ total, pageSize }, ordering) => {
          const order = ordering === '' ? '' : `&ordering=${ordering}`;
          const pages = await crawl(style, `${upstream.url}/rows${total}?page_size=${pageSize}${order}`);
          expect(idsOf(pages)).toEqual(sortPlainly(small[`rows${total}`] ?? [], ordering).map((row) => String(row.id)));
          expect(pages).toHaveLength(Math.max(1, Math.ceil(total / pageSize)));
          if (style !== 'cursor') expect(new Set(pages.map((page) => page.total))).toEqual(new Set([total]));
        },
      ),
      { seed: 11, numRuns: 60 },
    );
  });

  it('of ids hold those that exist, in the order asked, once each, and are paged too', async () => {
    const some = await crawl(style, `${upstream.url}/catalogs?ids=3,1,nobody,1200,3`);
    expect(some.map((page) => page.rows)).toEqual([[catalogs[2], catalogs[0], catalogs[1199]]]);

    const many = catalogs.slice(100, 350).map((row) => row.id);
    const pages = await crawl(style, `${upstream.url}/catalogs?ids=${many.join(',')}&page_size=100`);
    expect(pages.map((page) => page.rows.length)).toEqual([100, 100, 50]);
    expect(idsOf(pages)).toEqual(many);

    expect(idsOf(await crawl(style, `${upstream.url}/catalogs?ids=9,10,8&ordering=id`))).toEqual(['8', '9', '10']);
    expect((await getPage(style, `${upstream.url}/catalogs?ids=nobody`)).rows).toEqual([]);
  });

  it.each([
    'page_size=0',
    'page_size=many',
    'ids=',
    'ids=1,,2',
    'ids=a%20b',
    'ordering=',
    'ordering=-',
    'ordering=colour',
  ])('refuse %s with 400 and the name of the parameter', async (query) => {
    const response = await fetch(`${upstream.url}/catalogs?${query}`);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({ status: 400, parameter: query.split('=')[0] });
  });

  it('refuse a place that is none', async () => {
    const query = style === 'cursor' ? 'cursor=page2' : 'page=0';
    expect((await fetch(`${upstream.url}/catalogs?${query}`)).status).toBe(400);
  });

  it('stay within their own origin, by whichever name it was asked', async () => {
    const byName = upstream.url.replace('127.0.0.1', 'localhost');
    const { next } = await getPage(style, `${byName}/catalogs?page_size=10&ordering=-id`);
    expect(new URL(next ?? '').origin).toBe(byName);
    expect(new URL(next ?? '').searchParams.get('page_size')).toBe('10');
    expect(new URL(next ?? '').searchParams.get('ordering')).toBe('-id');
  });
});

/** The same order, said differently: nulls last, ties by id, descending the exact reverse. */
function sortPlainly(rows: readonly Row[], ordering: string): Row[] {
  const field = ordering.replace('-', '');
  const key = (row: Row) => (row[field] === null ? Number.MAX_SAFE_INTEGER : Number(row[field]));
  const sorted = ordering === '' ? [...rows] : rows.toSorted((a, b) => key(a) - key(b) || Number(a.id) - Number(b.id));
  return ordering.startsWith('-') ? sorted.reverse() : sorted;
}

describe('envelopes', () => {
  const collections = { posts: [{ id: 1 }, { id: 2 }, { id: 3 }] };

  async function middlePage(
    style: (typeof styles)[number],
  ): Promise<{ url: string; link: string | null; body: unknown }> {
    const upstream = await startEmbeddedUpstream({ collections, style });
    try {
      const query = style === 'cursor' ? '' : '&page=2';
      const response = await fetch(`${upstream.url}/posts?page_size=1${query}`);
      return { url: upstream.url, link: response.headers.get('link'), body: await response.json() };
    } finally {
      await upstream.close();
    }
  }

  it('of the style page state page and totals', async () => {
    const { body } = await middlePage('page');
    expect(body).toEqual({ items: [{ id: 2 }], page: 2, page_size: 1, total_pages: 3, total_items: 3 });
  });

  it('of the style next-link link both ways', async () => {
    const { body, url } = await middlePage('next-link');
    const next = `${url}/posts?page_size=1&page=3`;
    expect(body).toEqual({ count: 3, next, previous: `${url}/posts?page_size=1&page=1`, results: [{ id: 2 }] });
  });

  it('of the style link-header are bare arrays with four links', async () => {
    const { body, link, url } = await middlePage('link-header');
    expect(body).toEqual([{ id: 2 }]);
    const to = (page: number, rel: string) => `<${url}/posts?page_size=1&page=${page}>; rel="${rel}"`;
    expect(link).toBe([to(3, 'next'), to(1, 'prev'), to(1, 'first'), to(3, 'last')].join(', '));
  });

  it('of the style cursor say only what comes next', async () => {
    const { body } = await middlePage('cursor');
    expect(body).toEqual({ items: [{ id: 1 }], next_cursor: expect.stringMatching(/^[\w-]+$/) });
  });

  it('past the end are empty', async () => {
    const upstream = await startEmbeddedUpstream({ collections });
    expect(await getJson(`${upstream.url}/posts?page=9`)).toMatchObject({ items: [], page: 9, total_items: 3 });
    await upstream.close();
  });
});
