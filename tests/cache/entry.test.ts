import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { zodCodec } from '../../src/cache/codec.ts';
import {
  decodeEntry,
  type Entry,
  encodeEntry,
  freshnessOf,
  isAhead,
  isBrief,
  isReadAfter,
  isSameRow,
  parseStored,
  seenIn,
  type Times,
  timesFrom,
  withinBounds,
} from '../../src/cache/entry.ts';
import { BEGINNING, localAfter, positionOf } from '../../src/cache/position.ts';

const seed = 11;
const ms = fc.nat({ max: 8_640_000_000_000_000 });
const times: fc.Arbitrary<Times> = fc.record({ storedAtMs: ms, freshUntilMs: ms, staleUntilMs: ms, errorUntilMs: ms });
const position = fc.oneof(
  fc.constant(BEGINNING),
  fc.tuple(fc.nat({ max: 999_999_999_999_999 }), fc.nat(1_000)).map(([at, n]) => positionOf(at, n)),
  fc.nat(1_000).map((at) => localAfter(positionOf(at, 0))),
);
const text = fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.constant('null'), fc.constant('a\nb\n\nc'));

describe('a stored text', () => {
  test('gives back what it was made of, whatever the times and the row', () => {
    fc.assert(
      fc.property(position, times, text, (at, when, wireText) => {
        expect(parseStored(encodeEntry(at, when, wireText))).toEqual({ position: at, times: when, wireText });
      }),
      { seed, numRuns: 1_000 },
    );
  });

  test('has times in whole milliseconds, rounded', () => {
    const fine = { storedAtMs: 0.4, freshUntilMs: 1.5, staleUntilMs: 2.6, errorUntilMs: 3 };
    const whole = { storedAtMs: 0, freshUntilMs: 2, staleUntilMs: 3, errorUntilMs: 3 };
    expect(parseStored(encodeEntry(BEGINNING, fine, '{}'))?.times).toEqual(whole);
  });

  test('reads as its form says', () => {
    const when = { storedAtMs: 1, freshUntilMs: 2, staleUntilMs: 3, errorUntilMs: 4 };
    expect(encodeEntry(positionOf(5, 6), when, '{"id":7}')).toBe('1 000000000000005-0000000006 1 2 3 4\n{"id":7}');
    expect(encodeEntry(BEGINNING, when, 'null')).toBe('1 - 1 2 3 4\nnull');
  });

  const head = `1 ${positionOf(5, 6)} 1 2 3 4`;
  test.each([
    '',
    '\n',
    'null',
    '{"id":1}',
    head,
    `2 ${positionOf(5, 6)} 1 2 3 4\n{}`,
    `1 ${positionOf(5, 6)} 1 2 3\n{}`,
    `1 ${positionOf(5, 6)} 1 2 3 4 5\n{}`,
    `1 ${positionOf(5, 6)} 1 2 3 x\n{}`,
    `1 ${positionOf(5, 6)} 1 2 3 -4\n{}`,
    `1 ${positionOf(5, 6)} 1 2 3 4.5\n{}`,
    `1 ${positionOf(5, 6)} 1 2 3 1e9\n{}`,
    `1 ${positionOf(5, 6)} 1 2 3 \n{}`,
    ` ${head}\n{}`,
    '1  1 2 3 4\n{}',
    '1 zzz 1 2 3 4\n{}',
    '1 5-6 1 2 3 4\n{}',
    `1 ${positionOf(5, 6)}+ 1 2 3 4\n{}`,
    '{"value":"x","expires":1}\n',
  ])('is none: %j', (other) => {
    expect(parseStored(other)).toBeUndefined();
  });

  test('is not held on to by its position, which an entry keeps', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const when = { storedAtMs: 1, freshUntilMs: 2, staleUntilMs: 3, errorUntilMs: 4 };
    // As they come from Redis: bytes that were made text.
    const bytes = Buffer.from(encodeEntry(positionOf(5, 6), when, JSON.stringify('x'.repeat(100_000))));
    const positions = [];
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let time = 1; time <= 200; time++) positions.push(parseStored(bytes.toString())?.position);
    collect();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100_000 * 20);
    expect(new Set(positions)).toEqual(new Set([positionOf(5, 6)]));
  });

  test('whatever else stands there is none, and never throws', () => {
    const isHead = /^1 (-|\d{15}-\d{10}(\+\d{10})?)( \d+){4}\n/;
    const nearly = fc
      .array(fc.constantFrom('1', '-', ' ', '\n', positionOf(5, 6), '0', '12', '+', 'x', '{}'), { maxLength: 14 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), nearly), (any) => {
        expect(parseStored(any) !== undefined).toBe(isHead.test(any));
      }),
      { seed, numRuns: 5_000 },
    );
  });
});

describe('an entry decoded', () => {
  const codec = zodCodec(z.object({ id: z.string(), at: z.string() }));
  const when = { storedAtMs: 1, freshUntilMs: 2, staleUntilMs: 3, errorUntilMs: 4 };
  const asOf = { era: 1, position: positionOf(5, 6) };
  const decode = (wireText: string) =>
    decodeEntry({ times: when, wireText }, { id: '1', asOf, codec, idOf: (row) => row.id, versionOf: (row) => row.at });

  test('has the value, its version and its size', () => {
    const wireText = '{"id":"1","at":"v2","unknown":true}';
    expect(decode(wireText)).toEqual({
      ...when,
      value: { id: '1', at: 'v2' },
      version: 'v2',
      asOf,
      contentAsOf: asOf,
      size: wireText.length,
    });
  });

  test('of null is that upstream has no such row', () => {
    expect(decode('null')).toMatchObject({ value: null, version: undefined });
  });

  test.each(['', 'no JSON', '{"id":1,"at":"v"}', '{}', '[]', 'undefined', '{"id":"2","at":"the row of another key"}'])(
    'throws for %j',
    (wireText) => {
      expect(() => decode(wireText)).toThrow();
    },
  );
});

describe('what stands in the store', () => {
  const nowMs = 1_795_000_000_000;
  const aDayMs = 86_400_000;
  const policy = { maxAgeMs: 60_000, staleWhileRevalidateMs: 600_000, staleIfErrorMs: 3_600_000 };
  const stored = (times: Partial<Times>, position = positionOf(nowMs, 0)) => ({
    position,
    times: { ...timesFrom(nowMs, { freshMs: 60_000, staleMs: 660_000, errorMs: 3_660_000 }), ...times },
    wireText: '{}',
  });

  test('is used for as long as it says', () => {
    const entry = stored({ freshUntilMs: nowMs + 5 });
    expect(withinBounds(entry, { nowMs, policy })).toEqual(entry);
    expect(withinBounds(stored({}, BEGINNING), { nowMs, policy })).toBeDefined();
  });

  test('is used no longer than the schema says', () => {
    const endless = stored({ freshUntilMs: 9e15, staleUntilMs: 9e15, errorUntilMs: 9e15 });
    expect(withinBounds(endless, { nowMs, policy })).toEqual(stored({}));
  });

  test('says "not found" for five seconds, however short the schema lets rows live', () => {
    const short = { maxAgeMs: 1_000, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 };
    const { times } = withinBounds(stored({}), { nowMs, policy: short }) as ReturnType<typeof stored>;
    expect([times.freshUntilMs, times.staleUntilMs, times.errorUntilMs]).toEqual(Array(3).fill(nowMs + 5_000));
  });

  test.each([
    ['a time to come', stored({ storedAtMs: nowMs + 60_001 })],
    ['a position to come', stored({}, positionOf(nowMs + aDayMs + 1, 0))],
  ])('is none of ours with %s', (_name, entry) => {
    expect(withinBounds(entry, { nowMs, policy })).toBeUndefined();
  });

  test('may be of a clock a minute ahead, and of a log whose clock was set back by a day', () => {
    expect(withinBounds(stored({ storedAtMs: nowMs + 60_000 }), { nowMs, policy })).toBeDefined();
    expect(withinBounds(stored({}, positionOf(nowMs + aDayMs, 0)), { nowMs, policy })).toBeDefined();
  });

  test('is nothing where nothing was found', () => {
    expect(withinBounds(undefined, { nowMs, policy })).toBeUndefined();
  });
});

describe('freshness', () => {
  test('each window ends at its own millisecond', () => {
    const when = timesFrom(1_000, { freshMs: 10, staleMs: 20, errorMs: 30 });
    expect(when).toEqual({ storedAtMs: 1_000, freshUntilMs: 1_010, staleUntilMs: 1_020, errorUntilMs: 1_030 });
    const at = [1_000, 1_009, 1_010, 1_019, 1_020, 1_029, 1_030].map((nowMs) => freshnessOf(when, nowMs));
    expect(at).toEqual(['fresh', 'fresh', 'stale', 'stale', 'error', 'error', 'over']);
  });

  test('a window that is empty is skipped', () => {
    const when = timesFrom(1_000, { freshMs: 10, staleMs: 10, errorMs: 10 });
    expect([1_009, 1_010].map((nowMs) => freshnessOf(when, nowMs))).toEqual(['fresh', 'over']);
  });
});

test('of two entries the later read is told by era, then by what it knows, then by when it was sent', () => {
  const entry = (era: number, sequence: number, storedAtMs: number) =>
    ({ asOf: { era, position: positionOf(1, sequence) }, storedAtMs }) as Entry<unknown>;
  const rising = [entry(1, 1, 5), entry(1, 1, 6), entry(1, 2, 1), entry(2, 0, 0)];
  for (const [a, one] of rising.entries()) {
    for (const [b, other] of rising.entries()) expect([a, b, isReadAfter(one, other)]).toEqual([a, b, a > b]);
  }
});

describe('P5 no resurrection › of two entries of one row', () => {
  const entry = (version: string | undefined, sequence: number, value: unknown = 'row') =>
    ({ value, version, asOf: { era: 1, position: positionOf(1, sequence) }, storedAtMs: 0 }) as Entry<unknown>;

  test('the higher version is ahead, whenever it was read', () => {
    expect(isAhead(entry('2', 1), entry('1', 9))).toBe(true);
    expect(isAhead(entry('1', 9), entry('2', 1))).toBe(false);
  });

  test.each([
    ['of the same version', '1', '1'],
    ['the first of no version', undefined, '1'],
    ['the second of no version', '1', undefined],
    ['of no versions', undefined, undefined],
  ])('the later read is ahead where they are %s', (_name, version, other) => {
    expect(isAhead(entry(version, 2), entry(other, 1))).toBe(true);
    expect(isAhead(entry(version, 1), entry(other, 2))).toBe(false);
    expect(isAhead(entry(version, 1), entry(other, 1))).toBe(false);
  });

  test('both are the same row in the same state where versions say so, or neither is there', () => {
    expect(isSameRow(entry('1', 1), entry('1', 2))).toBe(true);
    expect(isSameRow(entry('1', 1), entry('2', 1))).toBe(false);
    expect(isSameRow(entry(undefined, 1), entry(undefined, 1))).toBe(false);
    const [absent, unversioned] = [entry(undefined, 1, null), entry(undefined, 1)];
    expect(isSameRow(absent, entry(undefined, 2, null))).toBe(true);
    expect([isSameRow(absent, unversioned), isSameRow(unversioned, absent)]).toEqual([false, false]);
  });

  test('what upstream said is held against whether it is there, and its version', () => {
    expect(seenIn(entry('1', 1))).toEqual({ isThere: true, version: '1' });
    expect(seenIn(entry(undefined, 1, null))).toEqual({ isThere: false, version: undefined });
  });
});

test('an entry is brief where it is good for no longer than what lags', () => {
  const ofMs = (staleMs: number) => timesFrom(7, { freshMs: 0, staleMs, errorMs: 9_000 });
  expect([999, 1_000, 1_001].map((ms) => isBrief(ofMs(ms)))).toEqual([true, true, false]);
});
