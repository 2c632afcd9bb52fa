/** P1 type fidelity: times are written as `Date` writes them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { textOf } from '../../src/graphql/date-time.ts';

const dayMs = 86_400_000;
const lastMs = 8_640_000_000_000_000;

describe('P1 the text of a time', () => {
  test('is that of any date', () => {
    fc.assert(fc.property(fc.date({ noInvalidDate: true }), (date) => textOf(date) === date.toISOString()));
  });

  test('is that of any time of one day, whose text is written once', () => {
    const time = fc.integer({ min: 0, max: dayMs - 1 }).map((ms) => new Date(20_000 * dayMs + ms));
    fc.assert(fc.property(time, (date) => textOf(date) === date.toISOString()));
  });

  test.each([0, -1, 999, 1_000, dayMs - 1, dayMs, -lastMs, lastMs])('is right at %i ms', (ms) => {
    expect(textOf(new Date(ms))).toBe(new Date(ms).toISOString());
  });

  test('is right for more days than are remembered', () => {
    const wrong = Array.from({ length: 10_100 }, (_, day) => new Date(day * dayMs + day)).filter(
      (date) => textOf(date) !== date.toISOString(),
    );
    expect(wrong).toEqual([]);
  });

  test('is none for an invalid date', () => {
    expect(() => textOf(new Date(Number.NaN))).toThrow(RangeError);
  });
});
