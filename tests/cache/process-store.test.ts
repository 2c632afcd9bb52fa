import { beforeEach, describe, expect, test } from 'vitest';
import { ProcessStore } from '../../src/cache/process-store.ts';
import { ManualClock } from '../support/clock.ts';
import { single } from './single.ts';
import { aMinuteMs, describeStore, newKey } from './store-contract.ts';

function openStore(maxBytes = 64 * 1024 * 1024) {
  const clock = new ManualClock();
  return { clock, store: new ProcessStore({ clock, maxBytes }) };
}

describe('the store of one process', () => {
  let { clock, store } = openStore();
  beforeEach(() => {
    ({ clock, store } = openStore());
  });
  describeStore(() => ({ store, outlive: (_key, ms) => clock.advance(ms + 1) }));
});

describe('the store of one process › time and room', () => {
  test('a value lasts to the last millisecond of its time, whatever the wall clock does', async () => {
    const { clock, store } = openStore();
    const { value } = newKey();
    await store.put(value, 'text', 1_000);
    clock.jump(aMinuteMs);
    await clock.advance(1_000);
    expect(await store.getMany([value])).toEqual(['text']);
    clock.jump(-2 * aMinuteMs);
    await clock.advance(1);
    expect(await store.getMany([value])).toEqual([undefined]);
  });

  test.each([0, 1, 2])(
    'a value ends however early in the life of the process it was put: at %d ms',
    async (startMs) => {
      let nowMs = startMs;
      const clock = { now: () => nowMs, mono: () => nowMs, sleep: async () => {} };
      const store = new ProcessStore({ clock, maxBytes: 10_000 });
      await store.put('key', 'text', 10);
      nowMs += 10;
      expect(await store.getMany(['key'])).toEqual(['text']);
      nowMs += 1;
      expect(await store.getMany(['key'])).toEqual([undefined]);
    },
  );

  test('a lease and a failure last to the last millisecond of theirs', async () => {
    const { clock, store: batches } = openStore();
    const store = single(batches);
    const key = newKey();
    await store.lease(key, 'a', { ms: 500 });
    await clock.advance(500);
    expect(await store.renew(key, 'a', 500)).toBe(true);
    await clock.advance(500);
    await store.release(key, 'a', 'UPSTREAM_TIMEOUT');
    await clock.advance(1_000);
    expect(await store.lease(key, 'b', { ms: 500 })).toMatchObject({ state: 'failed' });
    await clock.advance(1);
    expect(await store.lease(key, 'b', { ms: 500 })).toEqual({ state: 'granted' });
  });

  test('holds no more than its bound: the least recently used go first', async () => {
    const { store } = openStore(10_000);
    const keys = Array.from({ length: 20 }, () => newKey().value);
    for (const key of keys) {
      await store.put(key, 'x'.repeat(400), aMinuteMs);
      await store.getMany([keys[0] as string]);
    }
    const found = await store.getMany(keys);
    const there = keys.filter((_, index) => found[index] !== undefined);
    expect(there).toContain(keys[0]);
    expect(there).toContain(keys.at(-1));
    expect(there.length).toBeGreaterThan(2);
    expect(there.length).toBeLessThan(12);
  });

  test('a value larger than the bound is not kept, and nothing else goes for it', async () => {
    const { store } = openStore(10_000);
    const [small, large] = [newKey().value, newKey().value];
    await store.put(small, 'small', aMinuteMs);
    await store.put(large, 'x'.repeat(10_000), aMinuteMs);
    expect(await store.getMany([small, large])).toEqual(['small', undefined]);
  });
});
