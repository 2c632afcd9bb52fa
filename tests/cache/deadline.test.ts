import { describe, expect, test } from 'vitest';
import { Deadline, DeadlineError, timeLimit } from '../../src/cache/deadline.ts';
import { ManualClock } from '../support/clock.ts';

const never = new Promise<never>(() => {});

describe('a deadline', () => {
  test('counts from when it was made, however often it is raced', async () => {
    const clock = new ManualClock();
    const deadline = new Deadline(clock, 100);
    await clock.advance(60);
    expect(deadline.remainingMs()).toBe(40);
    const waiting = Promise.allSettled([deadline.race(never), deadline.race(never)]);
    await clock.advance(39);
    expect(deadline.remainingMs()).toBe(1);
    await clock.advance(1);
    for (const outcome of await waiting) {
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: { name: 'DeadlineError', code: 'UPSTREAM_TIMEOUT', message: 'not answered within 100 ms' },
      });
    }
    expect(deadline.remainingMs()).toBe(0);
  });

  test('lets through what settles before it, either way', async () => {
    const deadline = new Deadline(new ManualClock(), 100);
    expect(await deadline.race(Promise.resolve('value'))).toBe('value');
    await expect(deadline.race(Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  });

  test('that is over ends whatever is raced later', async () => {
    const clock = new ManualClock();
    const deadline = new Deadline(clock, 100);
    await clock.advance(500);
    const late = expect(deadline.race(never)).rejects.toThrow(DeadlineError);
    await clock.advance(0);
    await late;
    await expect(deadline.race(never)).rejects.toThrow(DeadlineError);
  });

  test('runs one timer, from the first race until it is ended', async () => {
    const clock = new ManualClock();
    const deadline = new Deadline(clock, 100);
    expect(clock.sleeping(100)).toBe(0);
    void deadline.race(never).catch(() => {});
    void deadline.race(never).catch(() => {});
    expect(clock.sleeping(100)).toBe(1);
    deadline.end();
    expect(clock.sleeping(100)).toBe(0);
  });

  test('does not mind a wall clock that jumps', async () => {
    const clock = new ManualClock();
    const deadline = new Deadline(clock, 100);
    clock.jump(3_600_000);
    expect(deadline.remainingMs()).toBe(100);
  });
});

describe('a time limit', () => {
  test('fires its signal with what happened', async () => {
    const clock = new ManualClock();
    const { signal } = timeLimit(clock, 100);
    await clock.advance(99);
    expect(signal.aborted).toBe(false);
    await clock.advance(1);
    expect(signal.reason).toBeInstanceOf(DeadlineError);
  });

  test('never fires once it is ended, and leaves no timer', async () => {
    const clock = new ManualClock();
    const limit = timeLimit(clock, 100);
    expect(clock.sleeping(100)).toBe(1);
    limit.end();
    expect(clock.sleeping(100)).toBe(0);
    await clock.advance(1_000);
    expect(limit.signal.aborted).toBe(false);
  });

  test('that is infinite has no timer', () => {
    const clock = new ManualClock();
    const limit = timeLimit(clock, Number.POSITIVE_INFINITY);
    expect(clock.sleeping(Number.POSITIVE_INFINITY)).toBe(0);
    limit.end();
    expect(limit.signal.aborted).toBe(false);
  });
});
