import { getEventListeners } from 'node:events';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { FailedTry } from '../../src/upstream/errors.ts';
import { parseRetryAfter } from '../../src/upstream/http.ts';
import { backoffMs, isFault, isRepeatable } from '../../src/upstream/policy.ts';
import { within } from '../../src/upstream/within.ts';
import { Chest, never, openClient } from './support/client.ts';
import { makeRow, makeRows, serve, settle, type Thing, things } from './support/collection.ts';
import { drop, type Handler, hang, type Reply, stall, startServer, truncate } from './support/server.ts';

const row = { body: makeRow(1) };
const route = { name: 'things', template: '/things' };

describe('a try that failed', () => {
  const failed = (status: FailedTry['status']) => new FailedTry(route, status, 'failed');

  it.each(['timeout', 'network', 500, 502, 503, 504, 599] as const)(
    'by %s is repeated and speaks against upstream',
    (status) => {
      expect([isRepeatable(failed(status)), isFault(failed(status))]).toEqual([true, true]);
    },
  );

  it.each([408, 429] as const)('by %s is repeated, and does not speak against upstream', (status) => {
    expect([isRepeatable(failed(status)), isFault(failed(status))]).toEqual([true, false]);
  });

  it.each([200, 301, 304, 400, 401, 403, 410, 418] as const)(
    'by %s is final, and does not speak against upstream',
    (status) => {
      expect([isRepeatable(failed(status)), isFault(failed(status))]).toEqual([false, false]);
    },
  );

  it('is followed by waits that grow, each of them random', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 11 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (tries, chance) => {
          const waitMs = backoffMs(tries, () => chance);
          const bound = Math.min(2_000, 100 * 2 ** (tries - 1));
          expect(Math.abs(waitMs - chance * bound)).toBeLessThanOrEqual(0.5);
        },
      ),
      { seed: 20261123 },
    );
  });
});

const faults: [string, Reply, string, string][] = [
  ['a status of 500', { status: 500 }, '500', 'UPSTREAM_UNAVAILABLE'],
  ['a status of 503', { status: 503, body: { error: 'down' } }, '503', 'UPSTREAM_UNAVAILABLE'],
  ['a status of 408', { status: 408 }, '408', 'UPSTREAM_UNAVAILABLE'],
  ['a status of 429', { status: 429 }, '429', 'UPSTREAM_UNAVAILABLE'],
  ['a connection that breaks', drop, 'network', 'UPSTREAM_UNAVAILABLE'],
  ['a body that ends too early', truncate, 'network', 'UPSTREAM_UNAVAILABLE'],
  ['no answer', hang, 'timeout', 'UPSTREAM_TIMEOUT'],
  ['a body that never ends', stall, 'timeout', 'UPSTREAM_TIMEOUT'],
];

describe.each(faults)('%s', (_, reply, status, code) => {
  const settings = { timeoutMs: 1_000, retries: 2 };
  const isLate = status === 'timeout';

  /** A try's time is over soon after it was sent, on a clock that nothing else moves. */
  const fault: Handler = () => {
    if (isLate) void settle().then(() => vi.advanceTimersByTime(settings.timeoutMs));
    return reply;
  };
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  it('is tried again', async () => {
    const server = await startServer();
    server.next(fault, fault, row);
    const { upstream, requests, logged } = openClient(server.url, { settings });
    expect(await upstream.one(things, '1', never)).toMatchObject({ id: '1' });
    expect(server.asked).toHaveLength(3);
    expect(await requests()).toEqual({ [`/things/{id} ${status}`]: 2, '/things/{id} 200': 1 });
    const said = { level: 40, route: '/things/{id}', status: Number(status) || status, waitMs: 0 };
    expect(logged('upstream.retry')).toMatchObject([
      { ...said, attempt: 1 },
      { ...said, attempt: 2 },
    ]);
    expect(upstream.status()).toBe('ok');
  });

  it('fails the read when the tries are used up', async () => {
    const server = await startServer(fault);
    const { upstream } = openClient(server.url, { settings });
    await expect(upstream.one(things, '1', never)).rejects.toMatchObject({ name: 'UpstreamError', code });
    expect(server.asked).toHaveLength(3);
  });

  it('is not tried again when the settings say so', async () => {
    const server = await startServer(fault);
    const { upstream } = openClient(server.url, { settings: { ...settings, retries: 0 } });
    await expect(upstream.one(things, '1', never)).rejects.toMatchObject({ code });
    expect(server.asked).toHaveLength(1);
    const isDown = isLate || status === 'network' || Number(status) >= 500;
    expect(upstream.status()).toBe(isDown ? 'down' : 'ok');
  });

  it('at one page does not make a drain begin again', async () => {
    const pages = serve({ style: 'page', rows: makeRows(6), cap: 2 });
    const server = await startServer(pages);
    server.next(pages, fault);
    const { upstream, drains } = openClient(server.url, { settings: { ...settings, concurrency: 1 } });
    const { rows } = await upstream.drain(things, { open: () => new Chest<Thing>(), signal: never });
    expect(rows).toBe(6);
    expect(server.asked).toHaveLength(5);
    expect(await drains()).toEqual({ complete: 1 });
  });
});

describe('a server that cannot be reached', () => {
  it('is unavailable', async () => {
    const { upstream, requests } = openClient(new URL('http://127.0.0.1:1'), { settings: { retries: 1 } });
    await expect(upstream.one(things, '1', never)).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      message: 'things: GET /things/{id} did not get through (ECONNREFUSED)',
      cause: { code: 'ECONNREFUSED' },
    });
    expect(await requests()).toEqual({ '/things/{id} network': 2 });
  });
});

describe('an answer that asking again would not change', () => {
  it.each<[string, Reply, string, string]>([
    ['400', { status: 400 }, 'UPSTREAM_UNAVAILABLE', 'answered 400'],
    ['401', { status: 401 }, 'UPSTREAM_UNAVAILABLE', 'answered 401: it asks for a token, and none is set'],
    ['410', { status: 410 }, 'UPSTREAM_UNAVAILABLE', 'answered 410'],
    ['304', { status: 304 }, 'UPSTREAM_UNAVAILABLE', 'answered 304'],
    ['300, with a choice', { status: 300, body: makeRow(1) }, 'UPSTREAM_UNAVAILABLE', 'answered 300'],
    ['text', { body: '<html>' }, 'UPSTREAM_INVALID', 'gave a body that is not JSON'],
    ['nothing', { status: 204 }, 'UPSTREAM_INVALID', 'gave a body that is not JSON'],
  ])('is final: %s', async (_, reply, code, what) => {
    const server = await startServer(() => reply);
    const { upstream, logged } = openClient(server.url);
    const message = `things: GET /things/{id} ${what}`;
    await expect(upstream.one(things, '1', never)).rejects.toMatchObject({ code, message });
    expect(server.asked).toHaveLength(1);
    expect(logged('upstream.retry')).toEqual([]);
  });

  it('is final: bytes that are no UTF-8', async () => {
    const server = await startServer(() => ({
      by: (response) => void response.end(Buffer.from('{"id":1,"name":"\xe4"}', 'latin1')),
    }));
    const { upstream } = openClient(server.url);
    await expect(upstream.one(things, '1', never)).rejects.toMatchObject({
      message: expect.stringMatching(/not JSON$/),
    });
  });

  it.each([401, 403])('tells that the token was not accepted: %s', async (status) => {
    const server = await startServer(() => ({ status }));
    const { upstream } = openClient(server.url, { settings: { token: 'secret' } });
    const message = `things: GET /things/{id} answered ${status}: the token was not accepted`;
    await expect(upstream.one(things, '1', never)).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', message });
  });
});

describe('a body', () => {
  const text = JSON.stringify(makeRow(1));
  function* forEver() {
    for (;;) yield text;
  }

  it('of the size allowed is read', async () => {
    const server = await startServer(() => ({ body: text }));
    const { upstream } = openClient(server.url, { maxBodyBytes: text.length });
    expect(await upstream.one(things, '1', never)).toMatchObject({ text });
  });

  it.each<[string, Reply]>([
    ['that says so', { body: text, headers: { 'content-length': String(text.length) } }],
    ['in chunks', { body: text, headers: { 'transfer-encoding': 'chunked' } }],
    ['without an end', { by: (response) => Readable.from(forEver()).pipe(response) }],
  ])('over the cap is refused, and not asked for again: %s', async (_, reply) => {
    const server = await startServer(() => reply);
    const { upstream } = openClient(server.url, { maxBodyBytes: text.length - 1 });
    await expect(upstream.one(things, '1', never)).rejects.toMatchObject({
      code: 'UPSTREAM_INVALID',
      message: `things: GET /things/{id} gave a body of more than ${text.length - 1} bytes`,
    });
    expect(server.asked).toHaveLength(1);
  });
});

describe('Retry-After', () => {
  afterEach(() => void vi.useRealTimers());

  it.each([
    ['0', 0],
    ['120', 120_000],
    ['Mon, 23 Nov 2026 12:00:30 GMT', 30_000],
    ['Mon, 23 Nov 2026 11:00:00 GMT', 0],
    ['soon', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['2026-11-23', undefined],
    ['Xyz, 99 Nov 2026 12:00:30 GMT', undefined],
    ['on Mon, 23 Nov 2026 12:00:30 GMT', undefined],
    ['Mon, 23 Nov 2026 12:00:30 GMT+0100', undefined],
    [undefined, undefined],
  ])('%s is %s ms', (header, waitMs) => {
    expect(parseRetryAfter(header, Date.parse('2026-11-23T12:00:00Z'))).toBe(waitMs);
  });

  it.each([
    ['7', 7_000],
    ['Mon, 23 Nov 2026 12:00:09 GMT', 9_000],
  ])('%s is waited for, until the caller goes', async (header, waitMs) => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-23T12:00:00Z') });
    const server = await startServer(() => ({ status: 503, headers: { 'retry-after': header } }));
    const caller = new AbortController();
    const { upstream, logged } = openClient(server.url, {
      onLog: ({ event }) => event === 'upstream.retry' && setImmediate(() => caller.abort(new Error('gone'))),
    });
    await expect(upstream.one(things, '1', caller.signal)).rejects.toThrow('gone');
    expect(logged('upstream.retry')).toMatchObject([{ status: 503, waitMs }]);
    expect(server.asked).toHaveLength(1);
  });

  it('beyond the budget fails the read at once, and is handed on', async () => {
    const server = await startServer(() => ({ status: 429, headers: { 'retry-after': '3600' } }));
    const { upstream, logged } = openClient(server.url);
    await expect(upstream.one(things, '1', never)).rejects.toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      retryAfterMs: 3_600_000,
    });
    expect(server.asked).toHaveLength(1);
    expect(logged('upstream.retry')).toEqual([]);
  });
});

describe('the budget of a request', () => {
  it('leaves no timer behind, nor what listens to its signal, when it is kept', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { signal } = new AbortController();
    await within({ timeoutMs: 1_000, signal, timeoutError: () => new Error('late') }, async () => {});
    expect([vi.getTimerCount(), getEventListeners(signal, 'abort')]).toEqual([0, []]);
  });

  it('ends a try that would have had more time', async () => {
    const server = await startServer(() => hang);
    const { upstream, requests } = openClient(server.url, { budgetMs: 60, settings: { timeoutMs: 600_000 } });
    await expect(upstream.one(things, '1', never)).rejects.toMatchObject({
      code: 'UPSTREAM_TIMEOUT',
      message: 'things: GET /things/{id} gave no answer within 60 ms',
    });
    expect(server.asked).toHaveLength(1);
    expect(await requests()).toEqual({ '/things/{id} timeout': 1 });
  });

  it('leaves no room for a wait that goes beyond it', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }); // It never ends by itself here.
    onTestFinished(() => void vi.useRealTimers());
    const server = await startServer(() => ({ status: 500 }));
    const { upstream } = openClient(server.url, { budgetMs: 90, random: () => 0.999 });
    await expect(upstream.one(things, '1', never)).rejects.toMatchObject({
      message: expect.stringMatching(/answered 500$/),
    });
    expect(server.asked).toHaveLength(1);
  });
});

describe('a caller that gives up', () => {
  it('is let go at once, with its own reason', async () => {
    const server = await startServer(() => hang);
    const { upstream, requests } = openClient(server.url);
    const caller = new AbortController();
    const reading = upstream.one(things, '1', caller.signal);
    await server.whenAsked(1);
    caller.abort('enough');
    await expect(reading).rejects.toBe('enough');
    expect(await requests()).toEqual({ '/things/{id} aborted': 1 });
  });

  it('leaves nothing behind on its signal, nor does one that is answered', async () => {
    const server = await startServer(serve({ style: 'page', rows: makeRows(1), cap: 2 }));
    const { upstream } = openClient(server.url);
    const { signal } = new AbortController();
    await upstream.one(things, '1', signal);
    await upstream.drain(things, { open: () => new Chest<Thing>(), signal });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('leaves upstream as it was found: down, if the last try failed', async () => {
    const server = await startServer(() => hang);
    server.next({ status: 500 });
    const { upstream } = openClient(server.url, { settings: { retries: 0 } });
    await expect(upstream.one(things, '1', never)).rejects.toThrow('answered 500');
    const caller = new AbortController();
    const reading = upstream.one(things, '1', caller.signal);
    await server.whenAsked(2);
    caller.abort('enough');
    await expect(reading).rejects.toBe('enough');
    expect(upstream.status()).toBe('down');
  });

  it('before the request asks nothing', async () => {
    const server = await startServer(() => row);
    const { upstream, requests } = openClient(server.url);
    await expect(upstream.one(things, '1', AbortSignal.abort('enough'))).rejects.toBe('enough');
    expect(server.asked).toEqual([]);
    expect(await requests()).toEqual({});
  });
});

describe('redirects', () => {
  it.each([301, 302, 303, 307, 308])('(%s) are followed within the origin, with the token', async (status) => {
    const server = await startServer();
    server.next({ status, headers: { location: '/things/1/' }, body: 'moved' }, row);
    const { upstream, requests } = openClient(server.url, { settings: { token: 'secret' } });
    expect(await upstream.one(things, '1', never)).toMatchObject({ id: '1' });
    expect(server.asked.map(({ path }) => path)).toEqual(['/things/1', '/things/1/']);
    expect(server.asked[1]?.headers.authorization).toBe('Bearer secret');
    expect(await requests()).toEqual({ '/things/{id} 200': 1 });
  });

  it('to a path with a slash keep every page whole', async () => {
    const pages = serve({ style: 'page', rows: makeRows(5), cap: 2 });
    const server = await startServer((asked) => {
      if (asked.path.endsWith('/')) return pages({ ...asked, path: asked.path.slice(0, -1) });
      return { status: 301, headers: { location: `${asked.path}/?${asked.query}` } };
    });
    const { upstream } = openClient(server.url);
    const { rows } = await upstream.drain(things, { open: () => new Chest<Thing>(), signal: never });
    expect(rows).toBe(5);
  });

  it.each([3, 4])('are followed three times at most: %s', async (times) => {
    const server = await startServer();
    server.next(...Array.from({ length: times }, () => ({ status: 302, headers: { location: '?again' } })), row);
    const reading = openClient(server.url).upstream.one(things, '1', never);
    if (times === 3) expect(await reading).toMatchObject({ id: '1' });
    else
      await expect(reading).rejects.toMatchObject({
        code: 'UPSTREAM_INVALID',
        message: 'things: GET /things/{id} redirects more than 3 times',
      });
    expect(server.asked).toHaveLength(4);
  });

  it('out of the origin are refused, and the token stays home', async () => {
    const elsewhere = await startServer(() => row);
    const server = await startServer(() => ({ status: 307, headers: { location: `${elsewhere.url}things/1` } }));
    const { upstream } = openClient(server.url, { settings: { token: 'secret' } });
    await expect(upstream.one(things, '1', never)).rejects.toMatchObject({
      code: 'UPSTREAM_INVALID',
      message: `things: GET /things/{id} redirects to ${elsewhere.url.origin}; only ${server.url.origin} is followed`,
    });
    expect(elsewhere.asked).toEqual([]);
    expect(server.asked).toHaveLength(1);
  });

  it('to nowhere are refused', async () => {
    const server = await startServer(() => ({ status: 302 }));
    await expect(openClient(server.url).upstream.one(things, '1', never)).rejects.toThrow(
      'redirects (302) without saying where',
    );
  });
});

describe('a client that is closed', () => {
  it('breaks off what is under way, and reads no more', async () => {
    const server = await startServer(() => hang);
    const { upstream } = openClient(server.url);
    const reading = upstream.one(things, '1', never);
    const failed = expect(reading).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    await server.whenAsked(1);
    await upstream.close();
    await failed;
    await expect(upstream.one(things, '1', never)).rejects.toThrow('the client of upstream is closed');
    await settle();
    expect(server.asked).toHaveLength(1);
  });
});

describe('what is logged and said', () => {
  it('holds no query and no token', async () => {
    const server = await startServer(() => ({ status: 503 }));
    const base = new URL('?api_key=hush', server.url);
    const { upstream, logs } = openClient(base, { settings: { token: 'secret' } });
    const error = await upstream
      .drain(things, { open: () => new Chest<Thing>(), signal: never })
      .catch((thrown) => thrown);
    expect(server.asked[0]?.query.get('api_key')).toBe('hush');
    expect(logs).toHaveLength(2);
    expect(`${JSON.stringify(logs)} ${error.message}`).not.toMatch(/hush|secret|\?/);
  });
});
