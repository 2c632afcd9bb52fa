/** `REDIS_WAIT_REPLICAS`: a change is acknowledged when a replica has it, and else known to all the same. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EmbeddedUpstream, makeCatalogue, startEmbeddedUpstream } from '../../src/embedded/index.ts';
import { eventually, type RunningRedis, startRedis } from '../support/redis.ts';
import { startRealWorld, today, untilWarm } from '../support/world.ts';
import { ready, well } from './redis-checks.ts';
import type { RealWorld } from './traffic.ts';

let master: RunningRedis;
let replica: RunningRedis;
let upstream: EmbeddedUpstream;
let worlds: [RealWorld, RealWorld];

beforeEach(async () => {
  master = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] });
  replica = await startRedis({ args: ['--replicaof', `127.0.0.1 ${master.port}`] });
  await eventually(async () => (await master.send<string>('INFO', 'replication')).includes('state=online'));
  upstream = await startEmbeddedUpstream({ collections: makeCatalogue(today) });
  worlds = [await start(), await start()];
});
afterEach(async () => {
  replica.resume();
  await Promise.all(worlds.map((world) => world.close()));
  await upstream.close();
  await replica.stop();
  await master.stop();
});

async function start(): Promise<RealWorld> {
  const settings = {
    REDIS_URL: master.url.href,
    REDIS_WAIT_REPLICAS: '1',
    REDIS_TIMEOUT_MS: '500',
    COHERENCE_MS: '200',
  };
  const world = await startRealWorld({ settings, sharedUpstream: upstream });
  await untilWarm(world);
  return world;
}

async function titled(world: RealWorld, text: string): Promise<number> {
  const query = 'query ($text: String) { catalogs(first: 0, filter: {titleContains: $text}) { totalCount } }';
  return (await world.query<{ catalogs: { totalCount: number } }>(query, { text })).data.catalogs.totalCount;
}

describe('a change where a replica is waited for', () => {
  const change = { type: 'catalog', ids: ['1'] };

  it('is acknowledged when it has it; else it is known to all, and answered with 503', async () => {
    const [one, two] = worlds;
    await eventually(async () => (await one.invalidate(change)).status === 200);
    replica.pause();
    const row = upstream.collections.get('catalogs', '1');
    upstream.collections.put('catalogs', { ...row, id: '1', title: 'Zyxomma', updated_at: '2026-11-23T12:00:01Z' });
    const told = await one.invalidate(change);
    expect(told).toMatchObject({ status: 503, body: { scope: 'cluster', refreshed: 1 } });
    expect(told.body.detail).toMatch(/fewer replicas of Redis have it than are asked for/);
    expect(await titled(one, 'zyxomma')).toBe(1);
    await eventually(async () => (await titled(two, 'zyxomma')) === 1);
    // Nothing is amiss but the replica.
    for (const world of worlds) expect(await ready(world)).toMatchObject(well);

    expect((await one.invalidate({ type: 'seller', all: true })).status).toBe(503);
    replica.resume();
    await eventually(async () => (await one.invalidate(change)).status === 200);
  });
});
