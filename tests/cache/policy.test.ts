import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { notFoundWindows, type Policy, settlingWindows, windowsOf } from '../../src/cache/policy.ts';

const seed = 17;
const ms = fc.nat({ max: 86_400_000 });
const policies: fc.Arbitrary<Policy> = fc.record({ maxAgeMs: ms, staleWhileRevalidateMs: ms, staleIfErrorMs: ms });
const chances = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('windows', () => {
  const policy = { maxAgeMs: 60_000, staleWhileRevalidateMs: 600_000, staleIfErrorMs: 86_400_000 };

  test('at the highest chance are the policy, at the lowest a tenth of the age less', () => {
    expect(windowsOf(policy, () => 1)).toEqual({ freshMs: 60_000, staleMs: 660_000, errorMs: 86_460_000 });
    expect(windowsOf(policy, () => 0)).toEqual({ freshMs: 54_000, staleMs: 654_000, errorMs: 86_454_000 });
  });

  test('jitter only shortens, by a tenth at most; the stale windows follow the fresh one', () => {
    fc.assert(
      fc.property(policies, chances, (any, chance) => {
        const { freshMs, staleMs, errorMs } = windowsOf(any, () => chance);
        expect(freshMs).toBeLessThanOrEqual(any.maxAgeMs);
        expect(freshMs).toBeGreaterThanOrEqual(Math.floor(any.maxAgeMs * 0.9));
        expect(Number.isInteger(freshMs)).toBe(true);
        expect([staleMs - freshMs, errorMs - freshMs]).toEqual([any.staleWhileRevalidateMs, any.staleIfErrorMs]);
      }),
      { seed },
    );
  });

  test('of a row that upstream does not have are short and without stale', () => {
    const { freshMs, staleMs, errorMs } = notFoundWindows;
    expect([staleMs, errorMs]).toEqual([freshMs, freshMs]);
    expect(freshMs).toBeLessThanOrEqual(5_000);
  });

  test('after a change last until upstream has settled, never longer than the policy, and are not stale while revalidating', () => {
    fc.assert(
      fc.property(policies, ms, (any, settleMs) => {
        const { freshMs, staleMs, errorMs } = settlingWindows(any, settleMs);
        expect(freshMs).toBe(Math.min(any.maxAgeMs, settleMs));
        expect([staleMs, errorMs]).toEqual([freshMs, freshMs + any.staleIfErrorMs]);
      }),
      { seed },
    );
  });
});
