/** What every store promises; run over each implementation by the test file beside this one that is named after it. */
import { describe, expect, test } from 'vitest';
import { encodeEntry } from '../../src/cache/entry.ts';
import { hashTagOf, type Place, rowKeys, type StoreKey } from '../../src/cache/keys.ts';
import { BEGINNING, localAfter, positionOf } from '../../src/cache/position.ts';
import type { Store } from '../../src/cache/store.ts';
import { single } from './single.ts';

export type StoreHost = {
  store: Store;
  /** Until a key that was given `ms` is over. */
  outlive(key: string, ms: number): Promise<void>;
};

const place: Place = { prefix: 'test', era: 'era', namespace: 'things', shape: 'abcd1234' };

let keysMade = 0;

/** A key that no other test has. All are of one group: they can stand in one command. */
export function newKey(): StoreKey {
  for (;;) {
    const key = rowKeys(place, BEGINNING)(`id-${++keysMade}`);
    if (hashTagOf(key.value) === 'things:0') return key;
  }
}

export const aMinuteMs = 60_000;
const aMoment = { ms: 30 };
const aWhile = { ms: aMinuteMs };

const granted = { state: 'granted' };
const held = { state: 'held' };
const failed = (code: string) => ({ state: 'failed', code });

export function describeStore(host: () => StoreHost): void {
  const one = () => single(host().store);
  const find = async (...keys: string[]) => one().getMany(keys);
  const isLeaseFree = async (key: StoreKey) => (await one().lease(key, 'whoever asks', aWhile)).state === 'granted';

  describe('getMany', () => {
    test('gives the texts in the order of the keys, undefined for what is not there', async () => {
      const [a, b, missing] = [newKey().value, newKey().value, newKey().value];
      await one().put(a, 'a', aMinuteMs);
      await one().put(b, 'b', aMinuteMs);
      expect(await find(b, missing, a, b)).toEqual(['b', undefined, 'a', 'b']);
    });

    test('gives nothing for no keys', async () => {
      expect(await find()).toEqual([]);
    });

    test('tells a row that upstream does not have from one that is not stored', async () => {
      const [absent, notFound] = [newKey(), newKey()];
      const text = encodeEntry(positionOf(1, 0), timesOfNothing, 'null');
      await one().put(notFound.value, text, aMinuteMs);
      expect(await find(absent.value, notFound.value)).toEqual([undefined, text]);
    });
  });

  describe('expire', () => {
    test('sets anew how long keys last, and brings none back', async () => {
      const [a, b, gone] = [newKey().value, newKey().value, newKey().value];
      await one().put(a, 'a', aMinuteMs);
      await one().put(b, 'b', aMoment.ms);
      await one().expire([b, gone], aMinuteMs);
      await one().expire([a], aMoment.ms);
      await host().outlive(a, aMoment.ms);
      expect(await find(a, b, gone)).toEqual([undefined, 'b', undefined]);
    });

    test('takes no keys, and no TTL that would make one immortal', async () => {
      await one().expire([], aMinuteMs);
      await expect(one().expire([newKey().value], 0)).rejects.toThrow(RangeError);
    });
  });

  describe('put', () => {
    test.each<[string, string]>([
      ['newlines', 'head\n{"a":"b\\nc"}\n\n'],
      ['letters of all kinds', 'Ωmega — 東京 — 🏺 — \u0000 — "quotes" — \u2028'],
      ['nothing', ''],
      ['what looks like JSON of another', '{"value":"x","expires":1}'],
      ['a megabyte', 'x'.repeat(1_000_000)],
    ])('keeps %s as it is', async (_name, text) => {
      const { value } = newKey();
      await one().put(value, text, aMinuteMs);
      expect(await find(value)).toEqual([text]);
    });

    test('replaces what was there', async () => {
      const { value } = newKey();
      await one().put(value, 'old', aMinuteMs);
      await one().put(value, 'new', aMinuteMs);
      expect(await find(value)).toEqual(['new']);
    });

    test('keeps it for its time, then no longer', async () => {
      const { value } = newKey();
      await one().put(value, 'brief', aMoment.ms);
      await host().outlive(value, aMoment.ms);
      expect(await find(value)).toEqual([undefined]);
    });

    test.each([0, -1, 0.9, Number.NaN])('refuses a time of %d ms, which would never end', async (ttlMs) => {
      const { value } = newKey();
      await expect(one().put(value, 'immortal', ttlMs)).rejects.toThrow(RangeError);
      expect(await find(value)).toEqual([undefined]);
    });

    test('takes a time of one millisecond', async () => {
      const { value } = newKey();
      await one().put(value, 'brief', 1);
      await host().outlive(value, 1);
      expect(await find(value)).toEqual([undefined]);
    });

    test('cuts a time to whole milliseconds', async () => {
      const { value } = newKey();
      await one().put(value, 'text', aMinuteMs + 0.7);
      expect(await find(value)).toEqual(['text']);
    });
  });

  describe('P4 one fill › lease', () => {
    test('is granted to one; the next are told that it is held, the holder too', async () => {
      const key = newKey();
      expect(await one().lease(key, 'a', aWhile)).toEqual(granted);
      expect(await one().lease(key, 'b', aWhile)).toEqual(held);
      expect(await one().lease(key, 'a', aWhile)).toEqual(held);
    });

    test('is granted to one of many who ask at once', async () => {
      const key = newKey();
      const tokens = Array.from({ length: 20 }, (_, index) => `token ${index}`);
      const leases = await Promise.all(tokens.map((token) => one().lease(key, token, aWhile)));
      expect(leases.filter(({ state }) => state === 'granted')).toHaveLength(1);
    });

    test('of one key says nothing of another', async () => {
      await one().lease(newKey(), 'a', aWhile);
      expect(await one().lease(newKey(), 'b', aWhile)).toEqual(granted);
    });

    test('is free again when its time is over', async () => {
      const key = newKey();
      await one().lease(key, 'a', aMoment);
      await host().outlive(key.lease, aMoment.ms);
      expect(await one().lease(key, 'b', aWhile)).toEqual(granted);
    });

    test('does not hide the value', async () => {
      const key = newKey();
      await one().put(key.value, 'text', aMinuteMs);
      await one().lease(key, 'a', aWhile);
      expect(await find(key.value)).toEqual(['text']);
    });

    test('is taken over from whoever holds it', async () => {
      const key = newKey();
      await one().lease(key, 'a', aWhile);
      expect(await one().lease(key, 'change', { ...aWhile, takeOver: true })).toEqual(granted);
      expect(await one().renew(key, 'a', aMinuteMs)).toBe(false);
      expect(await one().renew(key, 'change', aMinuteMs)).toBe(true);
    });

    test('is taken over when free, and over a failure', async () => {
      const [free, broken] = [newKey(), newKey()];
      expect(await one().lease(free, 'change', { ...aWhile, takeOver: true })).toEqual(granted);
      await one().lease(broken, 'a', aWhile);
      await one().release(broken, 'a', 'UPSTREAM_TIMEOUT');
      expect(await one().lease(broken, 'change', { ...aWhile, takeOver: true })).toEqual(granted);
      expect(await one().commit(broken, 'change', 'text', aMinuteMs)).toBe(true);
    });
  });

  describe('a batch', () => {
    const twenty = () => Array.from({ length: 20 }, () => newKey());

    test('of wishes for leases is answered one by one, in their order', async () => {
      const keys = twenty();
      const { store } = host();
      await one().lease(keys[3] as StoreKey, 'other', aWhile);
      await one().lease(keys[7] as StoreKey, 'other', aWhile);
      await one().release(keys[7] as StoreKey, 'other', 'UPSTREAM_TIMEOUT');
      const expected = keys.map((_, index) =>
        index === 3 ? held : index === 7 ? failed('UPSTREAM_TIMEOUT') : granted,
      );
      expect(await store.lease(keys, 'a', aWhile)).toEqual(expected);
      expect(await store.lease(keys, 'change', { ...aWhile, takeOver: true })).toEqual(keys.map(() => granted));
    });

    test('of values is written where its leases are held, and nowhere else', async () => {
      const keys = twenty();
      const { store } = host();
      await store.lease(keys, 'a', aWhile);
      await store.lease(keys.slice(10), 'change', { ...aWhile, takeOver: true });
      const writes = keys.map((key, index) => ({ key, text: `text ${index}`, ttlMs: aMinuteMs }));
      expect(await store.commit(writes, 'a')).toEqual(keys.map((_, index) => index < 10));
      const found = await find(...keys.map(({ value }) => value));
      expect(found).toEqual(keys.map((_, index) => (index < 10 ? `text ${index}` : undefined)));
    });

    test('of leases of several holders is renewed, each by its own token', async () => {
      const [mine, others, free] = [newKey(), newKey(), newKey()];
      const { store } = host();
      await one().lease(mine, 'a', aWhile);
      await one().lease(others, 'b', aWhile);
      const leases = [mine, others, free].map((key) => ({ key, token: 'a' }));
      expect(await store.renew([...leases, { key: others, token: 'b' }], aMinuteMs)).toEqual([
        true,
        false,
        false,
        true,
      ]);
    });

    test('of leases is given back, those of others excepted', async () => {
      const [mine, others] = [newKey(), newKey()];
      await one().lease(mine, 'a', aWhile);
      await one().lease(others, 'b', aWhile);
      await host().store.release([mine, others], 'a');
      expect(await host().store.lease([mine, others], 'c', aWhile)).toEqual([granted, held]);
    });
  });

  describe('renew', () => {
    test('keeps a lease for longer', async () => {
      const key = newKey();
      await one().lease(key, 'a', { ms: 1_000 });
      expect(await one().renew(key, 'a', aMinuteMs)).toBe(true);
      expect(await one().lease(key, 'b', aWhile)).toEqual(held);
      expect(await one().commit(key, 'a', 'text', aMinuteMs)).toBe(true);
    });

    test('sets its time anew, shorter too', async () => {
      const key = newKey();
      await one().lease(key, 'a', aWhile);
      await one().renew(key, 'a', aMoment.ms);
      await host().outlive(key.lease, aMoment.ms);
      expect(await isLeaseFree(key)).toBe(true);
    });

    test('does not bring back one that is over, or was never there', async () => {
      const key = newKey();
      expect(await one().renew(key, 'a', aMinuteMs)).toBe(false);
      await one().lease(key, 'a', aMoment);
      await host().outlive(key.lease, aMoment.ms);
      expect(await one().renew(key, 'a', aMinuteMs)).toBe(false);
      expect(await isLeaseFree(key)).toBe(true);
    });
  });

  describe('P5 no resurrection › commit', () => {
    test('writes the value and gives the lease back', async () => {
      const key = newKey();
      await one().lease(key, 'a', aWhile);
      expect(await one().commit(key, 'a', 'text', aMinuteMs)).toBe(true);
      expect(await find(key.value)).toEqual(['text']);
      expect(await isLeaseFree(key)).toBe(true);
    });

    test('writes nothing without a lease', async () => {
      const key = newKey();
      expect(await one().commit(key, 'a', 'text', aMinuteMs)).toBe(false);
      expect(await find(key.value)).toEqual([undefined]);
    });

    test('writes nothing once another has taken the lease over, and leaves it to that one', async () => {
      const key = newKey();
      await one().lease(key, 'a', aWhile);
      await one().lease(key, 'change', { ...aWhile, takeOver: true });
      expect(await one().commit(key, 'a', 'old', aMinuteMs)).toBe(false);
      expect(await one().commit(key, 'change', 'new', aMinuteMs)).toBe(true);
      expect(await one().commit(key, 'a', 'old', aMinuteMs)).toBe(false);
      expect(await find(key.value)).toEqual(['new']);
    });

    test('writes nothing once the lease is over', async () => {
      const key = newKey();
      await one().lease(key, 'a', aMoment);
      await host().outlive(key.lease, aMoment.ms);
      expect(await one().commit(key, 'a', 'late', aMinuteMs)).toBe(false);
      expect(await find(key.value)).toEqual([undefined]);
    });

    test('writes once: what is sent twice is harmless', async () => {
      const key = newKey();
      await one().lease(key, 'a', aWhile);
      expect(await one().commit(key, 'a', 'first', aMinuteMs)).toBe(true);
      expect(await one().commit(key, 'a', 'again', aMinuteMs)).toBe(false);
      expect(await find(key.value)).toEqual(['first']);
    });

    test('gives the value its time', async () => {
      const key = newKey();
      await one().lease(key, 'a', aWhile);
      await one().commit(key, 'a', 'brief', aMoment.ms);
      await host().outlive(key.value, aMoment.ms);
      expect(await find(key.value)).toEqual([undefined]);
    });

    test.each([0, -1, Number.NaN])('refuses a time of %d ms, and keeps the lease', async (ttlMs) => {
      const key = newKey();
      await one().lease(key, 'a', aWhile);
      await expect(one().commit(key, 'a', 'immortal', ttlMs)).rejects.toThrow(RangeError);
      expect(await find(key.value)).toEqual([undefined]);
      expect(await one().renew(key, 'a', aMinuteMs)).toBe(true);
    });
  });

  describe('release', () => {
    test('frees the lease for the next', async () => {
      const key = newKey();
      await one().lease(key, 'a', aWhile);
      await one().release(key, 'a');
      expect(await one().lease(key, 'b', aWhile)).toEqual(granted);
    });

    test('with a code tells those who wait', async () => {
      const key = newKey();
      await one().lease(key, 'a', aWhile);
      await one().release(key, 'a', 'UPSTREAM_TIMEOUT');
      expect(await one().lease(key, 'b', aWhile)).toEqual(failed('UPSTREAM_TIMEOUT'));
      expect(await one().lease(key, 'c', aWhile)).toEqual(failed('UPSTREAM_TIMEOUT'));
    });

    test('with a code leaves nothing to the one who failed', async () => {
      const key = newKey();
      await one().lease(key, 'a', aWhile);
      await one().release(key, 'a', 'UPSTREAM_TIMEOUT');
      expect(await one().commit(key, 'a', 'late', aMinuteMs)).toBe(false);
      expect(await one().renew(key, 'a', aMinuteMs)).toBe(false);
    });

    test('with a code lasts a second', async () => {
      const key = newKey();
      await one().lease(key, 'a', aWhile);
      await one().release(key, 'a', 'UPSTREAM_TIMEOUT');
      await host().outlive(key.lease, 1_000);
      expect(await one().lease(key, 'b', aWhile)).toEqual(granted);
    });

    test.each([undefined, 'UPSTREAM_TIMEOUT'])('by a stranger changes nothing (code %s)', async (code) => {
      const key = newKey();
      await one().lease(key, 'a', aWhile);
      await one().release(key, 'stranger', code);
      expect(await one().lease(key, 'b', aWhile)).toEqual(held);
      expect(await one().commit(key, 'a', 'text', aMinuteMs)).toBe(true);
    });

    test('of one that is over leaves it free', async () => {
      const key = newKey();
      await one().release(key, 'a', 'UPSTREAM_TIMEOUT');
      expect(await isLeaseFree(key)).toBe(true);
    });
  });

  describe('P5 no resurrection › removeBelow', () => {
    const floor = positionOf(1_000, 5);
    const rows = {
      beginning: BEGINNING,
      'below by time': positionOf(999, 9),
      'below by sequence': positionOf(1_000, 4),
      'counted locally, below': localAfter(positionOf(1_000, 4)),
      at: floor,
      'counted locally, above': localAfter(floor),
      above: positionOf(1_000, 6),
    };
    const isBelow = (name: string) => name.includes('below') || name === 'beginning';

    test.each(Object.entries(rows))('%s', async (name, position) => {
      const key = newKey();
      await one().put(key.value, encodeEntry(position, timesOfNothing, '{}'), aMinuteMs);
      await one().removeBelow([key], floor);
      expect((await find(key.value))[0] === undefined).toBe(isBelow(name));
    });

    test('leaves alone what is not an entry, and does not mind what is missing', async () => {
      const [stranger, missing, below] = [newKey(), newKey(), newKey()];
      await one().put(stranger.value, 'no entry', aMinuteMs);
      await one().put(below.value, encodeEntry(positionOf(1, 0), timesOfNothing, '{}'), aMinuteMs);
      await one().removeBelow([stranger, missing, below], floor);
      expect(await find(stranger.value, missing.value, below.value)).toEqual(['no entry', undefined, undefined]);
    });

    test('of no keys does nothing', async () => {
      await expect(one().removeBelow([], floor)).resolves.toBeUndefined();
    });

    test('leaves leases alone', async () => {
      const key = newKey();
      await one().lease(key, 'a', aWhile);
      await one().removeBelow([key], floor);
      expect(await one().lease(key, 'b', aWhile)).toEqual(held);
    });
  });
}

const timesOfNothing = { storedAtMs: 0, freshUntilMs: 0, staleUntilMs: 0, errorUntilMs: 0 };
