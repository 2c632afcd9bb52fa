import { describe, expect, test, vi } from 'vitest';
import { UpstreamError } from '../../src/upstream/errors.ts';
import { ask, Gate, ManualClock, secretAddress, send, start, Things } from './support.ts';

const json = { 'content-type': 'application/json' };

describe('GraphQL over HTTP', () => {
  test('answers POST', async () => {
    const { status, headers, body } = await ask(await start(), '{ thing(id: 7) { id name } }');
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect(body).toEqual({ data: { thing: { id: '7', name: 'Thing 7' } } });
  });

  test.each([
    ['a header that browsers ask leave for', { 'apollo-require-preflight': '1' }],
    ['a JSON content type', json],
  ])('answers GET with %s', async (_name, headers) => {
    const gateway = await start();
    const { status, body } = await send(`${gateway.url}/graphql?query={thing(id:7){id}}`, { headers });
    expect(status).toBe(200);
    expect(body.data).toEqual({ thing: { id: '7' } });
  });

  test('refuses GET and simple POST without one, as a page of another site may send them', async () => {
    const { url } = await start();
    const get = await send(`${url}/graphql?query={thing(id:7){id}}`);
    const post = await send(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: '{}',
    });
    for (const { status, body } of [get, post]) {
      expect(status).toBe(400);
      expect(body.errors?.[0]?.message).toContain('Cross-Site Request Forgery');
      expect(body.errors?.[0]?.extensions.code).toBe('BAD_REQUEST');
    }
  });

  test('refuses a mutation by GET with 405', async () => {
    const { url, things } = await start();
    const answer = await send(`${url}/graphql?query=mutation{touch(id:7){id}}`, { headers: json });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe('POST');
    expect(things.loads).toBe(0);
  });

  test('refuses other methods with 405', async () => {
    const { url } = await start();
    const answer = await send(`${url}/graphql`, { method: 'PUT', headers: json, body: '{"query":"{__typename}"}' });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe('GET, POST');
  });

  test.each([
    ['broken JSON', 400, json, '{"query":'],
    ['an empty body', 400, json, ''],
    ['a form', 415, { 'content-type': 'application/x-www-form-urlencoded' }, 'query={__typename}'],
    ['a body of more than 256 KiB', 413, json, JSON.stringify({ query: `{__typename} #${'x'.repeat(256 * 1024)}` })],
    ['a batch', 400, json, '[{"query":"{__typename}"},{"query":"{__typename}"}]'],
    ['no query', 400, json, '{"variables":{}}'],
  ])('refuses %s in the form of a GraphQL answer', async (_name, status, headers, body) => {
    const { url } = await start();
    const answer = await send(`${url}/graphql`, { method: 'POST', headers, body });
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.headers['cache-control']).toBe('private, no-store');
    expect(answer.body).toEqual({
      errors: [
        {
          message: expect.stringMatching(/./),
          extensions: { code: 'BAD_REQUEST', requestId: answer.headers['x-request-id'] },
        },
      ],
    });
  });

  test('refuses @defer and says so', async () => {
    const query = 'query { ... @defer { thing(id: 7) { id } } }';
    const { status, body } = await ask(await start(), query, {
      headers: { accept: 'multipart/mixed, application/json' },
    });
    expect(status).toBe(400);
    expect(body.errors?.[0]).toMatchObject({
      message: expect.stringContaining('@defer'),
      extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
    });
  });

  test('refuses a kind of operation that the schema has not', async () => {
    const gateway = await start();
    const { status, body } = await ask(gateway, 'subscription { thing(id: 7) { id } }');
    expect(status).toBe(400);
    expect(body.errors).toMatchObject([
      { message: 'There are no subscriptions here.', extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
    ]);
    expect(gateway.lines.map(({ event }) => event)).not.toContain('graphql.error');
  });

  test('takes documents as they are: none is registered by hash', async () => {
    const { url } = await start();
    const body = JSON.stringify({ extensions: { persistedQuery: { version: 1, sha256Hash: 'abc' } } });
    const answer = await send(`${url}/graphql`, { method: 'POST', headers: json, body });
    expect(answer.body.errors?.[0]?.extensions.code).toBe('PERSISTED_QUERY_NOT_SUPPORTED');
  });
});

describe('limits', () => {
  const deep = `{ __type(name: "Thing") { id } ${Array.from({ length: 101 }, (_, i) => `a${i}: requestId`).join(' ')} }`;

  test('are held before anything is executed', async () => {
    const gateway = await start();
    const query = `{ ${Array.from({ length: 101 }, (_, i) => `a${i}: thing(id: ${i}) { id }`).join(' ')} }`;
    const { status, body } = await ask(gateway, query);
    expect(status).toBe(400);
    expect(body).toEqual({ errors: [{ message: expect.any(String), extensions: expect.anything() }] });
    expect(body.errors?.[0]?.extensions.code).toBe('QUERY_TOO_COMPLEX');
    expect(gateway.things.loads).toBe(0);
  });

  test('hold also for a document that was seen before', async () => {
    const gateway = await start();
    const codes = [await ask(gateway, deep), await ask(gateway, deep)].map(({ status }) => status);
    expect(codes).toEqual([400, 400]);
  });

  test('stop the parser at too many tokens', async () => {
    const { status, body } = await ask(await start(), `{ ${'requestId '.repeat(6_000)} }`);
    expect(status).toBe(400);
    expect(body.errors?.[0]?.extensions.code).toBe('QUERY_TOO_COMPLEX');
  });
});

describe('the context of a request', () => {
  test('holds a reader of each resource, one for the whole request', async () => {
    const gateway = await start();
    expect((await ask(gateway, '{ readers }')).body.data).toEqual({ readers: ['Thing'] });
    expect(gateway.things.readers).toBe(1);
    await ask(gateway, '{ a: thing(id: 1) { id } b: thing(id: 2) { id } }');
    expect([gateway.things.readers, gateway.things.loads]).toEqual([2, 2]);
  });

  test('is not shared with the next request', async () => {
    const gateway = await start();
    await ask(gateway, '{ thing(id: 1) { id } }');
    await ask(gateway, '{ thing(id: 1) { id } }');
    expect(gateway.things.readers).toBe(2);
  });

  test('ends reads that take longer than the request may, and says when to come back', async () => {
    const clock = new ManualClock();
    const gateway = await start({
      things: new Things().when('1', new Gate()),
      config: { requestTimeoutMs: 3_000 },
      options: { clock },
    });
    const waiting = clock.slept(3_000);
    const asked = ask(gateway, '{ slow: thing(id: 1) { id } fast: thing(id: 2) { id } }');
    await waiting;
    clock.advance(3_000);
    const { headers, body } = await asked;
    expect(body.data).toEqual({ slow: null, fast: { id: '2' } });
    expect(body.errors?.[0]).toMatchObject({ path: ['slow'], extensions: { code: 'UPSTREAM_TIMEOUT' } });
    expect(headers['retry-after']).toBe('1');
  });

  test('ends its deadline when the answer is sent', async () => {
    const aborted = vi.fn();
    const clock = new ManualClock();
    const sleep = clock.sleep.bind(clock);
    clock.sleep = (ms, signal) => {
      signal?.addEventListener('abort', aborted);
      return sleep(ms, signal);
    };
    const gateway = await start({ things: new Things().when('1', new Gate().open()), options: { clock } });
    await ask(gateway, '{ thing(id: 1) { id } }');
    expect(aborted).toHaveBeenCalledOnce();
  });
});

describe('errors', () => {
  test('of upstream leave the rest of the answer', async () => {
    const failure = new UpstreamError('UPSTREAM_UNAVAILABLE', `connect to ${secretAddress}`, { retryAfterMs: 6_500 });
    const gateway = await start({ things: new Things().when('2', failure) });
    const { status, headers, body } = await ask(gateway, '{ a: thing(id: 1) { id } b: thing(id: 2) { id } }');
    expect(status).toBe(200);
    expect(body.data).toEqual({ a: { id: '1' }, b: null });
    expect(body.errors?.[0]).toMatchObject({ path: ['b'], extensions: { code: 'UPSTREAM_UNAVAILABLE' } });
    expect(headers['retry-after']).toBe('7');
  });

  test('that nobody foresaw are logged with request id, path and stack, and told without a word of them', async () => {
    const gateway = await start();
    const { text, body, headers } = await ask(gateway, '{ broken { id } }');
    expect(body.errors?.[0]).toMatchObject({
      path: ['broken'],
      extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: headers['x-request-id'] },
    });
    expect(text).not.toMatch(/hunter2|upstream\.internal|stack|\.ts/);
    const line = gateway.lines.find(({ event }) => event === 'graphql.error');
    expect(line).toMatchObject({ level: 50, requestId: headers['x-request-id'], path: ['broken'] });
    expect(line?.err).toMatchObject({ stack: expect.stringContaining('support.ts') });
  });

  test('of upstream are logged by their code: no address', async () => {
    const failure = new UpstreamError('UPSTREAM_INVALID', `bad answer of ${secretAddress}`);
    const gateway = await start({ things: new Things().when('1', failure) });
    const { text } = await ask(gateway, '{ thing(id: 1) { id } }');
    expect(gateway.lines.map((line) => JSON.stringify(line)).join() + text).not.toContain('upstream.internal');
  });

  test('of the caller are not logged as ours', async () => {
    const gateway = await start();
    const { body } = await ask(gateway, '{ refused { id } }');
    expect(body.errors?.[0]).toMatchObject({ message: 'id has no such form', extensions: { code: 'BAD_USER_INPUT' } });
    expect(gateway.lines.map(({ event }) => event)).not.toContain('graphql.error');
  });

  test('in variables are refused with 400', async () => {
    const query = 'query ($id: ID!) { thing(id: $id) { id } }';
    const { status, body } = await ask(await start(), query, { variables: { id: { no: 'id' } } });
    expect(status).toBe(400);
    expect(body.errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT');
  });

  test('suggest no names of the schema when it may not be asked for', async () => {
    const query = '{ thin(id: 1) { id } }';
    const open = await ask(await start(), query);
    const closed = await ask(await start({ config: { introspection: false } }), query);
    expect(open.body.errors?.[0]?.message).toContain('Did you mean');
    expect(closed.body.errors?.[0]?.message).not.toContain('Did you mean');
  });
});
