/**
 * `ops/nginx/vitrine.conf`, tried: nginx before a gateway gives what the gateway was asked for in the same second.
 *
 * Most is asked of an nginx for which a second lasts a minute, so that a slow machine misses no hit.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { encodeNodeId } from '../../src/graphql/index.ts';
import { type RunningNginx, startNginx } from '../support/nginx.ts';
import { lackOfNginx } from '../support/setup.ts';
import { startWorld, untilWarm, type World } from '../support/world.ts';

const forAMinute = {
  '"$time_iso8601 ': '"',
  'proxy_cache_valid 200 1s;': 'proxy_cache_valid 200 60s;',
  'proxy_cache_lock_timeout 10ms;': 'proxy_cache_lock_timeout 20s;',
};
const shops = ['https://a.example', 'https://b.example'] as const;

let lack: string | undefined;
let world: World;
const started: RunningNginx[] = [];

beforeAll(async () => {
  lack = lackOfNginx();
  if (lack !== undefined) return;
  world = await startWorld({ settings: { CORS_ORIGINS: shops.join(',') } });
  await untilWarm(world);
}, 300_000);

afterAll(async () => {
  await patient.close();
  await Promise.all(started.map((nginx) => nginx.stop()));
  await world?.close();
});

beforeEach((context) => context.skip(lack !== undefined, lack));

async function start(replaced: Record<string, string> = {}): Promise<RunningNginx> {
  const nginx = await startNginx({ gateway: world.gateway.url, replaced });
  started.push(nginx);
  return nginx;
}

type Headers = Record<string, string>;
type Answer = { status: number; headers: Record<string, string | string[] | undefined>; body: Buffer };

const preflight = { 'apollo-require-preflight': '1' };
const patient = new Agent({ headersTimeout: 60_000 });

async function get({ url }: { url: string }, query: string, headers: Headers = preflight): Promise<Answer> {
  const answer = await request(`${url}/graphql?query=${encodeURIComponent(query)}`, {
    headers,
    dispatcher: patient,
  });
  return { status: answer.statusCode, headers: answer.headers, body: Buffer.from(await answer.body.arrayBuffer()) };
}

/** What nginx itself says of an answer. */
function saidOf({ headers }: Answer): string | undefined {
  return [headers['cache-status']].flat().at(-1)?.split(', ').at(-1);
}

let aliases = 0;
/** Not asked for before, and admitted by the gateway, so that its answers have a validator. */
async function newQuery(fields = 'catalogs(first: 20) { nodes { id title } }'): Promise<string> {
  const query = `query Q${++aliases} { ${fields} }`;
  await get(world.gateway, query);
  return query;
}

/** Of a row, so and told. @returns The position of the change. */
async function change(source: string, title: string): Promise<string> {
  const { collections } = world.upstream;
  const row = collections.get('catalogs', source) ?? collections.get('catalogs', '1');
  collections.put('catalogs', { ...row, id: source, title, updated_at: new Date().toISOString() });
  const { status, body } = await world.invalidate({ type: 'catalog', ids: [source] });
  expect(status).toBe(200);
  return String(body.position);
}

describe('an answer to GET', () => {
  let nginx: RunningNginx;
  beforeAll(async () => {
    if (lack === undefined) nginx = await start(forAMinute);
  });

  it('is given by nginx the second time, byte for byte, with all headers of the gateway', async () => {
    const query = await newQuery();
    const direct = await get(world.gateway, query);
    const [first, second] = [await get(nginx, query), await get(nginx, query)];
    expect([first, second].map(saidOf)).toEqual(['nginx; fwd=miss', 'nginx; hit']);
    for (const { status, headers, body } of [first, second]) {
      expect([status, body]).toEqual([200, direct.body]);
      expect(own(headers)).toEqual(own(direct.headers));
      expect([headers['cache-status']].flat()[0]).toBe(direct.headers['cache-status']);
    }
  });

  it('is 304 for whom has it', async () => {
    const query = await newQuery();
    const { etag = '' } = (await get(nginx, query)).headers;
    const again = await get(nginx, query, { ...preflight, 'if-none-match': String(etag) });
    expect([saidOf(again), again.status, again.body.length]).toEqual(['nginx; hit', 304, 0]);
  });

  it.each([
    ['Accept', { accept: 'application/json' }, { accept: 'application/graphql-response+json' }, 'content-type'],
    ['Accept-Encoding', { 'accept-encoding': 'br' }, { 'accept-encoding': 'gzip' }, 'content-encoding'],
    ['Origin', { origin: shops[0] }, { origin: shops[1] }, 'access-control-allow-origin'],
  ])('is not given to a request of another %s', async (_name, one, other, header) => {
    const query = await newQuery();
    for (const headers of [one, other, one, other]) {
      const direct = await get(world.gateway, query, { ...preflight, ...headers });
      const answer = await get(nginx, query, { ...preflight, ...headers });
      expect([answer.headers[header], answer.body]).toEqual([direct.headers[header], direct.body]);
      expect(answer.headers[header]).toBeDefined();
    }
    expect(saidOf(await get(nginx, query, { ...preflight, ...one }))).toBe('nginx; hit');
  });

  it('has a request id of its own, or that of its caller', async () => {
    const query = await newQuery();
    const ids = [await get(nginx, query), await get(nginx, query)].map(({ headers }) => headers['x-request-id']);
    expect(ids).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/), expect.stringMatching(/^[0-9a-f]{32}$/)]);
    expect(new Set(ids).size).toBe(2);
    const named = await get(nginx, query, { ...preflight, 'x-request-id': 'order-42.A_b' });
    expect([saidOf(named), named.headers['x-request-id']]).toEqual(['nginx; hit', 'order-42.A_b']);
    const odd = await get(nginx, query, { ...preflight, 'x-request-id': 'a b' });
    expect(odd.headers['x-request-id']).toMatch(/^[0-9a-f]{32}$/);
  });

  it('is not given to a request that a page of another site could send', async () => {
    const query = await newQuery();
    await get(nginx, query);
    const plain = await get(nginx, query, {});
    expect([plain.status, saidOf(plain)]).toEqual([400, 'nginx; fwd=bypass']);
    expect(plain.body.toString()).toContain('Cross-Site Request Forgery');
    expect(saidOf(await get(nginx, query, { 'x-apollo-operation-name': 'Q' }))).toBe('nginx; hit');
  });
});

describe('nginx asks the gateway', () => {
  let nginx: RunningNginx;
  beforeAll(async () => {
    if (lack === undefined) nginx = await start(forAMinute);
  });

  it('when the request waits for a change', async () => {
    const query = await newQuery(`catalog(id: "${encodeNodeId('Catalog', '7')}") { title }`);
    await get(nginx, query);
    const position = await change('7', 'as it was written');
    const old = await get(nginx, query);
    const own = await get(nginx, query, { ...preflight, 'vitrine-position': position });
    expect([old, own].map(saidOf)).toEqual(['nginx; hit', 'nginx; fwd=bypass']);
    expect(old.body.toString()).not.toContain('as it was written');
    expect(own.body.toString()).toContain('as it was written');
    const refused = await get(nginx, query, { ...preflight, 'vitrine-position': 'nonsense' });
    expect(refused.status).toBe(400);
  });

  it('when the request has credentials, and keeps nothing of it', async () => {
    const query = await newQuery();
    const headers = { ...preflight, authorization: 'Bearer of-somebody' };
    const answers = [await get(nginx, query, headers), await get(nginx, query, headers), await get(nginx, query)];
    expect(answers.map(saidOf)).toEqual(['nginx; fwd=bypass', 'nginx; fwd=bypass', 'nginx; fwd=miss']);
  });

  it('for each POST', async () => {
    const query = await newQuery();
    await get(nginx, query);
    const headers = { ...preflight, 'content-type': 'application/json' };
    const post = { method: 'POST', headers, body: JSON.stringify({ query }) } as const;
    for (let time = 1; time <= 2; time++) {
      const answer = await request(`${nginx.url}/graphql`, post);
      expect(await answer.body.text()).toBe((await get(world.gateway, query)).body.toString());
      expect(String(answer.headers['cache-status'])).toContain('nginx; fwd=method');
    }
  });

  it('again after an error', async () => {
    const query = `{ catalog(id: "${encodeNodeId('Catalog', '7001')}") { title } }`;
    world.upstream.faults.set({ status: 500 });
    const failed = [await get(nginx, query), await get(nginx, query)];
    world.upstream.faults.reset();
    expect(failed.map(saidOf)).toEqual(['nginx; fwd=miss', 'nginx; fwd=miss']);
    for (const { headers, body } of failed) {
      const [error] = (JSON.parse(body.toString()) as { errors: object[] }).errors;
      const requestId = headers['x-request-id'];
      expect(error).toMatchObject({ extensions: { code: 'UPSTREAM_UNAVAILABLE', requestId } });
    }
    await change('7001', 'read at last');
    expect((await get(nginx, query)).body.toString()).toContain('read at last');
  });

  it('again for what nobody may keep', async () => {
    const answers = [await get(nginx, '{ __typename }'), await get(nginx, '{ __typename }')];
    expect(answers.map(saidOf)).toEqual(['nginx; fwd=miss', 'nginx; fwd=miss']);
  });

  it('for nothing but queries and change events', async () => {
    for (const path of ['/metrics', '/readyz', '/admin/invalidate', '/', '/schema.graphql']) {
      expect((await request(nginx.url + path)).statusCode, path).toBe(404);
    }
    const event = await request(`${nginx.url}/webhooks/upstream`, { method: 'POST' });
    expect(event.headers['content-type']).toContain('application/problem+json'); // No secret is set.
  });
});

describe('a crowd that asks for what nginx has not', () => {
  it.for([
    ['reaches the gateway few times', {}, [1, 5]],
    ['would reach it often without the lock', { 'proxy_cache_lock on;': '' }, [50, 1_000]],
  ] as const)('%s', async ([_name, unlocked, [least, most]]) => {
    const nginx = await start({ ...forAMinute, ...unlocked });
    const query = `query Crowd${++aliases} { catalogs(first: 20) { nodes { id title } } }`;
    const before = await answersOfGateway();
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => get(nginx, query)));
    expect(new Set(answers.map(({ status, body }) => `${status} ${body}`)).size).toBe(1);
    const reached = (await answersOfGateway()) - before;
    expect(reached).toBeGreaterThanOrEqual(least);
    expect(reached).toBeLessThanOrEqual(most);
  });

  /** All it gave so far. */
  async function answersOfGateway(): Promise<number> {
    const page = await (await request(`${world.gateway.adminUrl}/metrics`)).body.text();
    const counts = page.matchAll(/^vitrine_graphql_operation_duration_seconds_count\{.*\} (\d+)$/gm);
    return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
  }
});

describe('a change that the gateway has acknowledged', () => {
  const title = (id: string) => newQuery(`catalog(id: "${encodeNodeId('Catalog', id)}") { title }`);

  it('is in every answer of nginx a second later, whether it was asked meanwhile or not', async () => {
    const nginx = await start();
    const [busy, quiet] = [await title('8'), await title('8')];
    const knows = async (query: string) => (await get(nginx, query)).body.toString().includes('new');
    await onTheSecond();
    for (const query of [busy, quiet]) await get(nginx, query);
    await change('8', 'new');
    const acknowledgedMs = performance.now();

    const lateMs: number[] = [];
    for (let askedMs = 0; askedMs < 1_000; await delay(20)) {
      askedMs = performance.now() - acknowledgedMs;
      if (!(await knows(busy))) lateMs.push(askedMs);
    }
    expect(Math.max(0, ...lateMs)).toBeLessThan(1_000);
    expect(await knows(quiet)).toBe(true);
  });

  it.for([
    ['is not hidden by what was asked for before it and answered after it', {}, 'after'],
    ['would be, were the second not in the key', forAMinute, 'before'],
  ] as const)('%s', async ([_name, lasting, expected]) => {
    const nginx = await start(lasting);
    const source = String(7_000 + started.length);
    const write = (title: string) =>
      world.upstream.collections.put('catalogs', {
        ...world.upstream.collections.get('catalogs', '1'),
        id: source,
        title,
      });
    const query = `query Q${++aliases} { catalog(id: "${encodeNodeId('Catalog', source)}") { title } }`;
    const titleOf = ({ body }: Answer) => JSON.parse(body.toString()).data.catalog.title;

    write('before');
    const hold = world.upstream.hold('/catalogs/{id}');
    const early = get(nginx, query);
    await hold.arrived();
    write('after');
    const telling = world.invalidate({ type: 'catalog', ids: [source] });
    await hold.arrived(2);
    await onTheSecond();
    hold.release();

    expect([titleOf(await early), (await telling).status]).toEqual(['before', 200]);
    expect(titleOf(await get(nginx, query))).toBe(expected);
  });

  /** Just after one began. */
  function onTheSecond(): Promise<void> {
    return delay(1_010 - (Date.now() % 1_000));
  }
});

/** Of the answer, not of a connection, nor of one exchange alone. */
function own(headers: Answer['headers']): Answer['headers'] {
  const others = ['connection', 'keep-alive', 'date', 'server', 'x-request-id', 'cache-status'];
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !others.includes(name)));
}
