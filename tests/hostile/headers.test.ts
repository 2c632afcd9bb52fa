/** Bad input › headers: whatever bytes come over the socket, one well-formed answer goes back, or none. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anyText, headerText, oddText } from './arbitraries.ts';
import { exchange, repliesIn } from './raw-http.ts';
import { ask, type HostileWorld, runs, send, startHostileWorld, timeLimitMs } from './support.ts';

const query = JSON.stringify({ query: '{ catalogs(first: 1) { totalCount } }' });

const names = `
  x-request-id accept accept-encoding accept-language apollo-require-preflight apollographql-client-name
  authorization cache-control content-encoding content-language cookie expect forwarded from if-none-match
  if-modified-since keep-alive max-forwards origin access-control-request-method access-control-request-headers
  pragma range referer sec-fetch-site te traceparent tracestate upgrade-insecure-requests user-agent vary via
  vitrine-position x-forwarded-for x-forwarded-host x-forwarded-proto x-http-method-override __proto__
  constructor toString`
  .trim()
  .split(/\s+/);

const values = [
  'gzip',
  'br;q=0',
  'identity;q=0, *;q=0',
  '*/*',
  'text/html',
  'multipart/mixed; deferSpec=20220824',
  'application/json;q=0',
  'no-store',
  'max-age=0',
  'only-if-cached',
  'null',
  'https://studio.apollographql.com',
  'https://evil.example',
  '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  '00-00000000000000000000000000000000-0000000000000000-00',
  '127.0.0.1',
  'for="[::1]"',
  'bytes=0-10',
  '"etag"',
  '*',
  'deflate',
  'Bearer x',
  'Basic Og==',
  'a=b; c',
  '0-0',
  'PUT',
  'x'.repeat(9_000),
  ',',
  ';;;',
  '"',
  '\\',
  '\t',
  '\u0080ÿ',
];

const headerValue = fc.oneof(fc.constantFrom(...values), anyText.map(headerText));
const header = fc.tuple(fc.constantFrom(...names), headerValue).map(([name, value]) => `${name}: ${value}`);

/** A request of these header lines, which ends the connection. */
function requestOf(lines: readonly string[], body = query, target = 'POST /graphql'): Buffer {
  const head = [`${target} HTTP/1.1`, ...lines, 'Connection: close', '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(body)]);
}

const plain = ['Host: localhost', 'Content-Type: application/json', `Content-Length: ${query.length}`];

describe('bad input › headers', () => {
  let world: HostileWorld;
  beforeAll(async () => {
    world = await startHostileWorld();
  });
  afterAll(() => world.close());

  const rightAnswers = [{ data: { catalogs: { totalCount: 1200 } } }, { data: { __typename: 'Query' } }];

  /** What was sent before them has been answered, if it ever will be. */
  const markers = async () => {
    for (let i = 0; i < 2; i++) await ask(world.gateway.url, '{ catalogs(first: 1) { totalCount } }');
  };

  /** What comes back: in form, and if it was executed, right. Node itself refuses an odd `Expect`: 417, without a body. */
  const check = async (bytes: Buffer, until?: typeof markers) => {
    const replies = repliesIn(await exchange(world.gateway.url, bytes, until));
    const forms = replies
      .filter(({ status, headers }) => ![204, 417].includes(status) && headers['content-length'] !== '0')
      .map((reply) => world.wellFormed(reply));
    for (const form of forms) if (form.status === 200) expect(rightAnswers).toContainEqual(form.body);
    return { replies, forms };
  };

  it(
    'of every name and value are answered, in well-formed headers',
    async () => {
      const lines = fc.array(header, { minLength: 1, maxLength: 6 });
      await fc.assert(
        fc.asyncProperty(lines, async (more) => {
          const { replies } = await check(requestOf([...plain, ...more]));
          // 100 Continue may come first; 417 and the refusal of a content coding are answers too.
          expect(replies.length).toBeGreaterThan(0);
        }),
        runs(500),
      );
      await world.wellAfter();
    },
    timeLimitMs,
  );

  it(
    'X-Request-Id is repeated only when it is harmless, and adds nothing to the log',
    async () => {
      const value = fc.oneof(
        fc.stringMatching(/^[A-Za-z0-9._-]{1,130}$/),
        anyText.map(headerText),
        fc.constantFrom(
          'a\t"event":"admin.invalidate"',
          '{"level":60}',
          '\u001b[2J',
          'a, b',
          'x"}',
          '\u0085',
          'x'.repeat(8_000),
        ),
      );
      await fc.assert(
        fc.asyncProperty(value, async (id) => {
          const linesBefore = world.logs().length;
          const { replies } = await check(requestOf([...plain, `X-Request-Id: ${id}`]));
          const given = id.replace(/^[\t ]+|[\t ]+$/g, '');
          const isHarmless = /^[A-Za-z0-9._-]{1,128}$/.test(given);
          expect(replies[0]?.headers['x-request-id'] === given).toBe(isHarmless);
          expect(world.logs().length - linesBefore).toBeLessThanOrEqual(1);
        }),
        runs(200),
      );
      await world.wellAfter();
    },
    timeLimitMs,
  );

  it(
    'that frame the body wrongly are refused, and nothing is smuggled behind it',
    async () => {
      const smuggled = 'GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n';
      const framing = fc.oneof(
        fc
          .constantFrom(
            '0',
            '-1',
            '1',
            '+5',
            '5, 5',
            '0x10',
            '1e3',
            '',
            ' ',
            'a',
            '99999999999999999999',
            String(query.length + 9),
            String(2 ** 31),
          )
          .map((length) => [`Content-Length: ${length}`]),
        fc
          .constantFrom('chunked', 'Chunked', 'chunked, chunked', 'gzip, chunked', 'identity', '\vchunked', 'x')
          .map((coding) => [`Transfer-Encoding: ${coding}`]),
        fc.constant(['Content-Length: 3', 'Content-Length: 4']),
        fc.constant(['Content-Length: 4', 'Transfer-Encoding: chunked']),
        fc.constant([]),
      );
      const text = fc.constantFrom(
        query,
        '',
        `0\r\n\r\n${smuggled}`,
        `5\r\nabcde\r\n0\r\n\r\n`,
        'zz\r\n',
        `ffffffffff\r\n${query}`,
        `${query}${smuggled}`,
      );
      await fc.assert(
        fc.asyncProperty(framing, text, async (lines, body) => {
          const { replies } = await check(
            requestOf(['Host: localhost', 'Content-Type: application/json', ...lines], body),
            markers,
          );
          // After `Connection: close` nothing more is answered.
          expect(replies.length).toBeLessThanOrEqual(1);
        }),
        runs(250),
      );
      await world.wellAfter();
    },
    timeLimitMs,
  );

  it(
    'and targets that are none are refused',
    async () => {
      const host = fc.oneof(
        fc.constantFrom(
          'localhost',
          '',
          'a b',
          '[::1',
          '127.0.0.1:99999',
          'x'.repeat(300),
          '/',
          '@',
          'evil.example',
          '%',
          'a..b',
          '[]',
          '::',
        ),
        oddText,
      );
      const target = fc.constantFrom(
        'POST /graphql',
        'POST http://evil.example/graphql',
        'POST //graphql',
        'POST /graphql/',
        'POST /graphql;x',
        'POST *',
        'GET /graphql?query={__typename}',
        'GET /../etc/passwd',
        'GET /%2e%2e/%2e%2e/etc/passwd',
        'GET /graphql%00',
        'GET /schema.graphql/..%2f..',
        'OPTIONS /graphql',
        'TRACE /',
        'CONNECT localhost:80',
        'PRI *',
        'BREW /graphql',
        'get /livez',
        'QUERY /graphql',
        'GET ',
        `GET /${'x'.repeat(20_000)}`,
        'GET /__proto__',
        'GET /admin',
        'GET /admin/invalidate',
        'POST /admin/invalidate',
      );
      const lines = fc.array(
        fc.oneof(
          header,
          anyText.map((text) => Buffer.from(text).toString('latin1')),
        ),
        { maxLength: 2 },
      );
      await fc.assert(
        fc.asyncProperty(host, target, lines, async (name, at, more) => {
          const lines = [`Host: ${Buffer.from(name).toString('latin1')}`, ...plain.slice(1), ...more];
          await check(requestOf(lines, query, at), markers);
        }),
        runs(300),
      );
      await world.wellAfter();
    },
    timeLimitMs,
  );

  it('are refused when they are far too large or too many', async () => {
    const large = [...plain, `X-Large: ${'x'.repeat(200_000)}`];
    const many = [...plain, ...Array.from({ length: 5_000 }, (_, i) => `X-${i}: ${i}`)];
    for (const lines of [large, many]) {
      const { replies } = await check(requestOf(lines));
      expect([[], [431]]).toContainEqual(replies.map(({ status }) => status));
    }
    await world.wellAfter();
  });

  it('of a page of another site, without a preflight, are refused', async () => {
    const simple = fc.constantFrom(
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      '',
      'text/plain;application/json',
    );
    const origin = fc.constantFrom('https://evil.example', 'null', 'http://localhost', '');
    await fc.assert(
      fc.asyncProperty(simple, origin, fc.constantFrom('GET', 'POST'), async (type, from, method) => {
        const path = `/graphql?query=${encodeURIComponent('{__typename}')}`;
        const headers = { ...(type && { 'content-type': type }), ...(from && { origin: from }) };
        const sent = { method, path, headers, ...(method === 'POST' && { body: query }) };
        const reply = await send(world.gateway.url, sent);
        expect([400, 415]).toContain(world.wellFormed(reply).status);
        expect(reply.headers['access-control-allow-origin']).toBeUndefined();
      }),
      runs(40),
    );
    expect(world.wellFormed(await ask(world.gateway.url, '{ __typename }')).status).toBe(200);
  });
});
