import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { adminToken, ask, send, start, Wire } from './support.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe('X-Request-Id', () => {
  test("is the caller's, in the answer, its errors, its context and every log line", async () => {
    const gateway = await start();
    const headers = { 'x-request-id': 'order-42.A_b' };
    const { body, headers: answered } = await ask(gateway, '{ requestId thing(id: 1) { id } broken { id } }', {
      headers,
    });
    expect(answered['x-request-id']).toBe('order-42.A_b');
    expect(body.data?.requestId).toBe('order-42.A_b');
    expect(body.errors?.[0]?.extensions.requestId).toBe('order-42.A_b');
    expect(gateway.lines.map(({ event, requestId }) => [event, requestId])).toEqual([
      ['graphql.error', 'order-42.A_b'],
      ['graphql.operation', 'order-42.A_b'],
    ]);
  });

  test.each([
    ['none', undefined],
    ['an empty one', ''],
    ['one with other characters', 'a b'],
    ['one of more than 128 characters', 'x'.repeat(129)],
  ])('is fresh for a caller with %s', async (_name, given) => {
    const gateway = await start();
    const headers: Record<string, string> = given === undefined ? {} : { 'x-request-id': given };
    expect((await ask(gateway, '{ requestId }', { headers })).headers['x-request-id']).toMatch(uuid);
  });

  test('is that of its own request when several are under way', async () => {
    const gateway = await start();
    const ids = Array.from({ length: 20 }, (_, i) => `request-${i}`);
    const answers = await Promise.all(
      ids.map((id) => ask(gateway, '{ broken { id } }', { headers: { 'x-request-id': id } })),
    );
    expect(answers.map(({ body }) => body.errors?.[0]?.extensions.requestId)).toEqual(ids);
  });

  test.each(['/livez', '/readyz', '/metrics', '/', '/schema.graphql', '/nowhere', '/%zz', '/graphql'])(
    'is on every answer: %s',
    async (path) => {
      const gateway = await start();
      const { headers } = await send(gateway.url + path, { headers: { 'x-request-id': 'mine' } });
      expect(headers['x-request-id']).toBe('mine');
    },
  );
});

describe('errors outside GraphQL are problem documents (RFC 9457)', () => {
  test.each([
    ['an unknown path', '/nowhere', {}, 404, 'Not Found'],
    ['another method', '/livez', { method: 'POST' }, 404, 'Not Found'],
    ['a path that does not decode', '/%zz', {}, 400, 'Bad Request'],
    ['the root, for what is no browser', '/', {}, 404, 'Not Found'],
    [
      'a body that is no JSON',
      '/admin/invalidate',
      {
        method: 'POST',
        headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
        body: '{',
      },
      400,
      'Bad Request',
    ],
    [
      'a body of an unknown kind',
      '/admin/invalidate',
      { method: 'POST', headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'text/csv' }, body: 'a,b' },
      415,
      'Unsupported Media Type',
    ],
  ])('for %s', async (_name, path, sent, status, title) => {
    const gateway = await start();
    const answer = await send(gateway.url + path, sent);
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.body).toEqual({
      type: 'about:blank',
      title,
      status,
      detail: expect.stringMatching(/./),
      requestId: answer.headers['x-request-id'],
    });
  });

  test('even for what is no HTTP request', async () => {
    const { url } = await start();
    const wire = new Wire(url).write('NONSENSE\r\n\r\n');
    await wire.closed;
    expect(wire.received).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(wire.received).toContain('application/problem+json');
    expect(wire.received).toMatch(/"requestId":"[0-9a-f-]{36}"/);
  });

  test('but a client that leaves before its body is whole is no mistake of ours', async () => {
    const gateway = await start();
    const { hostname, port } = new URL(gateway.url);
    const head =
      'POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"query":';
    const socket = connect(Number(port), hostname);
    socket.end(head);
    await once(socket.resume(), 'close');
    await gateway.close();
    expect(gateway.lines).toEqual([]);
  });

  test('for a Host that is none', async () => {
    const { url } = await start();
    const wire = new Wire(url).write('GET /graphql?query={a} HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n');
    await wire.closed;
    expect(wire.received).toMatch(/^HTTP\/1\.1 400 /);
  });
});
