/** Change events through real gateways on one Redis: what they cost, what every replica shows after them, and positions. */
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/cache/clock.ts';
import { type EmbeddedUpstream, makeCatalogue, startEmbeddedUpstream } from '../../src/embedded/index.ts';
import { encodeNodeId } from '../../src/graphql/index.ts';
import { eventually, type RunningRedis, startRedis } from '../support/redis.ts';
import { startRealWorld, today, untilWarm, type World } from '../support/world.ts';

type RealWorld = World<Clock>;
type Event = { type: string; id: string; updatedAt?: string };
type Told = { status: number; headers: Headers; body: Record<string, unknown> & { position: string } };

const secret = 'whsec_C2FI7QTNwx2PzT1TTeQFJvzaH2G1WgyE';

let redis: RunningRedis;
let upstream: EmbeddedUpstream;
const worlds: RealWorld[] = [];

beforeEach(async () => {
  redis = await startRedis();
  upstream = await startEmbeddedUpstream({ collections: makeCatalogue(today) });
});
afterEach(async () => {
  redis.resume();
  await Promise.all(worlds.splice(0).map((world) => world.close()));
  await upstream.close();
  await redis.stop();
});

async function start(settings: Record<string, string> = {}): Promise<RealWorld> {
  const world = await startRealWorld({
    settings: { REDIS_URL: redis.url.href, REDIS_TIMEOUT_MS: '2000', WEBHOOK_SECRET: secret, ...settings },
    sharedUpstream: upstream,
  });
  worlds.push(world);
  await untilWarm(world);
  return world;
}

let deliveries = 0;

async function tell({ gateway }: RealWorld, events: Event[], id = `msg_${++deliveries}`): Promise<Told> {
  const at = new Date();
  const body = JSON.stringify({ events });
  const response = await fetch(`${gateway.url}/webhooks/upstream`, {
    method: 'POST',
    headers: {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign(id, at, body),
    },
    body,
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Told['body'] };
}

let versions = 0;

/** Upstream has the row so; its event. */
function write(id: string, row: object): Event {
  const before = upstream.collections.get('catalogs', id);
  const updatedAt = new Date(Date.parse('2026-11-23T12:00:00Z') + ++versions * 1000).toISOString();
  const sample = before ?? { ...upstream.collections.get('catalogs', '1'), id };
  upstream.collections.put('catalogs', { ...sample, ...row, id, updated_at: updatedAt });
  return { type: before === undefined ? 'catalog.created' : 'catalog.updated', id, updatedAt };
}

async function ask(world: RealWorld, query: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${world.gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
  const { data, errors } = (await response.json()) as {
    data: Record<string, unknown>;
    errors?: { extensions: object }[];
  };
  return { status: response.status, headers: response.headers, data, errors };
}

const title = (world: RealWorld, id: string, headers?: Record<string, string>) =>
  ask(world, `{ catalog(id: "${encodeNodeId('Catalog', id)}") { title } }`, headers).then(
    ({ data }) => (data.catalog as { title: string } | null)?.title ?? null,
  );
const titled = (world: RealWorld, text: string, headers?: Record<string, string>) =>
  ask(
    world,
    `{ catalogs(filter: {titleContains: "${text}"}, orderBy: {field: TITLE}) { nodes { title } } }`,
    headers,
  ).then(({ data }) => (data.catalogs as { nodes: { title: string }[] }).nodes.map((node) => node.title));

describe('read-your-writes › after an event was acknowledged', () => {
  it('created, updated (the column that is sorted and filtered by) and deleted rows are so in pages and by id, here and elsewhere', async () => {
    const [one, two] = [await start(), await start()];
    const events = [
      write('7000', { title: 'Zyxomma a' }),
      write('1', { title: 'Zyxomma b' }),
      { type: 'catalog.deleted', id: '2', updatedAt: '2026-11-24T00:00:00Z' },
    ];
    upstream.collections.remove('catalogs', '2');
    upstream.requests.reset();
    const { status, body } = await tell(one, events);
    expect(status).toBe(202);
    expect(body).toMatchObject({ accepted: 3, duplicates: 0, refreshed: 2, missing: 1, scope: 'cluster' });
    const position = { 'vitrine-position': body.position };
    for (const [world, headers] of [
      [one, {}],
      [two, position],
    ] as const) {
      expect(await titled(world, 'zyxomma', headers)).toEqual(['Zyxomma a', 'Zyxomma b']);
      expect([await title(world, '7000'), await title(world, '1'), await title(world, '2')]).toEqual([
        'Zyxomma a',
        'Zyxomma b',
        null,
      ]);
    }
    // Three ids, one read; the others take it from Redis, and nothing is drained.
    expect(upstream.requests.counts()).toEqual({ '/catalogs?ids': 1 });
  });

  it('of many rows, upstream is asked for as many at a time as it takes, once for all replicas', async () => {
    const [one, two, three] = [
      await start({ UPSTREAM_IDS_LIMIT: '100' }),
      await start({ UPSTREAM_IDS_LIMIT: '100' }),
      await start({ UPSTREAM_IDS_LIMIT: '100' }),
    ];
    const events = Array.from({ length: 250 }, (_, index) => write(String(index + 1), { title: `Zyxomma ${index}` }));
    upstream.requests.reset();
    const { body } = await tell(one, events);
    expect(body).toMatchObject({ accepted: 250, refreshed: 250 });
    const count = (world: RealWorld) =>
      ask(world, '{ catalogs(first: 0, filter: {titleContains: "zyxomma"}) { totalCount } }', {
        'vitrine-position': body.position,
      });
    for (const world of [one, two, three]) expect((await count(world)).data).toEqual({ catalogs: { totalCount: 250 } });
    expect(upstream.requests.counts()).toEqual({ '/catalogs?ids': 3 });
  });

  it('of catalogs and sellers, each type is read by itself', async () => {
    const one = await start();
    const seller = upstream.collections.get('sellers', '1');
    upstream.collections.put('sellers', {
      ...seller,
      id: '1',
      name: 'Zyxomma & Sons',
      updated_at: '2026-11-24T00:00:00Z',
    });
    upstream.requests.reset();
    const events = [
      write('1', { title: 'Zyxomma' }),
      { type: 'seller.updated', id: '1', updatedAt: '2026-11-24T00:00:00Z' },
    ];
    expect((await tell(one, events)).body).toMatchObject({ accepted: 2, refreshed: 2 });
    expect(upstream.requests.counts()).toEqual({ '/catalogs/{id}': 1, '/sellers/{id}': 1 });
    expect((await ask(one, '{ sellers(filter: {nameContains: "zyxomma"}) { nodes { name } } }')).data).toEqual({
      sellers: { nodes: [{ name: 'Zyxomma & Sons' }] },
    });
  });

  it('though upstream lags behind its own event', async () => {
    const [one, two] = [await start(), await start()];
    upstream.faults.set({ freeze: { routes: ['/catalogs/{id}'], times: 2 } });
    const event = write('1', { title: 'Zyxomma, late' });
    const { body } = await tell(one, [event]);
    expect(body).toMatchObject({ refreshed: 1 });
    expect(await title(one, '1')).toBe('Zyxomma, late');
    expect(await titled(two, 'zyxomma', { 'vitrine-position': body.position })).toEqual(['Zyxomma, late']);
    expect(await one.metric('vitrine_cache_rejected_total', { reason: 'behind' })).toBe(0);
  });

  it('is an audit line and a count by source', async () => {
    const one = await start();
    const { body } = await tell(one, [write('1', { title: 'Zyxomma' })], 'msg_audit');
    const line = one.logs().find(({ event }) => event === 'webhook.applied');
    expect(line).toMatchObject({ webhookId: 'msg_audit', type: 'catalog', firstIds: ['1'], position: body.position });
    expect(await one.metric('vitrine_changes_total', { namespace: 'catalog', source: 'webhook' })).toBe(1);
  });
});

describe('a delivery that comes again', () => {
  it('to another replica changes nothing, and gives the position of the first', async () => {
    const [one, two] = [await start(), await start()];
    const events = [write('1', { title: 'Zyxomma' })];
    const first = await tell(one, events, 'msg_twice');
    upstream.requests.reset();
    const again = await tell(two, events, 'msg_twice');
    expect(again.status).toBe(202);
    expect(again.body).toEqual({ ...first.body, accepted: 0, duplicates: 1, refreshed: 0 });
    expect(upstream.requests.count()).toBe(0);
  });

  it('while Redis is away is 503, and done when it comes again', async () => {
    const one = await start({ REDIS_TIMEOUT_MS: '200' });
    redis.pause();
    const event = write('1', { title: 'Zyxomma' });
    const away = await tell(one, [event], 'msg_away');
    expect(away.status).toBe(503);
    expect(away.headers.get('retry-after')).toBe('5');
    expect(away.body).toMatchObject({ accepted: 1, scope: 'process' });
    expect(await title(one, '1')).toBe('Zyxomma');
    redis.resume();
    await eventually(async () => (await tell(one, [event], 'msg_away')).status === 202);
  });

  it('without Redis is of this process alone', async () => {
    const alone = await startRealWorld({ settings: { WEBHOOK_SECRET: secret }, sharedUpstream: upstream });
    worlds.push(alone);
    const events = [write('1', { title: 'Zyxomma' })];
    expect((await tell(alone, events, 'msg_alone')).body).toMatchObject({ accepted: 1, scope: 'process' });
    expect((await tell(alone, events, 'msg_alone')).body).toMatchObject({ accepted: 0, duplicates: 1 });
    expect(await title(alone, '1')).toBe('Zyxomma');
  });
});

describe('a position', () => {
  it('that an invalidation was acknowledged with is waited for on any replica', async () => {
    const [one, two] = [await start(), await start({ COHERENCE_MS: '60000' })];
    write('1', { title: 'Zyxomma' });
    const { body } = await one.invalidate({ type: 'catalog', ids: ['1'] });
    expect(await titled(two, 'zyxomma', { 'vitrine-position': String(body.position) })).toEqual(['Zyxomma']);
  });

  it('of an era that is over is come to with the next', async () => {
    const [one, two] = [await start(), await start()];
    write('1', { title: 'Zyxomma' });
    const { body } = await one.invalidate({ type: 'catalog', ids: ['1'] });
    await redis.send('FLUSHALL');
    expect(await titled(two, 'zyxomma', { 'vitrine-position': String(body.position) })).toEqual(['Zyxomma']);
  });

  it('that never comes is told at the deadline, with Retry-After', async () => {
    const one = await start({ REQUEST_TIMEOUT_MS: '300' });
    const { body } = await one.invalidate({ type: 'catalog', ids: ['1'] });
    const later = String(body.position).replace(/:\d+-/, ':999999999999999-');
    const { status, headers, errors } = await ask(one, '{ catalogs(first: 1) { totalCount } }', {
      'vitrine-position': later,
    });
    expect(status).toBe(504);
    expect(headers.get('retry-after')).toBe('1');
    expect(errors).toMatchObject([{ extensions: { code: 'UPSTREAM_TIMEOUT' } }]);
  });

  it('cannot be told while Redis is silent: that is said at the deadline too', async () => {
    const one = await start({ REQUEST_TIMEOUT_MS: '500', REDIS_TIMEOUT_MS: '100', COHERENCE_MS: '100' });
    const { body } = await one.invalidate({ type: 'catalog', ids: ['1'] });
    const degradations = () => one.logs().filter(({ event }) => event === 'coherence.degraded').length;
    const before = degradations();
    redis.pause();
    await eventually(async () => degradations() > before);
    const { status } = await ask(one, '{ catalogs(first: 1) { totalCount } }', {
      'vitrine-position': String(body.position),
    });
    expect(status).toBe(504);
  });

  it.each(['', 'nonsense', '1-1', 'era:', 'era:1', 'ERA:1-1', 'era:1-1+', `era:${'9'.repeat(16)}-1`])(
    'that is none is BAD_USER_INPUT: %j',
    async (position) => {
      const alone = await startRealWorld({ sharedUpstream: upstream });
      worlds.push(alone);
      const { status, errors } = await ask(alone, '{ catalogs(first: 1) { totalCount } }', {
        'vitrine-position': position,
      });
      expect(status).toBe(400);
      expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    },
  );
});
