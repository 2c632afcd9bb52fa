import { afterEach, describe, expect, it } from 'vitest';
import {
  type EmbeddedUpstream,
  type EmbeddedUpstreamOptions,
  makeCatalogue,
  startEmbeddedUpstream,
} from '../../src/embedded/index.ts';
import { crawl, getJson, idsOf } from './client.ts';

const collections = makeCatalogue(new Date('2026-11-23T15:30:00Z'), { catalogs: 30, sellers: 10 });

let running: EmbeddedUpstream | undefined;
async function start(options: Partial<EmbeddedUpstreamOptions> = {}): Promise<EmbeddedUpstream> {
  running = await startEmbeddedUpstream({ collections, ...options });
  return running;
}
afterEach(async () => {
  await running?.close();
  running = undefined;
});

describe('the embedded upstream › rows', () => {
  it('are given by id', async () => {
    const { url } = await start();
    expect(await getJson(`${url}/catalogs/7`)).toEqual(collections.catalogs[6]);
    expect(await getJson(`${url}/sellers/10`)).toEqual(collections.sellers[9]);
  });

  it('with integers for ids keep them as integers', async () => {
    const numbered = makeCatalogue(new Date(), { catalogs: 5, sellers: 3, integerIds: true });
    const { url } = await start({ collections: numbered });
    expect(await getJson(`${url}/catalogs/2`)).toEqual(numbered.catalogs[1]);
    expect(await getJson(`${url}/catalogs?ids=4`)).toMatchObject({ items: [{ id: 4, seller_id: expect.any(Number) }] });
  });

  it.each(['/catalogs/nobody', '/catalogs/0', '/catalogs/1/2', '/lots', '/catalogs/', '/catalogs/1/'])(
    'are not at %s: 404 with a problem document',
    async (path) => {
      const { url } = await start();
      const response = await fetch(url + path);
      expect(response.status).toBe(404);
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      expect(await response.json()).toEqual({ title: 'Not Found', status: 404, detail: expect.any(String) });
    },
  );

  it('can be changed while they are served', async () => {
    const upstream = await start();
    upstream.collections.put('sellers', { id: '3', name: 'New name' });
    upstream.collections.put('sellers', { id: 'x-1', name: 'New house' });
    expect(upstream.collections.remove('sellers', '1')).toBe(true);
    expect(upstream.collections.remove('sellers', '1')).toBe(false);
    expect(() => upstream.collections.put('lots', { id: 1 })).toThrow('no collection lots; there are');

    const ids = idsOf(await crawl('page', `${upstream.url}/sellers?page_size=4`));
    expect(ids).toEqual(['2', '3', '4', '5', '6', '7', '8', '9', '10', 'x-1']);
    expect(await getJson(`${upstream.url}/sellers/3`)).toEqual({ id: '3', name: 'New name' });
    expect((await fetch(`${upstream.url}/sellers/1`)).status).toBe(404);
    expect(await getJson(`${upstream.url}/sellers?ordering=-name&page_size=2`)).toMatchObject({ total_items: 10 });
  });

  it('are those of any resource', async () => {
    const { url } = await start({ collections: { posts: [{ id: 1, title: 'First' }] } });
    expect(await getJson(`${url}/posts/1`)).toEqual({ id: 1, title: 'First' });
    expect(await getJson(`${url}/`)).toEqual({
      collections: [{ name: 'posts', url: `${url}/posts`, total: 1 }],
      pagination: 'page',
      max_page_size: 500,
    });
  });

  it('are only read: other methods get 405', async () => {
    const { url } = await start();
    const response = await fetch(`${url}/catalogs`, { method: 'POST', body: '{}' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET']);
  });
});

describe('the embedded upstream › a trailing slash', () => {
  it('is where paths without one are redirected, query and all', async () => {
    const { url } = await start({ trailingSlash: true });
    const page = await fetch(`${url}/catalogs?page=2&page_size=5`, { redirect: 'manual' });
    expect([page.status, page.headers.get('location')]).toEqual([301, '/catalogs/?page=2&page_size=5']);
    const row = await fetch(`${url}/catalogs/3`, { redirect: 'manual' });
    expect([row.status, row.headers.get('location')]).toEqual([301, '/catalogs/3/']);
    expect(await getJson(`${url}/catalogs/3`)).toEqual(collections.catalogs[2]);
  });

  it('stands in the links too', async () => {
    const { url } = await start({ trailingSlash: true, style: 'next-link' });
    const pages = await crawl('next-link', `${url}/catalogs?page_size=20`);
    expect(pages[0]?.next).toBe(`${url}/catalogs/?page_size=20&page=2`);
    expect(idsOf(pages)).toHaveLength(30);
  });
});

describe('the embedded upstream › a token', () => {
  it('is asked for on every path', async () => {
    const { url } = await start({ token: 'tea' });
    for (const path of ['/', '/catalogs', '/catalogs/1', '/lots']) {
      const none = await fetch(url + path);
      expect([none.status, none.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
      expect((await fetch(url + path, { headers: { authorization: 'Bearer coffee' } })).status).toBe(401);
    }
  });

  it('opens them when it is right', async () => {
    const { url } = await start({ token: 'tea' });
    const headers = { authorization: 'Bearer tea' };
    expect(await getJson(`${url}/catalogs/1`, { headers })).toEqual(collections.catalogs[0]);
  });
});

describe('the embedded upstream › requests', () => {
  it('are counted by route, whatever came of them', async () => {
    const { url, requests } = await start({ maxPageSize: 10 });
    await crawl('page', `${url}/catalogs`);
    for (const path of ['/catalogs?ids=1,2', '/catalogs/1', '/catalogs/nobody', '/catalogs?page=0', '/lots', '/']) {
      await fetch(url + path);
    }
    expect(requests.counts()).toEqual({
      '/catalogs': 4,
      '/catalogs?ids': 1,
      '/catalogs/{id}': 2,
      unknown: 1,
      '/': 1,
    });
    expect([requests.count('/catalogs'), requests.count('/sellers'), requests.count()]).toEqual([4, 0, 9]);
    requests.reset();
    expect([requests.count(), requests.all]).toEqual([0, []]);
  });

  it('are kept as they came', async () => {
    const { url, requests } = await start();
    await fetch(`${url}/sellers?ids=1,2`, { headers: { 'x-mark': 'seen' } });
    expect(requests.all).toEqual([
      {
        method: 'GET',
        path: '/sellers',
        query: { ids: '1,2' },
        route: '/sellers?ids',
        headers: expect.objectContaining({ 'x-mark': 'seen' }),
      },
    ]);
  });
});

describe('the embedded upstream › a hold', () => {
  it('keeps answers back that are already made', async () => {
    const upstream = await start();
    const hold = upstream.hold('/sellers/{id}');
    const reading = getJson(`${upstream.url}/sellers/1`);
    await hold.arrived();
    upstream.collections.put('sellers', { id: '1', name: 'Changed since' });
    // Other routes are not held.
    expect(await getJson(`${upstream.url}/sellers?ids=1`)).toMatchObject({ items: [{ name: 'Changed since' }] });
    hold.release();
    expect(await reading).toEqual(collections.sellers[0]);
    expect(await getJson(`${upstream.url}/sellers/1`)).toEqual({ id: '1', name: 'Changed since' });
  });

  it('tells when so many have arrived', async () => {
    const upstream = await start();
    const hold = upstream.hold();
    const reading = Promise.all(['/', '/sellers', '/catalogs'].map((path) => fetch(upstream.url + path)));
    await hold.arrived(3);
    expect(upstream.requests.count()).toBe(3);
    hold.release();
    expect((await reading).map((response) => response.status)).toEqual([200, 200, 200]);
  });
});

describe('the embedded upstream › its end', () => {
  it('ends idle and waiting connections', async () => {
    const upstream = await startEmbeddedUpstream({ collections });
    await getJson(`${upstream.url}/catalogs`);
    const hold = upstream.hold();
    const reading = fetch(`${upstream.url}/catalogs`).catch((error: unknown) => error);
    await hold.arrived();
    await upstream.close();
    expect(await reading).toBeInstanceOf(TypeError);
    await expect(fetch(upstream.url)).rejects.toThrow('fetch failed');
  });

  it('frees its port, and a port that is taken fails the start', async () => {
    const first = await start();
    const port = Number(new URL(first.url).port);
    await expect(startEmbeddedUpstream({ collections, port })).rejects.toThrow('EADDRINUSE');
    await first.close();
    const second = await start({ port });
    expect(second.url).toBe(first.url);
  });
});
