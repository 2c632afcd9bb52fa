/** Bad input › headers: whatever bytes come over the socket, one well-formed answer goes back, or none. */
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anyText, headerText, oddText } from './arbitraries.ts';
import { ask, type HostileWorld, type Reply, runs, send, startHostileWorld, timeLimitMs } from './support.ts';

/**
 * Writes bytes and reads to the end. `markers` are awaited first, then it is said that no more will come: for what may
 * be no whole request, of which the server would wait for the rest.
 */
function exchange(base: string, bytes: Buffer, markers?: () => Promise<void>): Promise<Buffer> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A server that refuses what is still being written resets the connection; what came before counts.
    socket.on('error', (error: Error & { code?: string }) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
    socket.on('close', () => resolve(Buffer.concat(chunks)));
    socket.write(bytes, () => void markers?.().then(() => socket.end(), reject));
  });
}

const fieldLine = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+: [\t\x20-\x7e]*$/;

/** The answers in what came back, each by RFC 9112 to the byte. */
function repliesIn(bytes: Buffer): Reply[] {
  const replies: Reply[] = [];
  for (let rest = bytes.toString('latin1'); rest !== ''; ) {
    const end = rest.indexOf('\r\n\r\n');
    expect(end).toBeGreaterThan(0);
    const [statusLine = '', ...lines] = rest.slice(0, end).split('\r\n');
    const [, status] = /^HTTP\/1\.1 (\d{3}) [A-Za-z ]+$/.exec(statusLine) ?? [];
    expect(status).toBeDefined();
    for (const line of lines) expect(line).toMatch(fieldLine);
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
    );
    const length = headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : undefined;
    const body = length === undefined ? '' : rest.slice(end + 4, end + 4 + length);
    if (length !== undefined) expect(body.length).toBe(length);
    replies.push({ status: Number(status), headers, text: Buffer.from(body, 'latin1').toString() });
    rest = length === undefined ? '' : rest.slice(end + 4 + length);
  }
  return replies;
}

const query = JSON.stringify({ query: '{ catalogs(first: 1) { totalCount } }' });

const names = [
  'x-request-id',
  'accept',
  'accept-encoding',
  'accept-language',
  'apollo-require-preflight',
  'apollographql-client-name',
  'authorization',
  'cache-control',
  'content-encoding',
  'content-language',
  'cookie',
  'expect',
  'forwarded',
  'from',
  'if-none-match',
  'if-modified-since',
  'keep-alive',
  'max-forwards',
  'origin',
  'access-control-request-method',
  'access-control-request-headers',
  'pragma',
  'range',
  'referer',
  'sec-fetch-site',
  'te',
  'traceparent',
  'tracestate',
  'upgrade-insecure-requests',
  'user-agent',
  'vary',
  'via',
  'vitrine-position',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-http-method-override',
  '__proto__',
  'constructor',
  'toString',
];

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

/** Latin-1 without what ends a line: as a header may come over the wire. */
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
          const hostLine = `Host: ${Buffer.from(name).toString('latin1')}`;
          await check(
            requestOf(
              [hostLine, 'Content-Type: application/json', `Content-Length: ${query.length}`, ...more],
              query,
              at,
            ),
            markers,
          );
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
        const reply = await send(world.gateway.url, {
          method,
          path,
          headers,
          ...(method === 'POST' && { body: query }),
        });
        expect([400, 415]).toContain(world.wellFormed(reply).status);
        expect(reply.headers['access-control-allow-origin']).toBeUndefined();
      }),
      runs(40),
    );
    expect(world.wellFormed(await ask(world.gateway.url, '{ __typename }')).status).toBe(200);
  });
});
