/** What is read upstream is noted from arrival to answer. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type EmbeddedUpstream, startEmbeddedUpstream } from '../../src/embedded/index.ts';
import { eventually } from '../support/redis.ts';
import { Catalogue, sellers } from './catalogue.ts';
import { UpstreamReads } from './upstream-reads.ts';

let upstream: EmbeddedUpstream;
let reads: UpstreamReads;
beforeEach(async () => {
  const catalogue = new Catalogue({ rows: 9 });
  upstream = await startEmbeddedUpstream({ collections: { catalogs: catalogue.present, sellers } });
  reads = new UpstreamReads();
  reads.begin();
});
afterEach(async () => {
  reads.end();
  await upstream.close();
});

const get = async (path: string) => (await fetch(new URL(path, upstream.url))).text();
const noted = () => reads.all.map(({ rows, page }) => page ?? rows);

it('rows by themselves, in batches and by pages', async () => {
  for (const path of ['/catalogs/7', '/catalogs?ids=7,8', '/catalogs?page=1&per_page=5']) await get(path);
  expect(noted()).toEqual([['7'], ['7', '8'], 'page=1&per_page=5']);
});

it('nothing of what nobody writes, nor after its end', async () => {
  await get('/sellers/1');
  reads.end();
  await get('/catalogs/7');
  expect(noted()).toEqual([]);
});

it('a read lasts until it is answered', async () => {
  upstream.faults.set({ hang: true });
  const leaving = new AbortController();
  const asked = fetch(new URL('/catalogs/7', upstream.url), { signal: leaving.signal }).catch(() => {});
  await eventually(() => expect(noted()).toEqual([['7']]));
  expect(reads.all[0]?.untilMs).toBe(Number.POSITIVE_INFINITY);
  leaving.abort();
  await asked;
  await eventually(() => expect(reads.all[0]?.untilMs).toBeLessThan(performance.now()));
});
