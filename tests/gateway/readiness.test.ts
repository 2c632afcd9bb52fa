/** P7 degrades, never dies: a gateway that cannot read upstream as it starts is ready once it can. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EmbeddedUpstream, makeCatalogue, startEmbeddedUpstream } from '../../src/embedded/index.ts';
import { eventually } from '../support/redis.ts';
import { startWorld, today, type World } from '../support/world.ts';

let upstream: EmbeddedUpstream;
let world: World;

beforeEach(async () => {
  upstream = await startEmbeddedUpstream({ collections: makeCatalogue(today) });
  upstream.faults.set({ status: 500 });
  world = await startWorld({ sharedUpstream: upstream });
});
afterEach(async () => {
  await world.close();
  await upstream.close();
});

const ready = async () => {
  const response = await fetch(`${world.gateway.url}/readyz`);
  return { code: response.status, body: (await response.json()) as { checks: Record<string, { status: string }> } };
};
const untilFailed = () =>
  eventually(async () => {
    const { checks } = (await ready()).body;
    return checks.catalogs?.status === 'failed' && checks.sellers?.status === 'failed';
  });

describe('P7 degrades, never dies › a gateway started while upstream is down', () => {
  // Whoever routes by readiness sends it no request, so no request can be what it waits for.
  it('is ready once upstream is back, though nobody asks it for anything but /readyz', async () => {
    await untilFailed();
    expect((await ready()).code).toBe(503);
    upstream.faults.reset();
    await world.clock.advance(1_100);
    await eventually(async () => (await ready()).code === 200);
  });

  it('asks upstream no more often than once a second, however often it is asked', async () => {
    await untilFailed();
    const asked = upstream.requests.count();
    for (let probe = 0; probe < 10; probe++) await ready();
    expect(upstream.requests.count()).toBe(asked);
  });
});
