/** Two gateways on one Redis Cluster, in traffic: slots move, and masters are killed and paused. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hashTagOf } from '../../src/cache/keys.ts';
import { type EmbeddedUpstream, makeCatalogue, startEmbeddedUpstream } from '../../src/embedded/index.ts';
import { encodeNodeId } from '../../src/graphql/index.ts';
import { eventually, type RunningRedis } from '../support/redis.ts';
import { type RunningCluster, startCluster } from '../support/redis-cluster.ts';
import { today } from '../support/world.ts';
import { endlessKeys, ready } from './redis-checks.ts';
import { type RealWorld, startInTraffic, Traffic } from './traffic.ts';

const control = '{vitrine}:control';
const controlAndLog = [control, expect.stringMatching(/^\{vitrine\}:log:\w+$/)];

let cluster: RunningCluster;
let upstream: EmbeddedUpstream;
let worlds: [RealWorld, RealWorld];
let traffic: Traffic;

beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.stop());

beforeEach(async () => {
  upstream = await startEmbeddedUpstream({ collections: makeCatalogue(today) });
  worlds = [await startInTraffic(cluster.settings, upstream), await startInTraffic(cluster.settings, upstream)];
  traffic = new Traffic(worlds, upstream);
});
afterEach(async () => {
  await traffic.stop();
  await Promise.all(worlds.map((world) => world.close()));
  await upstream.close();
  for (const node of cluster.nodes) if (!node.isRunning) await node.restart();
  await cluster.settled();
  await Promise.all((await cluster.masters()).map((master) => master.send('FLUSHALL')));
});

const eras = (world: RealWorld) => world.metric('vitrine_coherence_eras_total');

async function untilDegraded(): Promise<void> {
  for (const world of worlds) await eventually(async () => (await ready(world)).checks.coherence.status === 'degraded');
}

/** A row's key in each of some buckets. */
const bucketKeys = (...buckets: string[]) => buckets.map((bucket) => `vitrine:{catalog:${bucket}}:x`);

describe('two gateways on one Redis Cluster', () => {
  it('share rows of all sixteen groups: one script a group takes the leases of a batch, one writes it', async () => {
    const [one, two] = worlds;
    const ids = Array.from({ length: 100 }, (_, index) => String(8_000 + index));
    const row = upstream.collections.get('catalogs', '1');
    for (const id of ids) upstream.collections.put('catalogs', { ...row, id, title: `row ${id}` });
    const query = 'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Catalog { title } } }';
    const variables = { ids: ids.map((id) => encodeNodeId('Catalog', id)) };
    const count = (operation: string) =>
      one.metric('vitrine_store_operation_duration_seconds', { operation, outcome: 'ok', le: '+Inf' });
    const before = [await count('lease'), await count('commit')];
    const found = await one.query(query, variables);
    expect([await count('lease'), await count('commit')]).toEqual(before.map((calls) => calls + 16));
    const groups = new Set((await cluster.scan('vitrine:{catalog:*')).map(hashTagOf));
    expect(groups.size).toBe(16);

    upstream.requests.reset();
    expect((await two.query(query, variables)).text).toBe(found.text);
    expect(upstream.requests.count()).toBe(0);
    for (const world of worlds) expect(await world.metric('vitrine_cache_fallbacks_total')).toBe(0);
  });
});

describe('P7 degrades, never dies › Redis Cluster in traffic', () => {
  it('slots of rows move: nothing is wrong or late, and no era begins', async () => {
    await traffic.start();
    for (const key of bucketKeys('0', '5', 'a', 'f')) {
      const move = await cluster.move(key);
      const keys = (await cluster.scan(`*${hashTagOf(key)}*`)).slice(0, 4);
      await move.keys(...keys);
      const { answered } = traffic;
      await eventually(() => traffic.answered > answered + 100);
      await move.end();
    }
    await traffic.endWell();
    for (const world of worlds) expect(await eras(world)).toBe(1);
    expect(await endlessKeys(cluster)).toEqual(controlAndLog);
  });

  it('the slot of the log moves: a new era, and nothing is wrong or late', async () => {
    await traffic.start();
    traffic.isTold = false;
    const move = await cluster.move(control);
    await move.keys(control);
    await untilDegraded();
    await move.end();
    await traffic.endWell();
    for (const world of worlds) expect(await eras(world)).toBe(2);
    expect(await endlessKeys(cluster)).toEqual(controlAndLog);
  });

  it('a master of rows is killed: nothing is wrong or late, and no era begins', async () => {
    const victim = await masterWithoutLog();
    await traffic.start();
    await victim.kill();
    for (const world of worlds) {
      await eventually(async () => (await ready(world)).checks.redis.status === 'down');
      expect(await ready(world)).toMatchObject({ status: 'degraded', checks: { coherence: { status: 'ok' } } });
    }
    await traffic.endWell();
    for (const world of worlds) expect(await eras(world)).toBe(1);
  });

  it('the master of the log is killed: a new era, and nothing is wrong or late', async () => {
    const victim = await cluster.masterOf(control);
    await traffic.start();
    traffic.isTold = false;
    await victim.kill();
    await untilDegraded();
    for (const world of worlds) expect(await world.metric('vitrine_store_up')).toBe(0);
    await traffic.endWell();
    expect(traffic.deferred).toBeGreaterThan(0);
    for (const world of worlds) expect(await eras(world)).toBe(2);
    await victim.restart();
    await cluster.settled();
    expect(await endlessKeys(cluster)).toEqual(controlAndLog);
  });

  it('the master of the log falls silent, and is back when all have left it: one new era, nothing is wrong or late', async () => {
    const victim = await cluster.masterOf(control);
    await traffic.start();
    traffic.isTold = false;
    victim.pause();
    await untilDegraded();
    for (const world of worlds) await eventually(async () => (await eras(world)) === 2, 20_000);
    victim.resume();
    await traffic.endWell();
    for (const world of worlds) expect(await eras(world)).toBe(2);
  });
});

async function masterWithoutLog(): Promise<RunningRedis> {
  const ofLog = await cluster.masterOf(control);
  for (const bucket of '0123456789abcdef') {
    const master = await cluster.masterOf(`vitrine:{catalog:${bucket}}:x`);
    if (master !== ofLog) return master;
  }
  throw new Error('one master has all');
}
