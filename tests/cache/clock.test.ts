/** The clock of production. */
import { getEventListeners } from 'node:events';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
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

  test('keeps nothing of a sleep that is over, whichever way it ended', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const [lasting, short] = [new AbortController(), new AbortController()];
    const slept = systemClock.sleep(100, lasting.signal);
    const ended = expect(systemClock.sleep(60_000, short.signal)).rejects.toThrow();
    short.abort();
    await ended;
    await vi.advanceTimersByTimeAsync(100);
    await slept;
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(lasting.signal, 'abort')).toEqual([]);
  });

  test('tells the time of day', () => {
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1_000);
  });
});
