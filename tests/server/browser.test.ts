import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { request } from 'undici';
import { describe, expect, test } from 'vitest';
import { ask, type Gateway, send, start, Things } from './support.ts';

const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

describe('the explorer', () => {
  test('is Apollo Sandbox, embedded, at /graphql', async () => {
    const gateway = await start();
    const { status, headers, text } = await send(`${gateway.url}/graphql`, { headers: html });
    expect(status).toBe(200);
    expect(headers['content-type']).toMatch(/^text\/html/);
    expect(text).toContain('new window.EmbeddedSandbox(');
    expect(gateway.lines).toEqual([]);
  });

  test('is not there when the schema may not be asked for', async () => {
    const { url } = await start({ config: { introspection: false } });
    const { status, text } = await send(`${url}/graphql`, { headers: html });
    expect(status).toBe(200);
    expect(text).not.toContain('EmbeddedSandbox');
  });

  test('may load all that it names, and nothing else', async () => {
    const { url } = await start();
    const { headers, text } = await send(`${url}/graphql`, { headers: html });
    const policy = headers['content-security-policy'] ?? '';
    const sources = [...text.matchAll(/<(?:script|link|iframe)[^>]*(?:src|href)="(https:\/\/[^/"]+)/g)].map(
      ([, host]) => host,
    );
    expect(sources.length).toBeGreaterThan(2);
    for (const host of sources.filter((host) => host !== 'https://fonts.gstatic.com')) expect(policy).toContain(host);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain('frame-src https://sandbox.embed.apollographql.com');
    expect(policy).toContain("connect-src 'self'");
    expect(policy).not.toMatch(/script-src [^;]*(\*|https:(?!\/\/))/);
    // The page's own policy holds inline code to a nonce.
    expect(text).toMatch(/http-equiv="Content-Security-Policy" content="script-src 'self' 'nonce-[0-9a-f]+'/);
  });

  test('is where / leads a browser', async () => {
    const { url } = await start();
    expect(await send(url, { headers: html })).toMatchObject({ status: 302, headers: { location: '/graphql' } });
  });

  test('has the schema as text beside it', async () => {
    const { url } = await start();
    const { status, headers, text } = await send(`${url}/schema.graphql`);
    expect([status, headers['content-type']]).toEqual([200, 'text/plain; charset=utf-8']);
    expect(text).toContain('"""What is read."""\ntype Thing {');
  });

  test('keeps the schema to itself when it may not be asked for', async () => {
    const gateway = await start({ config: { introspection: false } });
    const { status, body } = await send(`${gateway.url}/schema.graphql`);
    expect([status, body.title]).toEqual([404, 'Not Found']);
    const asked = await ask(gateway, '{ __schema { queryType { name } } }');
    expect([asked.status, asked.body.data]).toEqual([400, undefined]);
  });
});

test.each(['/graphql', '/livez', '/nowhere', '/schema.graphql'])('%s may load nothing as a page', async (path) => {
  const { headers } = await send((await start()).url + path);
  expect(headers['content-security-policy']).toBe("default-src 'none';base-uri 'none';frame-ancestors 'none'");
  expect(headers['x-content-type-options']).toBe('nosniff');
});

describe('CORS', () => {
  const shop = 'https://shop.example';
  const production = { production: true, introspection: false };

  test('allows nobody in production by default', async () => {
    const gateway = await start({ config: production });
    const { headers } = await ask(gateway, '{ requestId }', { headers: { origin: shop } });
    expect(headers).not.toHaveProperty('access-control-allow-origin');
    expect((await preflight(gateway, shop)).status).toBe(404);
  });

  test('allows the origins that are set, and no others', async () => {
    const gateway = await start({ config: { ...production, corsOrigins: [shop] } });
    const own = await ask(gateway, '{ requestId }', { headers: { origin: shop } });
    expect(own.headers).toMatchObject({
      'access-control-allow-origin': shop,
      'access-control-expose-headers': 'Age, Cache-Status, Retry-After, X-Request-Id',
    });
    const other = await ask(gateway, '{ requestId }', { headers: { origin: 'https://evil.example' } });
    expect(other.headers).not.toHaveProperty('access-control-allow-origin');
    expect((await preflight(gateway, shop)).headers['access-control-allow-methods']).toBe('GET, POST');
  });

  test('allows Sandbox in development', async () => {
    const sandbox = 'https://studio.apollographql.com';
    const { headers } = await preflight(await start(), sandbox);
    expect(headers['access-control-allow-origin']).toBe(sandbox);
  });

  test('answers OPTIONS that asks for nothing with nothing', async () => {
    const gateway = await start({ config: { corsOrigins: [shop] } });
    const answer = await send(`${gateway.url}/graphql`, { method: 'OPTIONS' });
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
  });

  test('is for GraphQL alone', async () => {
    const gateway = await start({ config: { corsOrigins: [shop] } });
    for (const path of ['/readyz', '/metrics', '/admin/invalidate']) {
      const { headers } = await send(gateway.url + path, { headers: { origin: shop } });
      expect(headers).not.toHaveProperty('access-control-allow-origin');
    }
  });

  function preflight(gateway: Gateway, origin: string) {
    const headers = {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    };
    return send(`${gateway.url}/graphql`, { method: 'OPTIONS', headers });
  }
});

describe('an answer', () => {
  const query = (id: string) => JSON.stringify({ query: `{ thing(id: "${id}") { id name } }` });
  const long = 'x'.repeat(600);

  async function compressed(url: string, encoding: string, id: string) {
    const { headers, body } = await request(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'accept-encoding': encoding },
      body: query(id),
    });
    return { headers, bytes: Buffer.from(await body.arrayBuffer()) };
  }

  test.each([
    ['br', brotliDecompressSync],
    ['gzip', gunzipSync],
  ])('of 1 KiB is compressed by %s for whoever takes it', async (encoding, decompress) => {
    const { url } = await start();
    const { headers, bytes } = await compressed(url, encoding, long);
    expect(headers['content-encoding']).toBe(encoding);
    expect(JSON.parse(decompress(bytes).toString())).toEqual({ data: { thing: { id: long, name: `Thing ${long}` } } });
  });

  test('that is short is not', async () => {
    const { url } = await start();
    expect((await compressed(url, 'br', 'short')).headers).not.toHaveProperty('content-encoding');
  });

  test('varies by what it may depend on, compressed or not', async () => {
    const { url } = await start();
    for (const id of [long, 'short']) {
      const { headers } = await compressed(url, 'br', id);
      expect(headers.vary).toBe('accept, accept-encoding, Origin');
    }
    const alone = await start({ config: { production: true } });
    expect((await compressed(alone.url, 'br', 'short')).headers.vary).toBe('accept, accept-encoding');
  });

  test('is the same bytes whatever the cache did', async () => {
    const kinds = ['hit', 'stale', 'miss', 'coalesced', 'stale_if_error'] as const;
    const texts = await Promise.all(
      kinds.map(async (kind) => {
        const gateway = await start({ things: new Things().when('1', { kind }) });
        return (await ask(gateway, '{ thing(id: 1) { id name } }')).text;
      }),
    );
    expect(new Set(texts)).toHaveLength(1);
  });
});
