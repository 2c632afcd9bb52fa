/** Two gateways behind Redis Sentinel, in traffic: the master is killed. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EmbeddedUpstream, makeCatalogue, startEmbeddedUpstream } from '../../src/embedded/index.ts';
import { eventually } from '../support/redis.ts';
import { type RunningSentinels, startSentinels } from '../support/redis-sentinel.ts';
import { today } from '../support/world.ts';
import { endlessKeys, ready } from './redis-checks.ts';
import { type RealWorld, startInTraffic, Traffic } from './traffic.ts';

let group: RunningSentinels;
let upstream: EmbeddedUpstream;
let worlds: [RealWorld, RealWorld];
let traffic: Traffic;

beforeEach(async () => {
  group = await startSentinels();
  upstream = await startEmbeddedUpstream({ collections: makeCatalogue(today) });
  worlds = [await startInTraffic(group.settings, upstream), await startInTraffic(group.settings, upstream)];
  traffic = new Traffic(worlds, upstream);
});
afterEach(async () => {
  await traffic.stop();
  await Promise.all(worlds.map((world) => world.close()));
  await upstream.close();
  await group.stop();
});

describe('P7 degrades, never dies › behind Redis Sentinel, in traffic', () => {
  it('the master is killed: a new era, and nothing is wrong or late', async () => {
    await traffic.start();
    traffic.isTold = false;
    await (await group.master()).kill();
    for (const world of worlds) {
      await eventually(async () => (await ready(world)).checks.coherence.status === 'degraded');
      expect(await ready(world)).toMatchObject({ checks: { redis: { status: 'down' } } });
      expect(await world.metric('vitrine_store_up')).toBe(0);
    }
    await traffic.endWell();
    expect(traffic.deferred).toBeGreaterThan(0);
    for (const world of worlds) expect(await world.metric('vitrine_coherence_eras_total')).toBe(2);
    const { send, scan } = await group.master();
    const endless = await endlessKeys({ scan, send: (_key, ...command) => send(...command) });
    expect(endless).toEqual(['{vitrine}:control', expect.stringMatching(/^\{vitrine\}:log:\w+$/)]);
  });
});
