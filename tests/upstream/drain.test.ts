import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { paginationStyles } from '../../src/config.ts';
import type { Row } from '../../src/upstream/index.ts';
import { Chest, never, openClient } from './support/client.ts';
import { idsOf, makeRow, makeRows, type Served, serve, settle, type Thing, things } from './support/collection.ts';
import { hang, type Reply, startServer } from './support/server.ts';

const open = () => new Chest<Thing>();
const sorted = (ids: string[]) => ids.toSorted((a, b) => Number(a) - Number(b));

describe.each(paginationStyles)('P3 complete or nothing › a collection in %s pages', (style) => {
  it.each([
    { rows: 0, cap: 500 },
    { rows: 1, cap: 500 },
    { rows: 500, cap: 500 },
    { rows: 1000, cap: 500 },
    { rows: 1201, cap: 500 },
    { rows: 501, cap: 100 },
    { rows: 7, cap: 1 },
  ])('of $rows rows is read whole when a page has at most $cap', async ({ rows, cap }) => {
    const served: Served = { style, rows: makeRows(rows), cap };
    const server = await startServer(serve(served));
    const { upstream, drains } = openClient(server.url, { settings: { pagination: style } });
    const drained = await upstream.drain(things, { open, signal: never });
    expect(sorted(idsOf(drained.sink.rows))).toEqual(idsOf(served.rows));
    const pages = Math.max(1, Math.ceil(rows / cap));
    expect(drained).toMatchObject({ rows, pages, quarantined: [] });
    expect(server.asked).toHaveLength(pages + 1); // The first page is looked at twice.
    expect(await drains()).toEqual({ complete: 1 });
  });

  it('is read whole for any size, page size, cap and concurrency', async () => {
    const served: Served = { style, rows: [], cap: 1 };
    const server = await startServer(serve(served));
    const small = fc.integer({ min: 1, max: 12 });
    const cases = fc.record({ size: fc.nat(60), pageSize: small, cap: small, concurrency: small, chunkRows: small });
    const property = fc.asyncProperty(cases, async ({ size, pageSize, cap, concurrency, chunkRows }) => {
      Object.assign(served, { rows: makeRows(size), cap });
      const { upstream } = openClient(server.url, { settings: { pagination: style, pageSize, concurrency } });
      const { sink } = await upstream.drain(things, { open, signal: never, chunkRows });
      expect(sorted(idsOf(sink.rows))).toEqual(idsOf(served.rows));
      expect(sink.chunks.slice(0, -1).every((chunk) => chunk.length === chunkRows)).toBe(true);
    });
    await fc.assert(property, { seed: 20261123, numRuns: 40 });
  });

  it('sends page size, order, token and what the base URL brings with every page', async () => {
    const server = await startServer(serve({ style, rows: makeRows(5), cap: 2 }));
    const base = new URL('/api/v1/?tenant=7', server.url);
    const settings = { pagination: style, order: '-updated_at', pageSize: 3, token: 'secret' };
    const { upstream } = openClient(base, { settings });
    await upstream.drain(things, { open, signal: never });
    expect(server.asked).toHaveLength(4);
    for (const { path, query, headers } of server.asked) {
      expect(path).toBe('/api/v1/things');
      expect(Object.fromEntries(query)).toMatchObject({ tenant: '7', page_size: '3', ordering: '-updated_at' });
      expect(headers).toMatchObject({
        authorization: 'Bearer secret',
        accept: 'application/json',
        'user-agent': 'vitrine',
      });
    }
  });
});

describe('a drained row', () => {
  it('is decoded and keeps the text upstream sent', async () => {
    const server = await startServer(serve({ style: 'page', rows: [makeRow(1)], cap: 10 }));
    const { sink } = await openClient(server.url).upstream.drain(things, { open, signal: never });
    expect(sink.rows).toEqual([
      {
        id: '1',
        value: { id: '1', name: 'thing 1', at: new Date('2026-03-04T08:00:00.123Z') },
        text: '{"id":1,"name":"thing 1","at":"2026-03-04T10:00:00.123456+02:00"}',
      },
    ]);
  });
});

describe('P8 observable › a drain', () => {
  it('is timed in seconds, from its own beginning', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    vi.advanceTimersByTime(60_000);
    const pages = serve({ style: 'page', rows: makeRows(1), cap: 2 });
    const server = await startServer(pages);
    server.next((asked) => {
      vi.advanceTimersByTime(2_500);
      return pages(asked);
    });
    const { upstream, telemetry } = openClient(server.url);
    await upstream.drain(things, { open, signal: never });
    const { values } = await telemetry.metrics.drainDuration.get();
    expect(values.find(({ metricName }) => metricName?.endsWith('_sum'))?.value).toBe(2.5);
  });
});

describe('a link-header collection', () => {
  const drainOf = async (...replies: Reply[]) => {
    const server = await startServer();
    server.next(...replies);
    const { upstream } = openClient(server.url, { settings: { pagination: 'link-header' } });
    return await upstream.drain(things, { open, signal: never });
  };

  it('that is an array without a Link header is whole on its one page', async () => {
    const reply = { body: makeRows(3) };
    expect(await drainOf(reply, reply)).toMatchObject({ rows: 3, pages: 1 });
  });

  it('may come in items, and its Link header in several lines', async () => {
    const links = ['</things>; rel="first"', '</things?page=2>; rel=next'];
    const first = { headers: { link: links }, body: { items: makeRows(2) } };
    const drained = await drainOf(first, { body: { items: makeRows(1, 3) } }, first);
    expect(idsOf(drained.sink.rows)).toEqual(['1', '2', '3']);
  });
});

describe('the sink of a drain', () => {
  it('gets chunks of the size asked for, the last one the rest', async () => {
    const server = await startServer(serve({ style: 'page', rows: makeRows(2500), cap: 300 }));
    const { upstream } = openClient(server.url);
    const { sink } = await upstream.drain(things, { open, signal: never });
    expect(sink.chunks.map((chunk) => chunk.length)).toEqual([1000, 1000, 500]);
  });

  it('gets nothing for an empty collection', async () => {
    const server = await startServer(serve({ style: 'page', rows: [], cap: 300 }));
    const { sink } = await openClient(server.url).upstream.drain(things, { open, signal: never });
    expect(sink.chunks).toEqual([]);
  });

  it.each([
    { chunkRows: 2, gatedChunk: 2 },
    { chunkRows: 4, gatedChunk: 1 },
  ])('holds back further pages while it writes: chunks of $chunkRows', async ({ chunkRows, gatedChunk }) => {
    const server = await startServer(serve({ style: 'page', rows: makeRows(12), cap: 2 }));
    const { upstream } = openClient(server.url, { settings: { concurrency: 3 } });
    const entered = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    let writing = 0;
    class GatedChest extends Chest<Thing> {
      override async write(rows: Row<Thing>[]): Promise<void> {
        writing += 1;
        expect(writing).toBe(1);
        await super.write(rows);
        if (this.chunks.length === gatedChunk) {
          entered.resolve();
          await gate.promise;
        }
        writing -= 1;
      }
    }
    const draining = upstream.drain(things, { open: () => new GatedChest(), signal: never, chunkRows });
    await entered.promise;
    await upstream.one(things, '1', never); // A request sent before this one has arrived by now.
    await settle();
    const pages = () => server.asked.filter(({ path }) => path === '/things').map(({ query }) => query.get('page'));
    expect(pages().toSorted()).toEqual(['1', '2', '3', '4']);
    gate.resolve();
    const { rows } = await draining;
    expect(rows).toBe(12);
    expect(pages().toSorted()).toEqual(['1', '1', '2', '3', '4', '5', '6']);
  });

  it('that throws fails the drain with its own error, and is not written to again', async () => {
    const server = await startServer(serve({ style: 'page', rows: makeRows(12), cap: 2 }));
    const { upstream, drains } = openClient(server.url);
    const sink = open();
    const full = new Error('the chest is full');
    sink.write = (rows) => {
      sink.chunks.push(rows);
      throw full;
    };
    await expect(upstream.drain(things, { open: () => sink, signal: never, chunkRows: 2 })).rejects.toBe(full);
    await settle();
    expect(sink.chunks).toHaveLength(1);
    expect(await drains()).toEqual({ failed: 1 });
  });
});

describe('P3 complete or nothing › a drain', () => {
  it('is given up by its caller at once, and the sink gets nothing more', async () => {
    const server = await startServer(serve({ style: 'cursor', rows: makeRows(6), cap: 2 }));
    const { upstream, drains, requests } = openClient(server.url, { settings: { pagination: 'cursor' } });
    const caller = new AbortController();
    const sink = open();
    const reason = new Error('no longer wanted');
    server.next(serve({ style: 'cursor', rows: makeRows(6), cap: 2 }), hang);
    const draining = upstream.drain(things, { open: () => sink, signal: caller.signal, chunkRows: 2 });
    await server.whenAsked(2);
    caller.abort(reason);
    await expect(draining).rejects.toBe(reason);
    await settle();
    expect(sink.rows).toHaveLength(2);
    expect(await drains()).toEqual({ aborted: 1 });
    expect(await requests()).toEqual({ '/things 200': 1, '/things aborted': 1 });
    expect(upstream.status()).toBe('ok');
  });

  it('is given up at once even while the sink writes', async () => {
    const server = await startServer(serve({ style: 'page', rows: makeRows(6), cap: 2 }));
    const { upstream } = openClient(server.url);
    const caller = new AbortController();
    const entered = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    let writes = 0;
    const slow = {
      write() {
        writes += 1;
        entered.resolve();
        return gate.promise;
      },
    };
    const draining = upstream.drain(things, { open: () => slow, signal: caller.signal, chunkRows: 1 });
    await entered.promise;
    caller.abort();
    await expect(draining).rejects.toThrow(/aborted/);
    gate.resolve();
    await settle();
    expect(writes).toBe(1);
  });

  it('is not begun for a caller that has already given up', async () => {
    const server = await startServer(serve({ style: 'page', rows: makeRows(6), cap: 2 }));
    const { upstream } = openClient(server.url);
    const reason = new Error('too late');
    await expect(upstream.drain(things, { open, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(server.asked).toEqual([]);
  });

  it('that fails at one page breaks off the others at once', async () => {
    const closed: Promise<void>[] = [];
    const held: Reply = {
      by: (response) => {
        closed.push(new Promise((resolve) => response.on('close', resolve)));
      },
    };
    const pages = serve({ style: 'page', rows: makeRows(8), cap: 2 });
    const all = Promise.withResolvers<void>();
    const server = await startServer(async (asked) => {
      if (asked.query.get('page') === '1') return pages(asked);
      if (asked.query.get('page') !== '4') return held;
      await all.promise;
      return { status: 400 };
    });
    const { upstream, requests, drains } = openClient(server.url);
    const draining = upstream.drain(things, { open, signal: never });
    const failed = expect(draining).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      message: 'things: GET /things answered 400',
    });
    await server.whenAsked(4);
    all.resolve();
    await failed;
    await Promise.all(closed);
    expect(closed).toHaveLength(2);
    expect(await requests()).toEqual({ '/things 200': 1, '/things 400': 1, '/things aborted': 2 });
    expect(await drains()).toEqual({ failed: 1 });
  });

  it('of a collection that is not there says so', async () => {
    const server = await startServer();
    const { upstream } = openClient(server.url);
    await expect(upstream.drain(things, { open, signal: never })).rejects.toMatchObject({
      code: 'UPSTREAM_INVALID',
      message: 'things: page 1 is not there (404)',
    });
  });
});
