/** The clock of production. */
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/cache/clock.ts';

describe('the system clock', () => {
  test('lets whoever sleeps go when their time is over, with a signal and without', async () => {
    const before = systemClock.mono();
    await Promise.all([systemClock.sleep(2), systemClock.sleep(2, new AbortController().signal)]);
    expect(systemClock.mono() - before).toBeGreaterThan(1);
  });

  test('wakes whoever sleeps by their signal, and tells them its reason', async () => {
    const reason = new Error('told to end');
    await expect(systemClock.sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason);
    const stop = new AbortController();
    const sleeping = systemClock.sleep(60_000, stop.signal);
    stop.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
  });

  test('tells the time of day', () => {
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1_000);
  });
});
