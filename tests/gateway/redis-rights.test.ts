/** TLS, and users of an ACL with just the rights of the docs, in a cluster and behind sentinels. */
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type EmbeddedUpstream, makeCatalogue, startEmbeddedUpstream } from '../../src/embedded/index.ts';
import { encodeNodeId } from '../../src/graphql/index.ts';
import { eventually, type RunningRedis } from '../support/redis.ts';
import { gatewayUser } from '../support/redis-access.ts';
import { startCluster } from '../support/redis-cluster.ts';
import { startSentinels } from '../support/redis-sentinel.ts';
import { startRealWorld, today, untilWarm } from '../support/world.ts';
import { ready, well } from './redis-checks.ts';
import { granted, rights } from './redis-rights.ts';
import type { RealWorld } from './traffic.ts';

let upstream: EmbeddedUpstream;
const worlds: RealWorld[] = [];

beforeEach(async () => {
  upstream = await startEmbeddedUpstream({ collections: makeCatalogue(today) });
});
afterEach(async () => {
  await Promise.all(worlds.splice(0).map((world) => world.close()));
  await upstream.close();
});

async function start(settings: Record<string, string>): Promise<RealWorld> {
  const world = await startRealWorld({
    settings: { REDIS_TIMEOUT_MS: '2000', COHERENCE_MS: '200', REDIS_WAIT_REPLICAS: '1', ...settings },
    sharedUpstream: upstream,
  });
  worlds.push(world);
  await untilWarm(world);
  return world;
}

const catalog = (world: RealWorld, id: string) =>
  world.query('query ($id: ID!) { catalog(id: $id) { sourceId } }', { id: encodeNodeId('Catalog', id) });

/** Everything that a gateway asks of Redis, but for what comes when something fails. */
async function exert(world: RealWorld): Promise<void> {
  expect((await catalog(world, '1')).errors).toBeUndefined();
  for (const body of [{ type: 'catalog', ids: ['2'] }, { type: 'seller', all: true }, purge('3')]) {
    await eventually(async () => (await world.invalidate(body)).status === 200);
  }
}
const purge = (id: string) => ({ type: 'catalog', ids: [id], mode: 'purge' });

async function expectWell(world: RealWorld): Promise<void> {
  expect(await ready(world)).toMatchObject(well);
  expect(await world.metric('vitrine_cache_fallbacks_total')).toBe(0);
  const troubles = ['redis.down', 'redis.unknown', 'coherence.degraded'];
  expect(world.logs().filter(({ event }) => troubles.includes(String(event)))).toEqual([]);
  for (const secret of [gatewayUser.password, encodeURIComponent(gatewayUser.password)]) {
    expect(world.logText()).not.toContain(secret);
  }
}

/** What the test and the servers themselves send. */
const others =
  /^(hello|auth|client|config|acl|replconf|psync|sync|migrate|restore|publish|subscribe|cluster\|(?!slots))/;

async function usedIn(servers: readonly RunningRedis[]): Promise<string[]> {
  const used = new Set<string>();
  for (const server of servers) {
    const stats = await server.send<string>('INFO', 'commandstats');
    for (const [, name = ''] of stats.matchAll(/cmdstat_(\S+):calls=[1-9]/g)) if (!others.test(name)) used.add(name);
  }
  return [...used].sort();
}

/** As after a failover: the old log is left to expire, and all is read anew. */
async function beginEra(send: (...command: string[]) => Promise<unknown>, world: RealWorld): Promise<void> {
  const eras = await world.metric('vitrine_coherence_eras_total');
  await send('HSET', '{vitrine}:control', 'server', 'another');
  await eventually(async () => (await world.metric('vitrine_coherence_eras_total')) > eras);
  await untilWarm(world);
}

describe('a Redis Cluster by TLS, with a user of its own', () => {
  it('is a store that gateways share, with the rights of the docs, and each of them is used', async () => {
    const cluster = await startCluster({ rights: `${rights.cluster} ${rights.waiting}` });
    onTestFinished(() => cluster.stop());
    const masters = await cluster.masters();
    const move = await cluster.move('vitrine:{catalog:0}:x');
    for (const node of cluster.nodes) await node.send('CONFIG', 'RESETSTAT');

    const one = await start(cluster.settings);
    await exert(one);
    await beginEra((...command) => cluster.send('{vitrine}:control', ...command), one);
    await one.query('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', {
      ids: Array.from({ length: 100 }, (_, index) => encodeNodeId('Catalog', `${9_000 + index}`)),
    });
    const wanted = [...granted(rights.cluster), ...granted(rights.waiting)].sort();
    await eventually(async () => (await usedIn(masters)).includes('ping'));
    expect(await usedIn(masters)).toEqual(wanted);

    await move.end();
    upstream.requests.reset();
    const two = await start(cluster.settings);
    expect((await catalog(two, '1')).cacheStatus).toMatch(/^Vitrine; hit; ttl=\d+$/);
    expect(upstream.requests.count()).toBe(0);
    await expectWell(two);
    for (const node of cluster.nodes) expect(await node.send('ACL', 'LOG')).toEqual([]);
  });
});

describe('Redis behind sentinels, both by TLS, with users of their own', () => {
  it('is a store that gateways share, with the rights of the docs, and each of them is used; also after a failover', async () => {
    const servers = `${rights.server} ${rights.waiting}`;
    const group = await startSentinels({ replicas: 2, rights: { servers, sentinels: rights.sentinel } });
    onTestFinished(() => group.stop());
    const master = await group.master();
    for (const server of group.servers) await server.send('CONFIG', 'RESETSTAT');

    const one = await start(group.settings);
    await exert(one);
    await expectWell(one);
    await beginEra((...command) => master.send(...command), one);
    const wanted = [...granted(rights.server), ...granted(rights.waiting)].sort();
    await eventually(async () => (await usedIn([master])).includes('ping'));
    expect(await usedIn([master])).toEqual(wanted);

    upstream.requests.reset();
    const two = await start(group.settings);
    expect(upstream.requests.count()).toBe(0);
    await expectWell(two);
    const denied = (server: RunningRedis) => server.send<Record<string, unknown>[]>('ACL', 'LOG');
    for (const server of [...group.servers, ...group.sentinels]) expect(await denied(server)).toEqual([]);

    const [sentinel] = group.sentinels as [RunningRedis];
    for (const name of granted(rights.sentinel)) {
      await sentinel.send('ACL', 'SETUSER', gatewayUser.user, `-${name}`);
      await eventually(async () => JSON.stringify(await denied(sentinel)).includes(`"${name}"`));
      await sentinel.send('ACL', 'SETUSER', gatewayUser.user, `+${name}`);
    }
    // The other sentinels tell.
    expect(two.logs().filter(({ event }) => event === 'redis.unknown')).toEqual([]);

    await master.kill();
    await eventually(async () => (await ready(two)).status === 'degraded');
    await eventually(async () => (await ready(two)).status === 'ok', 20_000);
    await exert(two);
  });
});
