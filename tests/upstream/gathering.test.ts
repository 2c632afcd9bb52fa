import { describe, expect, it } from 'vitest';
import { never, openClient } from './support/client.ts';
import { makeRow, makeRows, serve, settle, things } from './support/collection.ts';
import { type Reply, startServer } from './support/server.ts';

const all = serve({ style: 'page', rows: makeRows(20), cap: 500 });

function openOver(server: { url: URL }, settings: { idsLimit?: number; retries?: number } = {}) {
  const { upstream } = openClient(server.url, { settings });
  const byOthers = { ...things };
  return {
    one: (id: string, signal = never) => upstream.one(things, id, signal),
    many: (ids: string[], signal = never) => upstream.many(things, ids, signal),
    oneOfOthers: (id: string) => upstream.one(byOthers, id, never),
  };
}

const shownOf = (asked: { path: string; query: URLSearchParams }[]) =>
  asked.map(({ path, query }) => (query.has('ids') ? `${path}?ids=${query.get('ids')}` : path)).toSorted();

describe('rows by id for which several ask in one turn', () => {
  it('are read in one request, and each caller has its own', async () => {
    const server = await startServer(all);
    const { one, many } = openOver(server);
    const [first, rest, none, again] = await Promise.all([one('1'), many(['2', '99', '3']), one('98'), one('1')]);
    expect(first).toMatchObject({ id: '1', text: JSON.stringify(makeRow(1)) });
    expect([...rest].map(([id, row]) => [id, row === null])).toEqual([
      ['2', false],
      ['99', true],
      ['3', false],
    ]);
    expect(none).toBeNull();
    expect(again).toEqual(first);
    expect(shownOf(server.asked)).toEqual(['/things?ids=1,2,99,3,98']);
  });

  it('are read by themselves in another turn, and of another endpoint', async () => {
    const server = await startServer(({ path }) => ({ body: makeRow(Number(path.split('/').at(-1))) }));
    const { one, oneOfOthers } = openOver(server);
    const reading = [one('1'), oneOfOthers('2')];
    await new Promise(setImmediate);
    await Promise.all([...reading, one('3')]);
    expect(shownOf(server.asked)).toEqual(['/things/1', '/things/2', '/things/3']);
  });

  it('are parted where they are more than one request may ask for, but no caller is', async () => {
    const server = await startServer(all);
    const { one, many } = openOver(server, { idsLimit: 3 });
    await Promise.all([one('1'), many(['2', '3']), one('4'), many(['5', '6', '7']), one('8')]);
    expect(shownOf(server.asked)).toEqual(['/things/4', '/things/8', '/things?ids=1,2,3', '/things?ids=5,6,7']);
  });

  it('are read alone where the API refuses the batch: an id spoils nothing but itself', async () => {
    const server = await startServer((asked) => {
      if (asked.path === '/things/1') return { body: makeRow(1) };
      return asked.query.get('ids')?.includes('poison') ? { status: 400 } : all(asked);
    });
    const { one, many } = openOver(server);
    const [first, spoilt, rest] = await Promise.allSettled([one('1'), one('poison'), many(['2', '3'])]);
    expect(first).toMatchObject({ value: { id: '1' } });
    expect(spoilt).toMatchObject({ value: null });
    expect(rest).toMatchObject({ value: new Map(['2', '3'].map((id) => [id, expect.objectContaining({ id })])) });
    expect(shownOf(server.asked)).toEqual([
      '/things/1',
      '/things/poison',
      '/things?ids=1,poison,2,3',
      '/things?ids=2,3',
    ]);
  });

  it('are read alone where the row itself cannot be told from the batch, and only there', async () => {
    const server = await startServer(({ query, path }) => {
      if (path === '/things/2') return { body: makeRow(2) };
      expect(query.get('ids')).toBe('1,2');
      return { body: { items: [makeRow(1), { ...makeRow(2), name: 7 }], page: 1, total_pages: 1, total_items: 2 } };
    });
    const { one } = openOver(server);
    expect(await Promise.all([one('1'), one('2')])).toMatchObject([{ id: '1' }, { id: '2' }]);
    expect(shownOf(server.asked)).toEqual(['/things/2', '/things?ids=1,2']);
  });

  it('fail for each caller as they would have alone', async () => {
    const server = await startServer(() => ({ status: 403 }));
    const { one, many } = openOver(server);
    const [first, rest] = await Promise.allSettled([one('1'), many(['2'])]);
    expect(first).toMatchObject({
      reason: { message: expect.stringMatching(/^things: GET \/things\/\{id\} answered 403/) },
    });
    expect(rest).toMatchObject({ value: new Map([['2', expect.objectContaining({ code: 'UPSTREAM_UNAVAILABLE' })]]) });
  });

  it.each([503, 429])('are not asked for again where upstream as a whole fails, by %i', async (status) => {
    const server = await startServer(() => ({ status }));
    const { one, many } = openOver(server, { retries: 1 });
    const [first, rest] = await Promise.allSettled([one('1'), many(['2', '3'])]);
    const error = expect.objectContaining({ code: 'UPSTREAM_UNAVAILABLE', status });
    expect(first).toEqual({ status: 'rejected', reason: error });
    expect(rest).toMatchObject({ value: new Map(['2', '3'].map((id) => [id, error])) });
    expect(shownOf(server.asked)).toEqual(['/things?ids=1,2,3', '/things?ids=1,2,3']);
  });

  it('are given up with the last of their callers', async () => {
    const gate = Promise.withResolvers<Reply>();
    const closed = Promise.withResolvers<void>();
    const server = await startServer(() => gate.promise);
    const { one } = openOver(server);
    const [early, late] = [new AbortController(), new AbortController()];
    const reading = Promise.allSettled([one('1', early.signal), one('2', late.signal)]);
    await server.whenAsked(1);
    early.abort('enough');
    await settle();
    gate.resolve({ by: (response) => void response.on('close', () => closed.resolve()) });
    await settle();
    late.abort('enough as well');
    await closed.promise;
    expect(await reading).toEqual([
      { status: 'rejected', reason: 'enough' },
      { status: 'rejected', reason: 'enough as well' },
    ]);
    expect(server.asked).toHaveLength(1);
  });

  it('are still given to those who wait when another gives up, or had before', async () => {
    const gate = Promise.withResolvers<Reply>();
    const server = await startServer(() => gate.promise);
    const { one } = openOver(server);
    const [early, before] = [new AbortController(), AbortSignal.abort('before')];
    const reading = Promise.allSettled([one('1', early.signal), one('2'), one('3', before)]);
    await server.whenAsked(1);
    early.abort('enough');
    gate.resolve({ body: { items: [makeRow(1), makeRow(2)], page: 1, total_pages: 1, total_items: 2 } });
    expect(await reading).toMatchObject([{ reason: 'enough' }, { value: { id: '2' } }, { reason: 'before' }]);
  });
});
