/** Deliveries of change events that are done: whoever sends one again changes nothing. */
import { describe, expect, test } from 'vitest';
import { Deliveries } from '../../src/cache/deliveries.ts';
import { openWorld } from './namespace-world.ts';

const aDayMs = 86_400_000;

async function openTwo() {
  const world = openWorld();
  const [one, two] = [await world.startProcess(), await world.startProcess()];
  return { ...world, one: new Deliveries(one.engine), two: new Deliveries(two.engine), engine: one.engine };
}

describe('a delivery', () => {
  test('that is done is known to every process, with what was noted of it, for a day', async () => {
    const { clock, one, two } = await openTwo();
    await one.note('msg_1', 'done');
    expect([await one.done('msg_1'), await two.done('msg_1')]).toEqual(['done', 'done']);
    await clock.advance(aDayMs);
    expect(await two.done('msg_1')).toBe('done');
    await clock.advance(1);
    expect(await two.done('msg_1')).toBeUndefined();
  });

  test('that is not done is not known, whatever others are', async () => {
    const { one } = await openTwo();
    await one.note('msg_1', 'done');
    expect(await one.done('msg_2')).toBeUndefined();
  });

  test('P7 degrades, never dies › is done once more where nobody can tell', async () => {
    const { one, store, engine } = await openTwo();
    await one.note('msg_1', 'done');
    store.silent.add('getMany').add('put');
    expect(await one.done('msg_1')).toBeUndefined();
    await one.note('msg_2', 'done');
    const { values } = await engine.telemetry.metrics.cacheFallbacks.get();
    expect(values.map(({ labels }) => labels)).toEqual([
      { namespace: 'webhooks', operation: 'get' },
      { namespace: 'webhooks', operation: 'put' },
    ]);
  });
});
