import { describe, expect, it } from 'vitest';
import { Chest, never, openClient } from './support/client.ts';
import { idsOf, makeRow, makeRows, type Served, serve, settle, type Thing, things } from './support/collection.ts';
import { type Handler, startServer } from './support/server.ts';

/** What happens to the collection after its first page was read. */
const drifts: { what: string; served: Served; change: (served: Served) => void; says: string }[] = [
  {
    what: 'a row that was added',
    served: { style: 'page', rows: makeRows(6), cap: 2 },
    change: (served) => served.rows.push(makeRow(7)),
    says: 'promised 6 rows, and later 7',
  },
  {
    what: 'a row that slips onto the next page',
    served: { style: 'page', rows: makeRows(6), cap: 2 },
    change: ({ rows }) => {
      rows.pop();
      rows.unshift(makeRow(99));
    },
    says: 'gave a duplicate id, 2',
  },
  {
    what: 'a row that slips onto a page already read',
    served: { style: 'cursor', rows: makeRows(6), cap: 2 },
    change: ({ rows }) => rows.shift(),
    says: 'the first page changed while the others were read',
  },
  {
    what: 'a row that is added behind the last page',
    served: { style: 'page', rows: makeRows(2), cap: 2 },
    change: (served) => served.rows.push(makeRow(7)),
    says: 'promised 2 rows, and later 3',
  },
  {
    what: 'a row that leaves the only page',
    served: { style: 'cursor', rows: makeRows(2), cap: 2 },
    change: ({ rows }) => rows.pop(),
    says: 'the first page changed while the others were read',
  },
  {
    what: 'another order of the first page',
    served: { style: 'cursor', rows: makeRows(6), cap: 2 },
    change: ({ rows }) => {
      rows.splice(0, 2, makeRow(2), makeRow(1));
    },
    says: 'the first page changed while the others were read',
  },
  {
    what: 'pages that are no longer there',
    served: { style: 'next-link', rows: makeRows(6), cap: 2 },
    change: (served) => {
      served.rows = [];
    },
    says: 'page 2 was promised and is not there',
  },
];

/** 404 past the end, as Django has it. */
function strict(served: Served): Handler {
  const pages = serve(served);
  return (asked) => (served.rows.length === 0 ? { status: 404 } : pages(asked));
}

describe.each(drifts)('P3 complete or nothing › $what while a drain runs', ({ served: before, change, says }) => {
  const start = async (times: number) => {
    const served = { ...before, rows: [...before.rows] };
    const whole = [...served.rows];
    let left = times;
    const isUntouched = () => idsOf(served.rows).join() === idsOf(whole).join();
    const server = await startServer(async (asked) => {
      const reply = await strict(served)(asked);
      const isFirstPage = !asked.query.has('cursor') && [null, '1'].includes(asked.query.get('page'));
      if (isFirstPage && isUntouched() && left > 0) {
        left -= 1;
        change(served);
      }
      return reply;
    });
    const sinks: Chest<Thing>[] = [];
    const open = () => {
      served.rows = [...whole];
      const sink = new Chest<Thing>();
      sinks.push(sink);
      return sink;
    };
    const client = openClient(server.url, { settings: { pagination: served.style, concurrency: 1 } });
    return { server, whole, sinks, open, ...client };
  };

  it('begins the drain again, with a fresh sink', async () => {
    const { upstream, whole, sinks, open, drains, logged } = await start(1);
    const { sink, rows } = await upstream.drain(things, { open, signal: never, chunkRows: 2 });
    expect(sinks).toHaveLength(2);
    expect(sink).toBe(sinks[1]);
    expect(idsOf(sink.rows)).toEqual(idsOf(whole));
    expect(rows).toBe(whole.length);
    expect(await drains()).toEqual({ drifted: 1, complete: 1 });
    expect(logged('upstream.drift')).toMatchObject([{ level: 40, collection: 'things', attempt: 1, reason: says }]);
  });

  it('is refused when it never ends', async () => {
    const { upstream, sinks, open, drains } = await start(Number.POSITIVE_INFINITY);
    await expect(upstream.drain(things, { open, signal: never })).rejects.toMatchObject({
      code: 'UPSTREAM_INVALID',
      message: `things: drifted in each of 3 drains, at last: ${says}`,
    });
    expect(sinks).toHaveLength(3);
    expect(await drains()).toEqual({ drifted: 3 });
  });
});

describe('P3 complete or nothing › a total', () => {
  it.each(['page', 'next-link', 'link-header'] as const)('that %s pages do not keep is refused', async (style) => {
    const server = await startServer(serve({ style, rows: makeRows(5), cap: 2, total: 6 }));
    const { upstream } = openClient(server.url, { settings: { pagination: style } });
    const draining = upstream.drain(things, { open: () => new Chest<Thing>(), signal: never });
    await expect(draining).rejects.toThrow('promised 6 rows and gave 5');
  });

  it.each([
    ['at all', {}],
    ['by every page', { count: 2 }],
  ])('need not be stated %s', async (_, stated) => {
    const server = await startServer(({ query }) => ({
      body: {
        ...(!query.has('c') && stated),
        results: makeRows(1, query.has('c') ? 2 : 1),
        next: query.has('c') ? null : '/things?c=b',
        previous: null,
      },
    }));
    const { upstream } = openClient(server.url, { settings: { pagination: 'next-link' } });
    const { rows } = await upstream.drain(things, { open: () => new Chest<Thing>(), signal: never });
    expect(rows).toBe(2);
  });
});

describe('a drain that begins again', () => {
  it('waits a while first, and is given up at once when its caller goes', async () => {
    const server = await startServer(serve({ style: 'page', rows: makeRows(5), cap: 2, total: 6 }));
    const caller = new AbortController();
    const { upstream } = openClient(server.url, {
      random: () => 1_000, // The wait outlasts the test.
      onLog: ({ event }) => event === 'upstream.drift' && settle().then(() => caller.abort(new Error('gone'))),
    });
    const draining = upstream.drain(things, { open: () => new Chest<Thing>(), signal: caller.signal });
    await expect(draining).rejects.toThrow('gone');
    expect(server.asked).toHaveLength(3);
  });
});
