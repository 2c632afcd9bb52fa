import { describe, expect, test } from 'vitest';
import { UpstreamError } from '../../src/upstream/errors.ts';
import { type Answer, adminToken, type Gateway, secretAddress, send, start } from './support.ts';

const authorization = `Bearer ${adminToken}`;

function invalidate(
  gateway: Gateway,
  body: unknown,
  headers: Record<string, string> = { authorization },
): Promise<Answer> {
  return send(`${gateway.adminUrl}/admin/invalidate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

function audit({ lines }: Gateway) {
  return lines.filter(({ event }) => event.startsWith('admin.'));
}

describe('POST /admin/invalidate', () => {
  test('reads ids anew', async () => {
    const gateway = await start();
    const { status, body } = await invalidate(gateway, { type: 'thing', ids: ['42', 7, '42'], reason: 'sold' });
    expect(status).toBe(200);
    expect(body).toEqual({
      type: 'thing',
      ids: 2,
      all: false,
      refreshed: 2,
      missing: 0,
      scope: 'cluster',
      position: '7-0',
      dryRun: false,
    });
    expect(gateway.things.calls).toEqual([{ ids: ['42', '7'], purge: false, source: 'admin' }]);
  });

  test('reads a whole collection anew', async () => {
    const gateway = await start();
    const { status, body } = await invalidate(gateway, { type: 'thing', all: true });
    expect([status, body.all]).toEqual([200, true]);
    expect(gateway.things.calls).toEqual([{ all: true, purge: false, source: 'admin' }]);
  });

  test.each([{ ids: ['1'] }, { all: true }])('purges %o', async (what) => {
    const gateway = await start();
    expect((await invalidate(gateway, { type: 'thing', ...what, mode: 'purge' })).status).toBe(200);
    expect(gateway.things.calls).toMatchObject([{ purge: true }]);
  });

  test.each([
    [{ ids: ['1', '2'] }, 2, false],
    [{ all: true }, 3, true],
  ])('tells in a dry run what %o would be, and does nothing', async (what, ids, all) => {
    const gateway = await start();
    const { status, body } = await invalidate(gateway, { type: 'thing', ...what, dryRun: true });
    expect(status).toBe(200);
    expect(body).toEqual({
      type: 'thing',
      ids,
      all,
      refreshed: 0,
      missing: 0,
      scope: 'cluster',
      position: null,
      dryRun: true,
    });
    expect(gateway.things.calls).toEqual([]);
  });

  test.each([
    ['the other processes cannot be told', { deferred: true }, /^Applied by this process; Redis is away/],
    ['too few replicas have it', { tooFewReplicas: true }, /^Applied, and told to all; but fewer replicas/],
  ])('is 503 with Retry-After when %s, and says what was done', async (_name, result, detail) => {
    const gateway = await start();
    gateway.things.result = result;
    const { status, headers, body } = await invalidate(gateway, { type: 'thing', ids: ['1'] });
    expect(status).toBe(503);
    expect(headers['retry-after']).toBe('5');
    expect(headers['content-type']).toContain('application/problem+json');
    expect(body).toMatchObject({
      title: 'Service Unavailable',
      status: 503,
      detail: expect.stringMatching(detail),
      type: 'thing',
      ids: 1,
      refreshed: 1,
      position: '7-0',
    });
  });

  test.each([
    ['UPSTREAM_UNAVAILABLE', 503],
    ['UPSTREAM_TIMEOUT', 504],
    ['UPSTREAM_INVALID', 502],
  ] as const)('is a problem without an address on %s', async (code, expected) => {
    const gateway = await start();
    gateway.things.result = new UpstreamError(code, `no answer of ${secretAddress}`);
    const { status, text } = await invalidate(gateway, { type: 'thing', ids: ['1'] });
    expect(status).toBe(expected);
    expect(text + JSON.stringify(gateway.lines)).not.toContain('upstream.internal');
  });

  test('stands on the admin port alone when there is one', async () => {
    const gateway = await start({ config: { adminPort: 0 } });
    expect((await invalidate(gateway, { type: 'thing', ids: ['1'] })).status).toBe(200);
    expect((await invalidate({ ...gateway, adminUrl: gateway.url }, { type: 'thing', ids: ['1'] })).status).toBe(404);
  });
});

describe('the admin token', () => {
  test.each([
    ['none', {}],
    ['another', { authorization: `Bearer ${adminToken.slice(0, -1)}x` }],
    ['a shorter one', { authorization: `Bearer ${adminToken.slice(0, -1)}` }],
    ['another scheme', { authorization: `Basic ${adminToken}` }],
  ])('is asked for when there is %s, before the body is looked at', async (_name, headers) => {
    const gateway = await start();
    const answer = await invalidate(gateway, { type: 'nonsense' }, headers as Record<string, string>);
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect(answer.body).toMatchObject({ title: 'Unauthorized', requestId: answer.headers['x-request-id'] });
    expect(gateway.things.calls).toEqual([]);
    expect(audit(gateway)).toMatchObject([
      { event: 'admin.refused', level: 40, status: 401, remoteAddress: '127.0.0.1' },
    ]);
  });

  test('is in no log line', async () => {
    const gateway = await start();
    await invalidate(gateway, { type: 'thing', ids: ['1'] });
    await invalidate(gateway, { type: 'thing', ids: ['1'] }, { authorization: 'Bearer wrong-but-secret-too' });
    expect(gateway.lines).not.toEqual([]);
    expect(JSON.stringify(gateway.lines)).not.toMatch(/token-of-the-tests|wrong-but-secret-too/);
  });

  test('is the key: without one set there is no /admin', async () => {
    const gateway = await start({ config: { adminToken: undefined } });
    expect((await invalidate(gateway, { type: 'thing', ids: ['1'] })).status).toBe(404);
  });
});

describe('a mistake in the body', () => {
  test.each([
    ['another type', { type: 'catalogue', ids: ['1'] }, [{ pointer: '#/type', detail: 'expected one of thing' }]],
    ['neither ids nor all', { type: 'thing' }, [{ pointer: '#', detail: 'expected either ids or "all": true' }]],
    [
      'both',
      { type: 'thing', ids: ['1'], all: true },
      [{ pointer: '#', detail: 'expected either ids or "all": true' }],
    ],
    ['no ids', { type: 'thing', ids: [] }, [{ pointer: '#/ids', detail: 'expected at least one id' }]],
    [
      'another mode',
      { type: 'thing', ids: ['1'], mode: 'drop' },
      [{ pointer: '#/mode', detail: 'expected refresh or purge' }],
    ],
    [
      'an unknown member',
      { type: 'thing', ids: ['1'], force: true },
      [{ pointer: '#', detail: 'not known here: force' }],
    ],
    [
      'a long reason',
      { type: 'thing', ids: ['1'], reason: 'x'.repeat(501) },
      [{ pointer: '#/reason', detail: 'expected at most 500 characters' }],
    ],
    ['no object', ['1'], [{ pointer: '#', detail: 'expected a JSON object' }]],
    [
      'more than 1,000 ids',
      { type: 'thing', ids: Array.from({ length: 1_001 }, String) },
      [{ pointer: '#/ids', detail: 'expected at most 1000 ids, got 1001' }],
    ],
  ])('is told: %s', async (_name, sent, errors) => {
    const gateway = await start();
    const { status, headers, body } = await invalidate(gateway, sent);
    expect(status).toBe(400);
    expect(headers['content-type']).toContain('application/problem+json');
    expect(body).toMatchObject({ title: 'Bad Request', errors, requestId: headers['x-request-id'] });
    expect(gateway.things.calls).toEqual([]);
    expect(audit(gateway)).toMatchObject([{ event: 'admin.refused', status: 400 }]);
  });

  test('is told of every bad id by its index, and of everything else at once', async () => {
    const gateway = await start();
    const { body } = await invalidate(gateway, {
      type: 'x',
      ids: ['1', 'a b', 1.5, -1, 'y'.repeat(65), null, '9'],
      dryRun: 'yes',
    });
    const errors = body.errors as unknown as { index?: number; pointer: string }[];
    expect(errors.filter(({ index }) => index !== undefined).map(({ index }) => index)).toEqual([1, 2, 3, 4, 5]);
    expect(errors.map(({ pointer }) => pointer)).toEqual([
      '#/type',
      ...[1, 2, 3, 4, 5].map((i) => `#/ids/${i}`),
      '#/dryRun',
    ]);
  });

  test('is not a thousand ids', async () => {
    const gateway = await start();
    const ids = Array.from({ length: 1_000 }, (_, i) => 'x'.repeat(60) + i);
    expect((await invalidate(gateway, { type: 'thing', ids })).body.ids).toBe(1_000);
  });
});

describe('the audit log', () => {
  test('names who asked for what and why, and the first twenty ids', async () => {
    const gateway = await start();
    const ids = Array.from({ length: 30 }, (_, i) => `${i}`);
    const { headers } = await invalidate(gateway, { type: 'thing', ids, mode: 'purge', reason: 'wrong price' });
    expect(audit(gateway)).toEqual([
      expect.objectContaining({
        event: 'admin.invalidate',
        level: 30,
        requestId: headers['x-request-id'],
        remoteAddress: '127.0.0.1',
        type: 'thing',
        mode: 'purge',
        all: false,
        ids: 30,
        firstIds: ids.slice(0, 20),
        dryRun: false,
        reason: 'wrong price',
        position: '7-0',
      }),
    ]);
  });

  test('has what never became a command', async () => {
    const gateway = await start();
    const headers = { authorization, 'content-type': 'application/json' };
    await send(`${gateway.url}/admin/invalidate`, { method: 'POST', headers, body: '{' });
    expect(audit(gateway)).toMatchObject([{ event: 'admin.refused', status: 400 }]);
  });

  test('has what failed as well', async () => {
    const gateway = await start();
    gateway.things.result = new UpstreamError('UPSTREAM_UNAVAILABLE', 'no');
    await invalidate(gateway, { type: 'thing', all: true });
    expect(audit(gateway)).toMatchObject([
      { event: 'admin.invalidate', level: 40, all: true, failed: true, code: 'UPSTREAM_UNAVAILABLE' },
    ]);
  });
});
