import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type EmbeddedUpstream,
  FaultError,
  makeCatalogue,
  type Style,
  startEmbeddedUpstream,
} from '../../src/embedded/index.ts';
import { crawl, getJson, getPage, idsOf } from './client.ts';

const collections = makeCatalogue(new Date('2026-11-23T15:30:00Z'), { catalogs: 30, sellers: 10 });
const catalogIds = collections.catalogs.map((row) => row.id);

/** Sleeps that were asked for: each waits until it is let go. */
type Sleep = { ms: number; end: () => void };

let upstream: EmbeddedUpstream;
let sleeps: Sleep[];
let chances: number[];

async function start(style: Style = 'page'): Promise<void> {
  sleeps = [];
  chances = [];
  upstream = await startEmbeddedUpstream({
    collections,
    style,
    random: () => chances.shift() ?? 0.99,
    sleep: (ms) => new Promise((end) => sleeps.push({ ms, end })),
  });
}

async function restart(style: Style): Promise<void> {
  await upstream.close();
  await start(style);
}

beforeEach(() => start());
afterEach(() => upstream.close());

async function statusOf(path: string): Promise<number> {
  return (await fetch(upstream.url + path)).status;
}

async function crawlTens(style: Style = 'page') {
  return crawl(style, `${upstream.url}/catalogs?page_size=10`);
}

/** Until the server has done something, without a clock. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(setImmediate);
}

describe('a fault › comes and goes', () => {
  it('acts on every route until it is ended', async () => {
    upstream.faults.set({ status: 500 });
    expect([await statusOf('/'), await statusOf('/catalogs'), await statusOf('/sellers/1')]).toEqual([500, 500, 500]);
    upstream.faults.reset();
    expect([await statusOf('/'), await statusOf('/catalogs'), await statusOf('/sellers/1')]).toEqual([200, 200, 200]);
  });

  it('wears off after so many answers', async () => {
    upstream.faults.set({ status: { value: 502, times: 2 } });
    expect(upstream.faults.active).toEqual({ status: { value: 502, times: 2 } });
    expect([await statusOf('/'), await statusOf('/'), await statusOf('/')]).toEqual([502, 502, 200]);
    expect(upstream.faults.active).toEqual({});
  });

  it('acts on its routes only, and only there wears off', async () => {
    upstream.faults.set({ status: { value: 500, routes: ['/catalogs?ids', '/sellers/{id}'], times: 2 } });
    expect(await statusOf('/catalogs')).toBe(200);
    expect(await statusOf('/catalogs/1')).toBe(200);
    expect(await statusOf('/catalogs?ids=1')).toBe(500);
    expect(await statusOf('/sellers/1')).toBe(500);
    expect(await statusOf('/sellers/1')).toBe(200);
  });

  it('leaves others as they are; null or false ends one', async () => {
    upstream.faults.set({ wrongTotal: 1, loop: true });
    upstream.faults.set({ oversize: 9, loop: false });
    upstream.faults.set({ wrongTotal: null });
    expect(upstream.faults.active).toEqual({ oversize: { value: 9 } });
  });

  it('is refused when it is not well-formed, every mistake named, and nothing changes', () => {
    upstream.faults.set({ oversize: 9 });
    const set = () =>
      upstream.faults.set({
        latencyMs: -1,
        status: { value: 500, times: 0 },
        hang: { routes: ['/lots'] },
        wrongTotal: 1,
      });
    expect(set).toThrow(FaultError);
    expect(set).toThrow(/latencyMs: .*; status\.times: .*; hang\.routes\.0: .*"\/catalogs"/);
    expect(upstream.faults.active).toEqual({ oversize: { value: 9 } });
  });
});

describe('a fault › instead of an answer', () => {
  it('errorRate answers a share with 503, by the chance it is given', async () => {
    upstream.faults.set({ errorRate: { value: 0.3, times: 2 } });
    chances = [0.3, 0.29, 0.5, 0, 0];
    const statuses = [];
    for (let request = 0; request < 5; request += 1) statuses.push(await statusOf('/sellers'));
    expect(statuses).toEqual([200, 503, 200, 503, 200]);
  });

  it('hang never answers, while others are answered', async () => {
    upstream.faults.set({ hang: { times: 1 } });
    const outcome = fetch(`${upstream.url}/catalogs`).catch(() => 'cut off');
    await until(() => upstream.requests.count() === 1);
    expect(await statusOf('/catalogs')).toBe(200);
    await upstream.close();
    expect(await outcome).toBe('cut off');
  });

  it('drop closes the connection', async () => {
    upstream.faults.set({ drop: { times: 1 } });
    await expect(fetch(`${upstream.url}/catalogs`)).rejects.toThrow('fetch failed');
    expect(await statusOf('/catalogs')).toBe(200);
  });

  it.each([2, 'Wed, 21 Oct 2026 07:28:00 GMT'])('rateLimit answers 429 with Retry-After: %s', async (retryAfter) => {
    upstream.faults.set({ rateLimit: { retryAfter } });
    const response = await fetch(`${upstream.url}/catalogs`);
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, String(retryAfter)]);
  });

  it('redirect leads elsewhere', async () => {
    upstream.faults.set({ redirect: { value: '/sellers/2', routes: ['/sellers/{id}'], times: 1 } });
    expect(await getJson(`${upstream.url}/sellers/1`)).toEqual(collections.sellers[1]);
    upstream.faults.set({ redirect: 'http://other.example/x' });
    const response = await fetch(`${upstream.url}/sellers`, { redirect: 'manual' });
    expect([response.status, response.headers.get('location')]).toEqual([302, 'http://other.example/x']);
  });
});

describe('a fault › in the rows', () => {
  it('freeze reads rows as they were when it was set', async () => {
    upstream.collections.put('sellers', { id: '1', name: 'Before' });
    upstream.faults.set({ freeze: true });
    upstream.collections.put('sellers', { id: '1', name: 'After' });
    upstream.collections.put('sellers', { id: '11', name: 'New' });
    expect(await getJson(`${upstream.url}/sellers/1`)).toMatchObject({ name: 'Before' });
    expect(await getJson(`${upstream.url}/sellers`)).toMatchObject({ total_items: 10 });
    expect(await getJson(`${upstream.url}/sellers?ids=1,11`)).toMatchObject({ items: [{ name: 'Before' }] });
    upstream.faults.reset();
    expect(await getJson(`${upstream.url}/sellers/1`)).toMatchObject({ name: 'After' });
    expect(await getJson(`${upstream.url}/sellers`)).toMatchObject({ total_items: 11 });
  });

  it('malformedRow breaks a time of one row, wherever it is read', async () => {
    upstream.faults.set({ malformedRow: 13 });
    const rows = (await crawlTens()).flatMap((page) => page.rows);
    expect(rows).toEqual(
      collections.catalogs.map((row) => (row.id === '13' ? { ...row, start_date: 'next Tuesday' } : row)),
    );
    expect(await getJson(`${upstream.url}/catalogs/13`)).toMatchObject({ start_date: 'next Tuesday' });
    expect(await getJson(`${upstream.url}/catalogs?ids=13`)).toMatchObject({ items: [{ start_date: 'next Tuesday' }] });
    upstream.faults.set({ malformedRow: '2' });
    expect(await getJson(`${upstream.url}/sellers/2`)).toMatchObject({ updated_at: 'next Tuesday' });
  });

  it('unknownEnum gives one row a status nobody knows, and wears off by answers with that row', async () => {
    upstream.faults.set({ unknownEnum: { value: '2', times: 1 } });
    expect(await getJson(`${upstream.url}/catalogs/1`)).toEqual(collections.catalogs[0]);
    expect(await getJson(`${upstream.url}/catalogs/2`)).toEqual({ ...collections.catalogs[1], status: 'haunted' });
    expect(await getJson(`${upstream.url}/catalogs/2`)).toEqual(collections.catalogs[1]);
  });
});

describe('a fault › in the pages', () => {
  it.each(['page', 'next-link', 'link-header'] as const)(
    'wrongTotal puts totals off in the style %s',
    async (style) => {
      await restart(style);
      upstream.faults.set({ wrongTotal: -3 });
      const pages = await crawlTens(style);
      expect(pages.map((page) => page.total)).toEqual([27, 27, 27]);
      expect(idsOf(pages)).toEqual(catalogIds);
    },
  );

  it('duplicateIds begins a page with the row the page before ended with, sizes and totals as ever', async () => {
    upstream.faults.set({ duplicateIds: true });
    const pages = await crawlTens();
    expect(pages.map((page) => [page.rows.length, page.total])).toEqual([
      [10, 30],
      [10, 30],
      [10, 30],
    ]);
    expect(idsOf(pages)).toEqual(catalogIds.with(10, '10').with(20, '20'));
  });

  it.each(['next-link', 'link-header', 'cursor'] as const)(
    'loop leads back to the same page in the style %s',
    async (style) => {
      await restart(style);
      const first = await getPage(style, `${upstream.url}/catalogs?page_size=10`);
      upstream.faults.set({ loop: { times: 1 } });
      const second = await getPage(style, first.next ?? '');
      expect(second.next).toBe(first.next);
      expect((await getPage(style, second.next ?? '')).next).not.toBe(first.next);
    },
  );

  it.each(['page', 'next-link', 'link-header', 'cursor'] as const)(
    'drift by insertion shifts a row into the next page in the style %s',
    async (style) => {
      await restart(style);
      upstream.faults.set({ drift: { value: 'insert', times: 1 } });
      const pages = await crawlTens(style);
      expect(idsOf(pages)).toEqual(catalogIds.toSpliced(10, 0, '10'));
      expect(upstream.collections.rows('catalogs').map((row) => row.id)).toEqual(['31', ...catalogIds]);
    },
  );

  it('drift by removal hides a row', async () => {
    upstream.faults.set({ drift: { value: 'remove', times: 1 } });
    expect(idsOf(await crawlTens())).toEqual(catalogIds.toSpliced(10, 1));
  });

  it('drift by a swap hides a row and keeps the total', async () => {
    upstream.faults.set({ drift: { value: 'swap', times: 1 } });
    const pages = await crawlTens();
    expect(pages.map((page) => page.total)).toEqual([30, 30, 30]);
    expect(idsOf(pages)).toEqual([...catalogIds.toSpliced(10, 1), '31']);
  });

  it.each(['start_date', '-start_date'])('drift shifts pages ordered by %s as well', async (ordering) => {
    const ordered = idsOf(await crawl('page', `${upstream.url}/catalogs?page_size=10&ordering=${ordering}`));
    upstream.faults.set({ drift: { value: 'remove', times: 1 } });
    const ids = idsOf(await crawl('page', `${upstream.url}/catalogs?page_size=10&ordering=${ordering}`));
    expect(ids).toEqual(ordered.toSpliced(10, 1));
  });
});

describe('a fault › in the bytes', () => {
  it('latencyMs delays an answer that is already made', async () => {
    upstream.faults.set({ latencyMs: { value: 250, times: 1 } });
    const reading = getJson(`${upstream.url}/sellers/1`);
    await until(() => sleeps.length === 1);
    upstream.collections.put('sellers', { id: '1', name: 'Changed since' });
    expect(await getJson(`${upstream.url}/sellers/1`)).toMatchObject({ name: 'Changed since' });
    expect(sleeps.map((sleep) => sleep.ms)).toEqual([250]);
    sleeps[0]?.end();
    expect(await reading).toEqual(collections.sellers[0]);
  });

  it('truncate promises more than it sends', async () => {
    upstream.faults.set({ truncate: { times: 1 } });
    const response = await fetch(`${upstream.url}/catalogs`);
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow('terminated');
    expect(await statusOf('/catalogs')).toBe(200);
  });

  it('oversize adds white space, and what is JSON stays JSON', async () => {
    const plain = (await (await fetch(`${upstream.url}/sellers/1`)).text()).length;
    upstream.faults.set({ oversize: 1_000_000 });
    const response = await fetch(`${upstream.url}/sellers/1`);
    const text = await response.text();
    expect(Number(response.headers.get('content-length'))).toBe(Buffer.byteLength(text));
    expect(text).toHaveLength(plain + 1_000_000);
    expect(JSON.parse(text)).toEqual(collections.sellers[0]);
  });

  it('oversize stops when the reader goes away', async () => {
    upstream.faults.set({ oversize: { value: 2 ** 30, times: 1 } });
    const response = await fetch(`${upstream.url}/sellers/1`);
    await response.body?.cancel();
    expect(await statusOf('/sellers/1')).toBe(200);
  });

  it('notJson is a page of HTML', async () => {
    upstream.faults.set({ notJson: true });
    const response = await fetch(`${upstream.url}/sellers/1`);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html']);
    await expect(response.json()).rejects.toThrow(SyntaxError);
  });
});
