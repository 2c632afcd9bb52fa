import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { paginationStyles } from '../../src/config.ts';
import { UpstreamError } from '../../src/upstream/index.ts';
import { never, openClient } from './support/client.ts';
import { makeRow, makeRows, serve, settle, things, type Wire } from './support/collection.ts';
import { type Reply, startServer } from './support/server.ts';

describe('one row', () => {
  it('is decoded, and keeps the text upstream sent', async () => {
    const server = await startServer(() => ({
      body: ' { "name":"a",  "id":"x-1", "at":"2026-03-04T10:00:00Z", "more":[1] }',
    }));
    const { upstream, requests } = openClient(server.url);
    expect(await upstream.one(things, 'x-1', never)).toEqual({
      id: 'x-1',
      value: { id: 'x-1', name: 'a', at: new Date('2026-03-04T10:00:00Z') },
      text: '{"name":"a","id":"x-1","at":"2026-03-04T10:00:00Z","more":[1]}',
    });
    expect(await requests()).toEqual({ '/things/{id} 200': 1 });
  });

  it.each(['/api', '/api/', '/api//'])('is asked for below %s, with nothing that was not set', async (base) => {
    const server = await startServer();
    await openClient(new URL(base, server.url)).upstream.one(things, 'x-1', never);
    const [{ path, query, headers } = {}] = server.asked;
    expect([path, [...(query ?? [])]]).toEqual(['/api/things/x-1', []]);
    expect(headers).not.toHaveProperty('authorization');
  });

  it('that upstream does not have is null', async () => {
    const server = await startServer();
    const { upstream, requests } = openClient(server.url);
    expect(await upstream.one(things, '1', never)).toBeNull();
    expect(await requests()).toEqual({ '/things/{id} 404': 1 });
    expect(upstream.status()).toBe('ok');
  });

  it('is timed in seconds, by its route', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    vi.advanceTimersByTime(60_000);
    const server = await startServer(() => {
      vi.advanceTimersByTime(2_500);
      return { body: makeRow(1) };
    });
    const { upstream, telemetry } = openClient(server.url);
    await upstream.one(things, '1', never);
    const { values } = await telemetry.metrics.upstreamRequestDuration.get();
    const sum = values.find(({ metricName }) => metricName?.endsWith('_sum'));
    expect(sum).toMatchObject({ labels: { route: '/things/{id}' }, value: 2.5 });
  });

  it('has its id encoded in the path', async () => {
    const server = await startServer();
    await openClient(server.url).upstream.one(things, '../a?b#c', never);
    expect(server.asked[0]).toMatchObject({ path: '/things/..%2Fa%3Fb%23c' });
  });

  it.each<[string, Reply, RegExp]>([
    ['that does not decode', { body: { ...makeRow(1), name: 7 } }, /^things: row 1: name: /],
    ['that is no row', { body: 'null' }, /^things: row 1: the row: /],
    ['that is another one', { body: makeRow(2) }, /^things: asked for 1, got 2$/],
  ])('%s is refused', async (_, reply, message) => {
    const server = await startServer(() => reply);
    const reading = openClient(server.url).upstream.one(things, '1', never);
    await expect(reading).rejects.toMatchObject({ code: 'UPSTREAM_INVALID', message: expect.stringMatching(message) });
  });
});

describe.each(paginationStyles)('rows by id, in %s pages', (pagination) => {
  it('come in batches, and those that are not there are null', async () => {
    const server = await startServer(serve({ style: pagination, rows: makeRows(20), cap: 500 }));
    const { upstream, requests } = openClient(server.url, { settings: { pagination, idsLimit: 4 } });
    const ids = ['3', '99', '3', '7', 'abc', '20', '1', '2', '4', '5', '6'];
    const rows = await upstream.many(things, ids, never);
    expect([...rows.keys()].toSorted()).toEqual([...new Set(ids)].toSorted());
    for (const [id, row] of rows) {
      if (id === '99' || id === 'abc') expect(row).toBeNull();
      else expect(row).toMatchObject({ id, value: { id }, text: JSON.stringify(makeRow(Number(id))) });
    }
    const batches = server.asked.map(({ query }) => query.get('ids'));
    expect(batches.toSorted()).toEqual(['20,1,2,4', '3,99,7,abc', '5,6']);
    expect(server.asked.every(({ query }) => query.get('page_size') === '500' && !query.has('ordering'))).toBe(true);
    expect(await requests()).toEqual({ '/things 200': 3 });
  });

  it('are followed over all pages that the answer is cut into', async () => {
    const server = await startServer(serve({ style: pagination, rows: makeRows(20), cap: 2 }));
    const { upstream } = openClient(server.url, { settings: { pagination, order: 'name' } });
    const ids = ['2', '4', '6', '8', '10'];
    const rows = await upstream.many(things, ids, never);
    expect([...rows].map(([id, row]) => [id, row !== null])).toEqual(ids.map((id) => [id, true]));
    expect(server.asked).toHaveLength(3);
  });

  it('may be asked for in another way', async () => {
    const server = await startServer(serve({ style: pagination, rows: makeRows(20), cap: 2 }));
    const { upstream } = openClient(server.url, { settings: { pagination } });
    const byId = { ...things, batchQuery: (ids: readonly string[]) => ids.map((id) => `id=${id}`).join('&') };
    const rows = await upstream.many(byId, ['2', '4', '77'], never);
    expect([...rows].map(([id, row]) => [id, row !== null])).toEqual([
      ['2', true],
      ['4', true],
      ['77', false],
    ]);
    expect(server.asked[0]?.query.getAll('id')).toEqual(['2', '4', '77']);
  });
});

describe('rows by id', () => {
  const cursor = { settings: { pagination: 'cursor' } } as const;
  const page = (...items: unknown[]): Reply => ({ body: { items, next_cursor: null } });

  it('ask nothing when there are none', async () => {
    const server = await startServer();
    expect(await openClient(server.url).upstream.many(things, [], never)).toEqual(new Map());
    expect(server.asked).toEqual([]);
  });

  it('are asked for within the concurrency', async () => {
    const gate = Promise.withResolvers<Reply>();
    const server = await startServer(() => gate.promise);
    const { upstream } = openClient(server.url, { settings: { pagination: 'cursor', idsLimit: 1, concurrency: 3 } });
    const reading = upstream.many(things, ['1', '2', '3', '4', '5'], never);
    await server.whenAsked(3);
    await settle();
    expect(server.asked).toHaveLength(3);
    gate.resolve(page());
    expect([...(await reading).values()]).toEqual([null, null, null, null, null]);
    expect(server.asked).toHaveLength(5);
  });

  it('wait for one another when there are more than there may be connections', async () => {
    const gate = Promise.withResolvers<Reply>();
    const server = await startServer(() => gate.promise);
    const { upstream } = openClient(server.url, { settings: { concurrency: 2 } });
    const reads: Promise<unknown>[] = [];
    for (let turn = 0; turn < 25; turn++) {
      reads.push(upstream.one(things, '1', never));
      await new Promise(setImmediate);
    }
    await server.whenAsked(24);
    await settle();
    expect(server.asked).toHaveLength(24);
    gate.resolve({ body: makeRow(1) });
    expect(await Promise.all(reads)).toHaveLength(25);
  });

  it('of which one does not decode fail for that id only', async () => {
    const bad: Wire = { ...makeRow(2), name: 7 };
    const server = await startServer(() => page(makeRow(1), bad));
    const rows = await openClient(server.url, cursor).upstream.many(things, ['1', '2', '3'], never);
    expect(rows.get('1')).toMatchObject({ id: '1' });
    expect(rows.get('2')).toBeInstanceOf(UpstreamError);
    expect(rows.get('2')).toMatchObject({
      code: 'UPSTREAM_INVALID',
      message: expect.stringMatching(/^things: row 2: name: /),
    });
    expect(rows.get('3')).toBeNull();
  });

  it('of which one has no readable id are not said to be missing', async () => {
    const server = await startServer(() => page(makeRow(1), {}));
    const rows = await openClient(server.url, cursor).upstream.many(things, ['1', '2', '3'], never);
    expect(rows.get('1')).toMatchObject({ id: '1' });
    expect(rows.get('2')).toMatchObject({ code: 'UPSTREAM_INVALID' });
    expect(rows.get('3')).toMatchObject({ code: 'UPSTREAM_INVALID' });
  });

  it('that were not asked for are left out', async () => {
    const server = await startServer(() => page(makeRow(7)));
    const rows = await openClient(server.url, cursor).upstream.many(things, ['007'], never);
    expect([...rows]).toEqual([['007', null]]);
  });

  it('are refused from an API that does not know such queries', async () => {
    const all = serve({ style: 'cursor', rows: makeRows(9), cap: 2 });
    const server = await startServer(({ query, ...asked }) => {
      query.delete('ids');
      return all({ ...asked, query });
    });
    const rows = await openClient(server.url, cursor).upstream.many(things, ['1', '2', '3'], never);
    expect(rows.get('1')).toMatchObject({
      code: 'UPSTREAM_INVALID',
      message: 'things: gave more rows than the 3 asked for by id; it may not know such queries',
    });
    expect(server.asked).toHaveLength(2);
  });

  it('fail by batch: the others are read', async () => {
    const server = await startServer(({ query }) => (query.get('ids') === '1' ? { status: 400 } : page(makeRow(2))));
    const { upstream } = openClient(server.url, { settings: { pagination: 'cursor', idsLimit: 1 } });
    const rows = await upstream.many(things, ['1', '2'], never);
    expect(rows.get('1')).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', message: 'things: GET /things answered 400' });
    expect(rows.get('2')).toMatchObject({ id: '2' });
  });

  it('are invalid when the collection is not there', async () => {
    const server = await startServer();
    const rows = await openClient(server.url).upstream.many(things, ['1'], never);
    expect(rows.get('1')).toMatchObject({ code: 'UPSTREAM_INVALID', message: 'things: page 1 is not there (404)' });
  });

  it('are given up at once with their caller', async () => {
    const server = await startServer(() => new Promise<Reply>(() => {}));
    const { upstream } = openClient(server.url);
    const caller = new AbortController();
    const reading = upstream.many(things, ['1'], caller.signal);
    await server.whenAsked(1);
    caller.abort('enough');
    await expect(reading).rejects.toBe('enough');
  });
});
