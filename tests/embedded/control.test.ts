import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EmbeddedUpstream, faultNames, makeCatalogue, startEmbeddedUpstream } from '../../src/embedded/index.ts';
import { getJson } from './client.ts';

const collections = makeCatalogue(new Date('2026-11-23T15:30:00Z'), { catalogs: 30, sellers: 10 });

let upstream: EmbeddedUpstream;
beforeEach(async () => {
  upstream = await startEmbeddedUpstream({ collections });
});
afterEach(() => upstream.close());

async function ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(upstream.url + path, { method, ...(text === undefined ? {} : { body: text }) });
  const answer = await response.text();
  return { status: response.status, body: answer === '' ? undefined : JSON.parse(answer) };
}

describe('control › /__faults', () => {
  it('sets faults, tells them and ends them', async () => {
    const set = await ask('PUT', '/__faults', {
      latencyMs: 5,
      status: { value: 500, times: 3, routes: ['/catalogs'] },
    });
    expect(set).toEqual({
      status: 200,
      body: { latencyMs: { value: 5 }, status: { value: 500, times: 3, routes: ['/catalogs'] } },
    });
    expect(await ask('GET', '/__faults')).toEqual(set);
    expect((await fetch(`${upstream.url}/catalogs`)).status).toBe(500);
    expect(upstream.faults.active.status?.times).toBe(2);

    expect(await ask('DELETE', '/__faults')).toEqual({ status: 200, body: {} });
    expect((await fetch(`${upstream.url}/catalogs`)).status).toBe(200);
  });

  it('takes back what it told', async () => {
    upstream.faults.set({ hang: { times: 2 }, rateLimit: { retryAfter: 1 }, drift: 'swap' });
    const told = await ask('GET', '/__faults');
    expect(await ask('PUT', '/__faults', told.body)).toEqual(told);
  });

  it('replaces all faults by those put', async () => {
    await ask('PUT', '/__faults', { status: 500 });
    expect(await ask('PUT', '/__faults', { oversize: 1 })).toEqual({ status: 200, body: { oversize: { value: 1 } } });
  });

  it.each([
    [{ latency: 5 }, 'latency'],
    [{ errorRate: 1.5 }, 'errorRate'],
    [{ status: 200 }, 'status'],
    [{ hang: 'yes' }, 'hang'],
    [{ rateLimit: {} }, 'rateLimit.retryAfter'],
    [{ rateLimit: { retryAfter: '1\n2' } }, 'rateLimit.retryAfter'],
    [{ wrongTotal: { value: 1, times: -1 } }, 'wrongTotal.times'],
    [{ drop: { times: 1, routes: ['/lots'] } }, 'drop.routes.0'],
    [{ status: { times: 1 } }, 'status'],
    [[], ''],
  ])('refuses %j, naming the field', async (settings, field) => {
    const { status, body } = await ask('PUT', '/__faults', settings);
    expect([status, body]).toEqual([400, expect.objectContaining({ errors: [{ field, detail: expect.any(String) }] })]);
    expect(upstream.faults.active).toEqual({});
  });

  it('refuses what is not JSON, and what is too long', async () => {
    expect((await ask('PUT', '/__faults', '{status')).status).toBe(400);
    expect((await ask('PUT', '/__faults', ' '.repeat(3 * 1024 * 1024))).status).toBe(413);
  });
});

describe('control › /__rows', () => {
  it('puts a row, new or in place of another', async () => {
    const row = { name: 'New house', country: null };
    expect(await ask('PUT', '/__rows/sellers/new-1', row)).toEqual({ status: 200, body: { ...row, id: 'new-1' } });
    expect(await ask('PUT', '/__rows/sellers/1', { ...row, id: '1' })).toMatchObject({ status: 200 });
    expect(upstream.collections.get('sellers', 'new-1')).toEqual({ ...row, id: 'new-1' });
    expect(await getJson(`${upstream.url}/sellers/1`)).toEqual({ ...row, id: '1' });
  });

  it('changes some fields of a row, and with them its time', async () => {
    const { status } = await ask('PATCH', '/__rows/catalogs/7', { title: 'Now live', status: 'live' });
    expect(status).toBe(200);
    const row = await getJson<{ updated_at: string }>(`${upstream.url}/catalogs/7`);
    const before = collections.catalogs[6];
    expect(row).toEqual({ ...before, title: 'Now live', status: 'live', updated_at: row.updated_at });
    expect(Date.parse(row.updated_at)).toBeGreaterThan(Date.parse(before?.updated_at ?? ''));
  });

  it('removes a row', async () => {
    expect(await ask('DELETE', '/__rows/sellers/1')).toEqual({ status: 200, body: collections.sellers[0] });
    expect((await fetch(`${upstream.url}/sellers/1`)).status).toBe(404);
  });

  it('keeps ids integers where they are', async () => {
    await upstream.close();
    upstream = await startEmbeddedUpstream({ collections: { posts: [{ id: 1 }] } });
    await ask('PUT', '/__rows/posts/2', { title: 'Second' });
    await ask('PATCH', '/__rows/posts/1', { title: 'First' });
    expect(upstream.collections.rows('posts').map((row) => row.id)).toEqual([1, 2]);
  });

  it.each([
    ['PUT', '/__rows/lots/1', {}, 404],
    ['PATCH', '/__rows/sellers/nobody', {}, 404],
    ['DELETE', '/__rows/sellers/nobody', undefined, 404],
    ['PUT', '/__rows/sellers/1', { id: '2' }, 400],
    ['PUT', '/__rows/sellers/1', [], 400],
    ['POST', '/__rows/sellers/1', {}, 405],
    ['PUT', '/__rows/sellers', {}, 404],
    ['GET', '/__nothing', undefined, 404],
  ])('refuses %s %s with %j: %i', async (method, path, body, status) => {
    expect(await ask(method, path, body)).toMatchObject({ status, body: { status, detail: expect.any(String) } });
  });
});

describe('control › /__requests', () => {
  it('tells the counts and sets them back', async () => {
    await fetch(`${upstream.url}/catalogs`);
    await fetch(`${upstream.url}/catalogs/1`);
    expect((await ask('GET', '/__requests')).body).toEqual({
      total: 2,
      routes: { '/catalogs': 1, '/catalogs/{id}': 1 },
    });
    expect((await ask('DELETE', '/__requests')).body).toEqual({ total: 0, routes: {} });
  });
});

describe('control › stands apart', () => {
  it('answers under every fault, without a token, uncounted', async () => {
    await upstream.close();
    upstream = await startEmbeddedUpstream({ collections, token: 'tea' });
    const notTrue: Record<string, unknown> = {
      status: 500,
      latencyMs: 600_000,
      errorRate: 1,
      rateLimit: { retryAfter: 1 },
      redirect: '/',
      malformedRow: 1,
      unknownEnum: 1,
      wrongTotal: 1,
      oversize: 1,
      drift: 'swap',
    };
    const settings = Object.fromEntries(faultNames.map((name) => [name, notTrue[name] ?? true]));
    expect((await ask('PUT', '/__faults', settings)).status).toBe(200);
    upstream.hold();
    expect(Object.keys((await ask('GET', '/__faults')).body as object).sort()).toEqual(faultNames.toSorted());
    expect((await ask('GET', '/__requests')).body).toEqual({ total: 0, routes: {} });
    expect((await ask('DELETE', '/__faults')).status).toBe(200);
  });
});
