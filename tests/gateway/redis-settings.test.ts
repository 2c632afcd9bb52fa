/**
 * How Redis is reached: TLS by a CA of one's own, a user and password of an ACL, and what happens when any is wrong.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/cache/clock.ts';
import { type EmbeddedUpstream, makeCatalogue, startEmbeddedUpstream } from '../../src/embedded/index.ts';
import { encodeNodeId } from '../../src/graphql/index.ts';
import { eventually, startTlsRedis, type TlsRedis } from '../support/redis.ts';
import { startRealWorld, today, untilWarm, type World } from '../support/world.ts';
import { cutOff, ready, well } from './redis-checks.ts';
import { granted, rights } from './redis-rights.ts';

type RealWorld = World<Clock>;

let redis: TlsRedis;
let upstream: EmbeddedUpstream;
const worlds: RealWorld[] = [];
const servers: { server: Server; sockets: Set<Socket> }[] = [];

beforeAll(async () => {
  redis = await startTlsRedis({ rights: rights.server });
  upstream = await startEmbeddedUpstream({ collections: makeCatalogue(today) });
});
afterEach(async () => {
  redis.resume();
  await Promise.all(worlds.splice(0).map((world) => world.close()));
  for (const { server, sockets } of servers.splice(0)) {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});
afterAll(async () => {
  await upstream.close();
  await redis.stop();
});

async function start(settings: Record<string, string> = {}): Promise<RealWorld> {
  const world = await startRealWorld({
    settings: {
      REDIS_URL: redis.url.href,
      REDIS_CA_FILE: redis.caFile,
      REDIS_TIMEOUT_MS: '2000',
      COHERENCE_MS: '200',
      ...settings,
    },
    sharedUpstream: upstream,
  });
  worlds.push(world);
  return world;
}

const catalog = (world: RealWorld, id: string) =>
  world.query<{ catalog: { sourceId: string } | null }>('query ($id: ID!) { catalog(id: $id) { sourceId } }', {
    id: encodeNodeId('Catalog', id),
  });
/** By connection: there are two. */
const downs = (world: RealWorld) =>
  world
    .logs()
    .filter(({ event }) => event === 'redis.down')
    .map(({ connection, reason }) => [connection, reason]);

/** It still answers, tells of it in one clear line a connection, and keeps the password to itself. */
async function expectAnswersWithout(world: RealWorld, reason: RegExp): Promise<void> {
  const answer = await catalog(world, '1');
  expect(answer.data).toEqual({ catalog: { sourceId: '1' } });
  await eventually(async () => (await ready(world)).status === 'degraded');
  expect(await ready(world)).toMatchObject(cutOff);
  await eventually(() => downs(world).length >= 2);
  expect(downs(world).toSorted()).toEqual([
    ['commands', expect.stringMatching(reason)],
    ['log', expect.stringMatching(reason)],
  ]);
  expect(world.logs().filter(({ event }) => event === 'coherence.degraded')).toHaveLength(1);
  expectNoSecret(world);
}

function expectNoSecret(world: RealWorld): void {
  const said = JSON.stringify(world.logs());
  for (const secret of [redis.password, encodeURIComponent(redis.password)]) expect(said).not.toContain(secret);
}

describe('rediss:// with a user, a password and a CA file', () => {
  it('is a store that gateways share, with the rights of the docs and no more', async () => {
    const one = await start();
    expect((await catalog(one, '1')).cacheStatus).toMatch(/fwd=(uri-)?miss/);
    await untilWarm(one);
    expect((await one.invalidate({ type: 'catalog', ids: ['2'] })).status).toBe(200);
    expect((await one.invalidate({ type: 'catalog', ids: ['3'], mode: 'purge' })).status).toBe(200);
    expect((await one.invalidate({ type: 'seller', all: true })).status).toBe(200);
    upstream.requests.reset();

    const two = await start();
    const found = await catalog(two, '1');
    expect(found.data).toEqual({ catalog: { sourceId: '1' } });
    expect(found.cacheStatus).toMatch(/^Vitrine; hit; ttl=\d+$/);
    await untilWarm(two);
    expect(
      await two.metric('vitrine_cache_requests_total', { namespace: 'catalog', tier: 'store', outcome: 'hit' }),
    ).toBeGreaterThan(0);
    expect(upstream.requests.count()).toBe(0);
    for (const world of [one, two]) {
      expect(await ready(world)).toMatchObject(well);
      expect(await world.metric('vitrine_cache_fallbacks_total')).toBe(0);
      expect(world.logs().filter(({ event }) => event === 'redis.down' || event === 'coherence.degraded')).toEqual([]);
      expectNoSecret(world);
    }
  });

  it('uses each of those rights', async () => {
    const world = await start();
    await untilWarm(world);
    // As after a failover: the old log is left to expire.
    await redis.send('HSET', '{vitrine}:control', 'server', 'another');
    await eventually(async () => (await world.metric('vitrine_coherence_eras_total')) === 2);
    const used = async () => {
      const stats = await redis.send<string>('INFO', 'commandstats');
      const names = [...stats.matchAll(/cmdstat_(\S+):calls=[1-9]/g)].map(([, name]) => name);
      // Whoever is not let in yet may greet and say who they are.
      return names.filter((name) => name !== 'hello' && name !== 'auth');
    };
    await eventually(async () => (await used()).includes('ping')); // The last one: of an idle connection.
    expect((await used()).toSorted()).toEqual(granted(rights.server));
  });
});

describe('P7 degrades, never dies › Redis that does not let us in', () => {
  const withUrl = (change: (url: URL) => void) => {
    const url = new URL(redis.url);
    change(url);
    return { REDIS_URL: url.href, REDIS_CONNECT_TIMEOUT_MS: '100' };
  };

  it('a certificate of another CA: the gateway starts and answers', async () => {
    const world = await start({ REDIS_CA_FILE: redis.strangerCaFile, REDIS_CONNECT_TIMEOUT_MS: '100' });
    await expectAnswersWithout(world, /certificate|self.signed|issuer/i);
  });

  it('a CA that nobody told of: the gateway starts and answers', async () => {
    const world = await start({ REDIS_CA_FILE: '', REDIS_CONNECT_TIMEOUT_MS: '100' });
    await expectAnswersWithout(world, /certificate|self.signed|issuer/i);
  });

  it('a wrong password: the gateway starts and answers', async () => {
    const world = await start(withUrl((url) => (url.password = 'wrong-password')));
    await expectAnswersWithout(world, /WRONGPASS/);
    expect(JSON.stringify(world.logs())).not.toContain('wrong-password');
  });

  it('an unknown user: the gateway starts and answers', async () => {
    const world = await start(withUrl((url) => (url.username = 'stranger')));
    await expectAnswersWithout(world, /WRONGPASS/);
  });

  it('no user where one is needed: the gateway starts and answers', async () => {
    const url = new URL(redis.url);
    url.username = url.password = '';
    const world = await start({ REDIS_URL: url.href, REDIS_CONNECT_TIMEOUT_MS: '100' });
    await expectAnswersWithout(world, /NOAUTH/);
  });

  it('redis:// to a server that speaks TLS alone: the gateway starts and answers', async () => {
    const url = new URL(redis.url.href.replace('rediss:', 'redis:'));
    const world = await start({ REDIS_URL: url.href, REDIS_CA_FILE: '', REDIS_CONNECT_TIMEOUT_MS: '100' });
    await expectAnswersWithout(world, /./);
  });
});

describe('P7 degrades, never dies › Redis that does not answer', () => {
  it('an address that accepts and says nothing: the gateway starts once its connect timeout is over', async () => {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
    }).listen(0, '127.0.0.1');
    servers.push({ server, sockets });
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const world = await start({
      REDIS_URL: `redis://127.0.0.1:${port}`,
      REDIS_CA_FILE: '',
      REDIS_CONNECT_TIMEOUT_MS: '50',
    });
    expect(sockets.size).toBeGreaterThan(0);
    expect((await catalog(world, '1')).data).toEqual({ catalog: { sourceId: '1' } });
    await untilWarm(world);
    expect(await ready(world)).toMatchObject(cutOff);
  });

  it('paused: every request is answered within its command timeout, and all is well again after', async () => {
    const world = await start({ REDIS_TIMEOUT_MS: '50' });
    await untilWarm(world);
    await eventually(async () => (await ready(world)).status === 'ok');
    redis.pause();
    await eventually(async () => (await ready(world)).checks.coherence.status === 'degraded');
    expect((await catalog(world, '9')).data).toEqual({ catalog: { sourceId: '9' } });
    redis.resume();
    await eventually(async () => (await ready(world)).status === 'ok');
    expect(await ready(world)).toMatchObject(well);
  });
});
