import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { baseKey, chunkKey, controlKeys, deliveryKey, hashTagOf, type Place, rowKeys } from '../../src/cache/keys.ts';
import { BEGINNING, localAfter, positionOf } from '../../src/cache/position.ts';

const place: Place = { prefix: 'vitrine', era: '0a1b2c3d4e5f', namespace: 'catalog', shape: 'abcd1234' };
const generation = positionOf(1_763_931_000_000, 0);

/** What Redis Cluster hashes: between the first braces. */
const slotTag = (key: string) => /\{(.+?)\}/.exec(key)?.[1];
const idText = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);

describe('keys read as keys.ts draws them', () => {
  test.each([
    ['{vitrine}:control', () => controlKeys('vitrine').control],
    ['{vitrine}:log:', () => controlKeys('vitrine').log],
    ['{vitrine}:0a1b2c3d4e5f:base:catalog:sabcd1234', () => baseKey(place).value],
    ['{vitrine}:0a1b2c3d4e5f:base:catalog:sabcd1234:lease', () => baseKey(place).lease],
    ['{vitrine}:0a1b2c3d4e5f:chunk:catalog:drain:3', () => chunkKey(place, 'drain', 3)],
    ['{vitrine}:webhook:msg_1', () => deliveryKey('vitrine', 'msg_1')],
    ['vitrine:{catalog:6}:0a1b2c3d4e5f:sabcd1234:g1763931000000-0:7', () => rowKeys(place, generation)('7').value],
    [
      'vitrine:{catalog:6}:0a1b2c3d4e5f:sabcd1234:g1763931000000-0:lease:7',
      () => rowKeys(place, generation)('7').lease,
    ],
    ['vitrine:{catalog:6}:0a1b2c3d4e5f:sabcd1234:g0-0:7', () => rowKeys(place, BEGINNING)('7').value],
  ])('%s', (drawn, key) => {
    expect(key()).toBe(drawn);
  });
});

describe('keys that one script touches share a slot', () => {
  test('a row and its lease', () => {
    fc.assert(
      fc.property(idText, (id) => {
        const { value, lease } = rowKeys(place, generation)(id);
        expect(slotTag(lease)).toBe(slotTag(value));
      }),
      { seed: 19 },
    );
  });

  test('the control hash, the log, and a base with its lease', () => {
    const { control, log } = controlKeys('vitrine');
    const { value, lease } = baseKey(place);
    expect(new Set([control, `${log}era`, value, lease].map(slotTag))).toEqual(new Set(['vitrine']));
  });
});

test('what Redis Cluster hashes of a key is known', () => {
  for (const key of [rowKeys(place, generation)('7').value, baseKey(place).lease]) {
    expect(hashTagOf(key)).toBe(slotTag(key));
  }
});

describe('rows of a namespace', () => {
  test('spread over sixteen slots, evenly', () => {
    const counts = new Map<string | undefined, number>();
    for (let id = 0; id < 16_000; id++) {
      const tag = slotTag(rowKeys(place, generation)(String(id)).value);
      counts.set(tag, (counts.get(tag) ?? 0) + 1);
    }
    expect(counts.size).toBe(16);
    expect(Math.min(...counts.values())).toBeGreaterThan(800);
  });

  test('have keys of their own: by id, and by everything their truth hangs on', () => {
    const others = [
      rowKeys(place, generation)('8'),
      rowKeys({ ...place, prefix: 'other' }, generation)('7'),
      rowKeys({ ...place, era: 'another' }, generation)('7'),
      rowKeys({ ...place, namespace: 'seller' }, generation)('7'),
      rowKeys({ ...place, shape: '00000000' }, generation)('7'),
      rowKeys(place, localAfter(generation))('7'),
      rowKeys(place, BEGINNING)('7'),
    ];
    const keys = [rowKeys(place, generation)('7'), ...others].flatMap(({ value, lease }) => [value, lease]);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('never meet the lease of another, whatever the ids', () => {
    fc.assert(
      fc.property(idText, idText, (a, b) => {
        expect(rowKeys(place, generation)(a).value).not.toBe(rowKeys(place, generation)(b).lease);
      }),
      { seed: 19 },
    );
  });
});
