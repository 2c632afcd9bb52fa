import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BEGINNING,
  higher,
  isBefore,
  isPosition,
  laterToken,
  localAfter,
  type Position,
  parseToken,
  positionOf,
  positionOfStreamId,
  showPosition,
  showToken,
  streamIdOf,
  timeOf,
} from '../../src/cache/position.ts';

const seed = 7;
const part = { ms: fc.nat({ max: 999_999_999_999_999 }), sequence: fc.nat({ max: 9_999_999_999 }) };
/** As numbers: a stream id, and how often this process counted on from it. */
const numbers = fc.record({ ...part, local: fc.nat({ max: 5 }) });

function make({ ms, sequence, local }: { ms: number; sequence: number; local: number }): Position {
  let position = positionOf(ms, sequence);
  for (let step = 0; step < local; step++) position = localAfter(position);
  return position;
}

const orderOf = (a: number, b: number) => Math.sign(a - b);
const textOrder = (a: string, b: string) => (a === b ? 0 : a < b ? -1 : 1);

describe('positions', () => {
  test('sort as text as they do as numbers', () => {
    const near = fc.record({ ms: fc.nat({ max: 3 }), sequence: fc.nat({ max: 3 }), local: fc.nat({ max: 3 }) });
    fc.assert(
      fc.property(fc.oneof(fc.tuple(numbers, numbers), fc.tuple(near, near)), ([a, b]) => {
        const byNumber = orderOf(a.ms, b.ms) || orderOf(a.sequence, b.sequence) || orderOf(a.local, b.local) || 0;
        expect(textOrder(make(a), make(b))).toBe(byNumber);
      }),
      { seed, numRuns: 2_000 },
    );
  });

  test('are the stream ids they were made of', () => {
    fc.assert(
      fc.property(part.ms, part.sequence, (ms, sequence) => {
        const position = positionOfStreamId(`${ms}-${sequence}`);
        expect(position).toBe(positionOf(ms, sequence));
        expect(streamIdOf(position)).toBe(`${ms}-${sequence}`);
        expect(showPosition(position)).toBe(`${ms}-${sequence}`);
        expect(timeOf(position)).toBe(ms);
      }),
      { seed },
    );
  });

  test('counted locally lie behind their stream id and before every later one', () => {
    fc.assert(
      fc.property(part.ms, fc.nat({ max: 9_999_999_998 }), fc.integer({ min: 1, max: 12 }), (ms, sequence, local) => {
        const position = positionOf(ms, sequence);
        const counted = make({ ms, sequence, local });
        expect(counted > position).toBe(true);
        expect(counted < positionOf(ms, sequence + 1)).toBe(true);
        expect(counted < positionOf(ms + 1, 0)).toBe(true);
        expect(localAfter(counted) > counted).toBe(true);
        expect([streamIdOf(counted), timeOf(counted)]).toEqual([`${ms}-${sequence}`, ms]);
        expect(showPosition(counted)).toBe(`${ms}-${sequence}+${local}`);
      }),
      { seed },
    );
  });

  test('the beginning is below every other', () => {
    fc.assert(
      fc.property(numbers, (any) => {
        expect(BEGINNING < make(any)).toBe(true);
      }),
      { seed },
    );
    expect([streamIdOf(BEGINNING), showPosition(BEGINNING), timeOf(BEGINNING)]).toEqual(['0-0', '0-0', 0]);
    expect(localAfter(BEGINNING) > BEGINNING).toBe(true);
  });

  test('the higher of two is one of them, and not below the other', () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        expect(higher(make(a), make(b))).toBe([make(a), make(b)].sort()[1]);
      }),
      { seed },
    );
  });
});

test('a stamp is before another by era first, then by position; never before itself', () => {
  fc.assert(
    fc.property(fc.nat({ max: 2 }), numbers, fc.nat({ max: 2 }), numbers, (era, a, otherEra, b) => {
      const [one, other] = [
        { era, position: make(a) },
        { era: otherEra, position: make(b) },
      ];
      const expected = era < otherEra || (era === otherEra && one.position < other.position);
      expect(isBefore(one, other)).toBe(expected);
      expect(isBefore(one, one)).toBe(false);
    }),
    { seed },
  );
});

describe('a position as text that comes from elsewhere', () => {
  test('is one as processes write it, counted locally or not', () => {
    fc.assert(
      fc.property(numbers, (any) => {
        expect(isPosition(make(any))).toBe(true);
      }),
      { seed },
    );
  });

  test.each([
    BEGINNING,
    '1-2',
    `x${positionOf(1, 2)}`,
    `${positionOf(1, 2)}x`,
    `${positionOf(1, 2)}+`,
    `${positionOf(1, 2)}+1`,
    `${localAfter(positionOf(1, 2))}+`,
  ])('is none: %j', (text) => {
    expect(isPosition(text)).toBe(false);
  });
});

describe('read-your-writes › a position as callers carry it', () => {
  const era = '198fclf45546';

  test('comes back as it was shown', () => {
    fc.assert(
      fc.property(numbers, fc.constantFrom(era, 'local-198fclf45546', 'a'.repeat(64)), (any, of) => {
        const token = { era: of, position: make(any) };
        expect(parseToken(showToken(token))).toEqual(token);
      }),
      { seed },
    );
    expect(showToken({ era, position: positionOf(1_763_931_000_000, 0) })).toBe('198fclf45546:1763931000000-0');
    expect(parseToken(`${era}:1-2+10`)).toEqual({ era, position: `${positionOf(1, 2)}+0000000010` });
  });

  test.each([
    '',
    era,
    `${era}:`,
    `${era}:1`,
    `${era}:1-`,
    `${era}:-1`,
    `${era}:1-2+`,
    `${era}:1-2+x`,
    `${era}:x-2`,
    `${era}:1-x`,
    `:1-2`,
    `ERA:1-2`,
    `${'a'.repeat(65)}:1-2`,
    ` ${era}:1-2`,
    `${era}:1-2 `,
    `${era}:1-2, ${era}:3-4`,
    `${era}:${'1'.repeat(16)}-2`,
    `${era}:1-${'2'.repeat(11)}`,
    `${era}:1-2+${'3'.repeat(11)}`,
  ])('is none: %j', (text) => {
    expect(parseToken(text)).toBeUndefined();
  });

  test('of two of one era is the later one, whichever comes first', () => {
    const [earlier, later] = [`${era}:9-0`, `${era}:10-0`];
    expect([laterToken(earlier, later), laterToken(later, earlier)]).toEqual([later, later]);
  });

  test.each([
    ['of two eras', 'era-a:9-0', 'era-b:1-0'],
    ['the first of which is none', 'anything', `${era}:1-0`],
    ['the second of which is none', `${era}:1-0`, 'anything'],
    ['neither of which is one', 'anything', 'else'],
  ])('is the second of two %s', (_name, first, second) => {
    expect(laterToken(first, second)).toBe(second);
  });
});
