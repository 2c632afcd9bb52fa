/** Failures remembered: for a second to those who ask, longer and longer to what is done in the background (P7). */
import { describe, expect, test } from 'vitest';
import { FailureMemory } from '../../src/cache/failures.ts';
import { positionOf } from '../../src/cache/position.ts';
import { ManualClock } from '../support/clock.ts';

const failed = new Error('answered 503');
const at = { era: 1, position: positionOf(1, 0) };

function open() {
  const clock = new ManualClock();
  const changed = new Set<string>();
  const failures = new FailureMemory(clock, (id, asOf) => !changed.has(id) && asOf === at);
  return { clock, changed, failures };
}

describe('P7 degrades, never dies › a failure', () => {
  test('answers for a second, and no longer', async () => {
    const { clock, failures } = open();
    failures.note('1', failed, at);
    expect(failures.recent('1')).toBe(failed);
    await clock.advance(999);
    expect(failures.recent('1')).toBe(failed);
    await clock.advance(1);
    expect(failures.recent('1')).toBeUndefined();
  });

  test('answers for its own id, and not after a change of it', () => {
    const { changed, failures } = open();
    failures.note('1', failed, at);
    expect(failures.recent('2')).toBeUndefined();
    changed.add('1');
    expect(failures.recent('1')).toBeUndefined();
  });

  test('is known until a read succeeds, however long ago it was', async () => {
    const { clock, failures } = open();
    expect(failures.last('1')).toBeUndefined();
    failures.note('1', failed, at);
    await clock.advance(3_600_000);
    expect(failures.last('1')).toBe(failed);
    failures.clear('1');
    expect([failures.last('1'), failures.recent('1'), failures.backsOff('1')]).toEqual([undefined, undefined, false]);
  });

  test('makes a refresh wait for 1, 2, 4, 8, 16, 30, 30 … s', async () => {
    const { clock, failures } = open();
    const waits: number[] = [];
    for (let count = 0; count < 7; count++) {
      failures.note('1', failed, at);
      let waitedMs = 0;
      for (; failures.backsOff('1'); waitedMs += 500) await clock.advance(500);
      waits.push(waitedMs / 1_000);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 30, 30]);
  });

  test('makes nothing wait where there was none, and after a success begins with a second again', async () => {
    const { clock, failures } = open();
    expect(failures.backsOff('1')).toBe(false);
    for (let count = 0; count < 3; count++) failures.note('1', failed, at);
    failures.clear('1');
    failures.note('1', failed, at);
    await clock.advance(999);
    expect(failures.backsOff('1')).toBe(true);
    await clock.advance(1);
    expect(failures.backsOff('1')).toBe(false);
  });
});
