import { describe, expect, it } from 'vitest';
import type { Config } from '../../src/config.ts';
import { Chest, never, openClient } from './support/client.ts';
import { idsOf, makeRows, serve, type Thing, things, type Wire } from './support/collection.ts';
import { type Reply, startServer } from './support/server.ts';

type Settings = Partial<Config['upstream']>;

async function drain(url: URL, settings: Settings) {
  const client = openClient(url, { settings: { concurrency: 1, ...settings } });
  return await client.upstream.drain(things, { open: () => new Chest<Thing>(), signal: never });
}

describe('a row that does not decode', () => {
  const spoilt = (count: number): Wire[] =>
    makeRows(6).map((row) => (Number(row.id) > 6 - count ? { ...row, name: 7 } : row));
  const start = (count: number) => startServer(serve({ style: 'page', rows: spoilt(count), cap: 2 }));

  it('fails the drain, by the name of endpoint, page, row and field', async () => {
    const server = await start(1);
    await expect(drain(server.url, {})).rejects.toMatchObject({
      code: 'UPSTREAM_INVALID',
      message: expect.stringMatching(/^things: page 3, row 6: name: .*expected string, received number$/),
    });
    expect(server.asked).toHaveLength(3); // Not read again: the same row would come.
  });

  it('is left out and told of when quarantine has room, and counts for the total', async () => {
    const server = await start(2);
    const drained = await drain(server.url, { invalidItems: { mode: 'quarantine', max: 2 } });
    expect(idsOf(drained.sink.rows)).toEqual(['1', '2', '3', '4']);
    expect(drained).toMatchObject({
      rows: 4,
      quarantined: [
        { id: '5', page: '3', field: 'name', message: expect.stringContaining('string') },
        { id: '6', page: '3', field: 'name' },
      ],
    });
  });

  it('fails the drain when quarantine is full', async () => {
    const server = await start(3);
    const draining = drain(server.url, { invalidItems: { mode: 'quarantine', max: 2 } });
    await expect(draining).rejects.toMatchObject({
      code: 'UPSTREAM_INVALID',
      message: expect.stringMatching(/^things: page 3, row 6: name: .*after 2 rows left out$/),
    });
  });

  it.each([
    ['its id, a text', { id: 'x-1' }, 'x-1'],
    ['its id, a number', { id: 7 }, '7'],
    ['no id, as that is neither text nor number', { id: true }, null],
    ['no id, as it has none', {}, null],
    ['no id, as it is null', null, null],
    ['no id, as it is a number', 7, null],
  ])('is left out and told of by %s', async (_, wire, id) => {
    const server = await startServer(() => ({ body: { items: [wire, ...makeRows(1)], next_cursor: '' } }));
    const settings: Settings = { pagination: 'cursor', invalidItems: { mode: 'quarantine', max: 1 } };
    const { rows, quarantined } = await drain(server.url, settings);
    expect({ rows, quarantined }).toMatchObject({ rows: 1, quarantined: [{ id, page: '1' }] });
  });

  it('is no duplicate of another, where neither has an id', async () => {
    const server = await startServer(() => ({ body: { items: [null, {}, ...makeRows(1)], next_cursor: '' } }));
    const settings: Settings = { pagination: 'cursor', invalidItems: { mode: 'quarantine', max: 2 } };
    expect((await drain(server.url, settings)).quarantined).toHaveLength(2);
  });

  it('fails the drain in words, where neither id nor field can be named', async () => {
    const server = await startServer(() => ({ body: { items: [null], next_cursor: '' } }));
    await expect(drain(server.url, { pagination: 'cursor' })).rejects.toThrow(
      'things: page 1, row without a readable id: the row: ',
    );
  });

  it('is a duplicate when its id was there already', async () => {
    const rows = [...makeRows(2), { ...makeRows(1)[0], name: 7 } as Wire];
    const server = await startServer(serve({ style: 'page', rows, cap: 2 }));
    const draining = drain(server.url, { invalidItems: { mode: 'quarantine', max: 1 } });
    await expect(draining).rejects.toThrow('gave a duplicate id, 1');
  });
});

describe('a codec that breaks', () => {
  it('is not taken for a row that does not decode', async () => {
    const server = await startServer(serve({ style: 'page', rows: makeRows(1), cap: 2 }));
    const { upstream } = openClient(server.url, { settings: { invalidItems: { mode: 'quarantine', max: 9 } } });
    const broken = { ...things, idOf: () => (undefined as unknown as Thing).id };
    await expect(upstream.one(broken, '1', never)).rejects.toThrow(TypeError);
    await expect(upstream.many(broken, ['1'], never)).rejects.toThrow(TypeError);
  });
});

describe('a page that is not of its style', () => {
  const full = { items: [], page: 1, page_size: 500, total_pages: 1, total_items: 0 };
  const cases: [Config['upstream']['pagination'], Reply, RegExp][] = [
    ['page', { body: { ...full, items: undefined } }, /page 1 is not of the style: items: .*expected array/],
    ['page', { body: { ...full, total_pages: undefined } }, /total_pages: /],
    ['page', { body: { ...full, total_items: undefined } }, /total_items: /],
    ['page', { body: { ...full, total_items: -1 } }, /total_items: /],
    ['page', { body: { ...full, total_pages: 1e12 } }, /promises 1000000000000 pages for 0 rows/],
    ['page', { body: [] }, /the body: /],
    ['page', { body: null }, /the body: /],
    ['next-link', { body: { results: [], count: 0 } }, /next: /],
    ['next-link', { body: { next: null, count: 0 } }, /results: /],
    ['next-link', { body: { results: [], next: null, count: '0' } }, /count: /],
    ['link-header', { body: {} }, /the body: /],
    ['link-header', { body: [], headers: { 'x-total-count': 'many' } }, /X-Total-Count that is no number/],
    ['link-header', { body: [], headers: { 'x-total-count': 'some 5' } }, /X-Total-Count that is no number/],
    ['link-header', { body: [], headers: { 'x-total-count': '5 or so' } }, /X-Total-Count that is no number/],
    [
      'link-header',
      { body: [], headers: { link: '</things?page=2; rel=next' } },
      /cannot be read: not a Link header, from character 0/,
    ],
    ['cursor', { body: { items: [] } }, /next_cursor: /],
    ['cursor', { body: { next_cursor: null } }, /items: /],
  ];

  it.each(cases)('%s: %j is refused', async (pagination, reply, says) => {
    const server = await startServer(() => reply);
    const draining = drain(server.url, { pagination });
    await expect(draining).rejects.toMatchObject({ code: 'UPSTREAM_INVALID', message: expect.stringMatching(says) });
    expect(server.asked).toHaveLength(1);
  });
});

describe('a link', () => {
  const linked = (next: string): Reply => ({ body: { results: makeRows(1), next, previous: null } });

  it.each(['next-link', 'link-header'] as const)('of %s to another origin is not followed', async (pagination) => {
    const elsewhere = await startServer();
    const server = await startServer(() => ({
      ...linked(`${elsewhere.url}things?key=secret`),
      ...(pagination === 'link-header' && { headers: { link: `<${elsewhere.url}things>; rel=next` }, body: [] }),
    }));
    const draining = drain(server.url, { pagination, token: 'secret' });
    await expect(draining).rejects.toMatchObject({
      code: 'UPSTREAM_INVALID',
      message: `things: page 1 leads on to ${elsewhere.url.origin}; links are followed within ${server.url.origin} only`,
    });
    expect(elsewhere.asked).toEqual([]);
    expect(server.asked).toHaveLength(1);
  });

  it('that is none is refused', async () => {
    const server = await startServer(() => linked('http://['));
    await expect(drain(server.url, { pagination: 'next-link' })).rejects.toThrow('leads on to no address at all');
  });

  it.each(['/things?page_size=500', '/things?page_size=500#again'])(
    'back to %s is not followed for ever',
    async (next) => {
      const server = await startServer(() => linked(next));
      const draining = drain(server.url, { pagination: 'next-link' });
      await expect(draining).rejects.toMatchObject({
        code: 'UPSTREAM_INVALID',
        message: 'things: page 1 leads back to a page already read',
      });
    },
  );

  it('may be relative', async () => {
    const server = await startServer();
    const first = linked('?page=2');
    server.next(first, { body: { results: makeRows(1, 2), next: null, previous: '..' } }, first);
    expect(await drain(server.url, { pagination: 'next-link' })).toMatchObject({ rows: 2, pages: 2 });
    expect(server.asked[1]).toMatchObject({ path: '/things' });
  });
});

describe('a cursor', () => {
  it('that comes twice is not followed for ever', async () => {
    let id = 0;
    const server = await startServer(() => {
      id += 1;
      return { body: { items: makeRows(1, id), next_cursor: 'same' } };
    });
    await expect(drain(server.url, { pagination: 'cursor' })).rejects.toMatchObject({
      code: 'UPSTREAM_INVALID',
      message: 'things: page 2 leads back to a page already read',
    });
    expect(server.asked).toHaveLength(2);
  });
});
