import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { never, openClient, type TestClient } from './support/client.ts';
import { makeRow, settle, things } from './support/collection.ts';
import { drop, type Handler, hang, type Reply, startServer, type TestServer } from './support/server.ts';

const row = { body: makeRow(1) };
const openForMs = 1_000;
const timeoutMs = 5_000;

/** Does not answer before the try's time is over. */
const late: Handler = () => {
  void settle().then(() => vi.advanceTimersByTime(timeoutMs));
  return hang;
};

describe('P7 degrades, never dies › the breaker', () => {
  let reply: Reply | Handler;
  let server: TestServer;
  let client: TestClient;

  const read = (signal = never) => client.upstream.one(things, '1', signal);
  const readTimes = async (times: number) => {
    for (let time = 0; time < times; time++) await read().catch(() => {});
  };
  const gated = () => {
    const gate = Promise.withResolvers<Reply>();
    server.next(() => gate.promise);
    return gate;
  };
  const states = () => client.logged('upstream.breaker').map(({ level, state }) => [level, state]);
  const refused = { code: 'UPSTREAM_UNAVAILABLE', message: expect.stringMatching(/^things: upstream is not asked/) };

  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
    reply = { status: 500 };
    server = await startServer((asked) => (typeof reply === 'function' ? reply(asked) : reply));
    client = openClient(server.url, { settings: { retries: 0, timeoutMs } });
  });
  afterEach(() => void vi.useRealTimers());

  it.each<[string, Reply | Handler]>([
    ['5xx', { status: 500 }],
    ['broken connections', drop],
    ['timeouts', late],
  ])('opens after five failures in a row: %s', async (_, fault) => {
    reply = fault;
    await readTimes(4);
    expect(states()).toEqual([]);
    await readTimes(1);
    expect(states()).toEqual([[40, 'open']]);
    await expect(read()).rejects.toMatchObject(refused);
    expect(server.asked).toHaveLength(5);
    expect(client.upstream.status()).toBe('down');
    expect(await client.requests()).toMatchObject({ '/things/{id} breaker': 1 });
  });

  it('is told to be open though a request that it let through before is answered', async () => {
    const gate = gated();
    const early = read();
    await server.whenAsked(1);
    await readTimes(5);
    gate.resolve(row);
    expect(await early).toMatchObject({ id: '1' });
    expect(client.upstream.status()).toBe('down');
  });

  it('stays closed when an answer comes in between', async () => {
    await readTimes(4);
    server.next(row);
    await readTimes(5);
    expect(states()).toEqual([]);
    expect(server.asked).toHaveLength(9);
  });

  it.each<[string, Reply]>([
    ['4xx', { status: 400 }],
    ['429', { status: 429 }],
    ['404', { status: 404 }],
    ['bad JSON', { body: 'oops' }],
    ['rows that do not decode', { body: { id: 1 } }],
  ])('does not count %s', async (_, answer) => {
    reply = answer;
    await readTimes(12);
    expect(server.asked).toHaveLength(12);
    expect(client.upstream.status()).toBe('ok');
  });

  it('does not count those who gave up', async () => {
    reply = hang;
    for (let time = 1; time <= 6; time++) {
      const caller = new AbortController();
      const reading = read(caller.signal);
      await server.whenAsked(time);
      caller.abort();
      await expect(reading).rejects.toThrow(/aborted/);
    }
    expect(states()).toEqual([]);
    expect(client.upstream.status()).toBe('ok');
  });

  it('is not tried against again', async () => {
    const retrying = openClient(server.url, { settings: { retries: 10 } });
    await expect(retrying.upstream.one(things, '1', never)).rejects.toMatchObject(refused);
    expect(server.asked).toHaveLength(5);
    expect(await retrying.requests()).toEqual({ '/things/{id} 500': 5, '/things/{id} breaker': 1 });
  });

  it('lets one probe through after a second, and closes when it is answered', async () => {
    await readTimes(5);
    vi.advanceTimersByTime(openForMs - 1);
    await expect(read()).rejects.toMatchObject(refused);
    expect(server.asked).toHaveLength(5);
    vi.advanceTimersByTime(1);
    reply = row;
    expect(await read()).toMatchObject({ id: '1' });
    expect(await read()).toMatchObject({ id: '1' });
    expect(states()).toEqual([
      [40, 'open'],
      [30, 'half-open'],
      [30, 'closed'],
    ]);
    expect(client.upstream.status()).toBe('ok');
  });

  it('opens again when the probe fails, and then waits another second', async () => {
    await readTimes(5);
    vi.advanceTimersByTime(openForMs);
    await expect(read()).rejects.toThrow('answered 500');
    await expect(read()).rejects.toMatchObject(refused);
    expect(server.asked).toHaveLength(6);
    expect(states().map(([, state]) => state)).toEqual(['open', 'half-open', 'open']);
    vi.advanceTimersByTime(openForMs);
    reply = row;
    expect(await read()).toMatchObject({ id: '1' });
  });

  /** One in each turn of the event loop: else they would be read together. */
  const readInTurns = async (count: number) => {
    const reads: Promise<unknown>[] = [];
    for (let turn = 0; turn < count; turn++) {
      const reading = read();
      reading.catch(() => {}); // Seen by whoever waits for all.
      reads.push(reading);
      await new Promise(setImmediate);
    }
    return reads;
  };

  const openBreaker = async () => {
    await readTimes(5);
    vi.advanceTimersByTime(openForMs);
  };

  it('makes others wait for the probe, and go on when it is answered', async () => {
    await openBreaker();
    const gate = gated();
    const reads = await readInTurns(3);
    await server.whenAsked(6);
    await settle();
    expect(server.asked).toHaveLength(6);
    reply = row;
    gate.resolve(row);
    expect(await Promise.all(reads)).toMatchObject([{ id: '1' }, { id: '1' }, { id: '1' }]);
    expect(server.asked).toHaveLength(8);
  });

  it('makes others wait for the probe, and refuses them when it fails', async () => {
    await openBreaker();
    const gate = gated();
    const reads = await readInTurns(3);
    await server.whenAsked(6);
    gate.resolve({ status: 500 });
    const results = await Promise.allSettled(reads);
    expect(results).toMatchObject([{ reason: { status: 500 } }, { reason: refused }, { reason: refused }]);
    expect(server.asked).toHaveLength(6);
  });

  it('lets go at once of who waits for the probe and gives up', async () => {
    await openBreaker();
    const gate = gated();
    const probe = read();
    await server.whenAsked(6);
    const caller = new AbortController();
    const waiting = read(caller.signal);
    caller.abort('enough');
    await expect(waiting).rejects.toBe('enough');
    gate.resolve(row);
    await probe;
    await settle();
    expect(server.asked).toHaveLength(6);
    expect(await client.requests()).toEqual({ '/things/{id} 500': 5, '/things/{id} 200': 1 });
  });

  it('is not closed by a probe that was given up', async () => {
    await openBreaker();
    gated();
    const caller = new AbortController();
    const probe = read(caller.signal);
    await server.whenAsked(6);
    caller.abort('enough');
    await expect(probe).rejects.toBe('enough');
    await expect(read()).rejects.toMatchObject(refused);
    expect(client.upstream.status()).toBe('down');
  });

  it('is closed by a probe that is answered with 4xx: upstream is there', async () => {
    await openBreaker();
    reply = { status: 400 };
    await expect(read()).rejects.toThrow('answered 400');
    expect(client.upstream.status()).toBe('ok');
  });
});
