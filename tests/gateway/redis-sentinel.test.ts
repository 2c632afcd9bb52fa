/** Two gateways behind Redis Sentinel, in traffic: the master is killed or replaced, sentinels are silent. */
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
  group = await startSentinels({ obedient: true });
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
    await group.failOver();
    await traffic.endWell();
    expect(traffic.deferred).toBeGreaterThan(0);
    for (const world of worlds) expect(await world.metric('vitrine_coherence_eras_total')).toBe(2);
    const { send, scan } = await group.master();
    const endless = await endlessKeys({ scan, send: (_key, ...command) => send(...command) });
    expect(endless).toEqual(['{vitrine}:control', expect.stringMatching(/^\{vitrine\}:log:\w+$/)]);
  });

  it('an operator fails over, and back before the old master has become a replica: two new eras', async () => {
    const first = await group.master();
    await traffic.start();
    for (const eras of [2, 3]) {
      expect(await first.send('ROLE')).toContain('master');
      traffic.isTold = false;
      await group.failOver();
      for (const world of worlds) {
        await eventually(async () => (await world.metric('vitrine_coherence_eras_total')) === eras);
        await eventually(async () => (await ready(world)).status === 'ok');
      }
      traffic.isTold = true;
      const { acknowledged } = traffic;
      await eventually(() => traffic.acknowledged > acknowledged + 10);
    }
    expect(await group.master()).toBe(first);
    await traffic.endWell();
    // The first one, which the first master still had, knew nothing of what was acknowledged in the second.
    for (const world of worlds) {
      const entered = world.logs().filter(({ event }) => event === 'coherence.era');
      expect(new Set(entered.map(({ era }) => era)).size).toBe(3);
    }
  });

  it('most sentinels are silent: degraded though the master answers, and the log says why; no new era', async () => {
    await traffic.start();
    traffic.isTold = false;
    const silent = group.sentinels.slice(1);
    for (const sentinel of silent) sentinel.pause();
    for (const world of worlds) {
      await eventually(async () => (await ready(world)).checks.coherence.status === 'degraded');
      expect(await ready(world)).toMatchObject({ status: 'degraded', checks: { redis: { status: 'ok' } } });
      const [line] = world.logs().filter(({ event }) => event === 'coherence.degraded');
      expect(line).toMatchObject({ err: { message: expect.stringContaining('no majority of the sentinels') } });
    }
    await eventually(() => traffic.deferred > 0);
    for (const sentinel of silent) sentinel.resume();
    await traffic.endWell();
    for (const world of worlds) expect(await world.metric('vitrine_coherence_eras_total')).toBe(1);
  });
});
