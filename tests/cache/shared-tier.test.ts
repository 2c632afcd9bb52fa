/** The store as the engine uses it: one command a group, all at once, and nothing that fails is an error to a reader. */
import { describe, expect, test } from 'vitest';
import { Follower } from '../../src/cache/follower.ts';
import { Heartbeat } from '../../src/cache/heartbeat.ts';
import { hashTagOf, type StoreKey } from '../../src/cache/keys.ts';
import { positionOf } from '../../src/cache/position.ts';
import { SharedTier } from '../../src/cache/shared-tier.ts';
import { ManualClock } from '../support/clock.ts';
import { horizonMs, listen } from './parts.ts';
import { ScriptedLog } from './scripted-log.ts';
import { ScriptedStore } from './scripted-store.ts';

const leaseMs = 3_000;
const aMinuteMs = 60_000;

async function open() {
  const clock = new ManualClock();
  const log = new ScriptedLog(clock);
  const store = new ScriptedStore(clock);
  store.groupOf = hashTagOf;
  const { telemetry, logs } = listen();
  const shared = { clock, random: () => 0.5, telemetry };
  const follower = new Follower({ ...shared, log, coherenceMs: 1_000, horizonMs, longestWindowMs: horizonMs });
  await follower.tick();
  const heartbeat = new Heartbeat({ clock, leaseMs });
  const parts = { ...shared, store, follower, heartbeat, leaseMs };
  const fallbacks = async () => (await telemetry.metrics.cacheFallbacks.get()).values.map(({ labels }) => labels);
  return { clock, log, store, follower, parts, logs, fallbacks, tier: new SharedTier(parts, 'things') };
}

const keyOf = (value: string): StoreKey => ({ value, lease: `${value}:lease` });
const keysOf = (...names: string[]) => names.map(keyOf);
const entryText = `1 ${positionOf(5, 0)} 1 2 3 4\n{}`;

/** Everything that is asked of a store, with what is answered where there is none to ask. */
const operations = [
  ['get', 'getMany', (tier: SharedTier) => tier.find(['{one}a', '{one}b']), Array(2).fill({ state: 'absent' })],
  [
    'lease',
    'lease',
    (tier: SharedTier) => tier.lease(keysOf('{one}a', '{one}b'), 'token', { takeOver: false }),
    Array(2).fill({ state: 'absent' }),
  ],
  [
    'commit',
    'commit',
    (tier: SharedTier) => tier.commit([{ key: keyOf('{one}a'), text: 'text', ttlMs: 9 }], 'token'),
    ['absent'],
  ],
  ['release', 'release', (tier: SharedTier) => tier.release(keysOf('{one}a'), 'token'), undefined],
  ['remove', 'removeBelow', (tier: SharedTier) => tier.removeBelow(keysOf('{one}a'), positionOf(9, 0)), undefined],
  ['renew', 'renew', (tier: SharedTier) => tier.renew([{ key: keyOf('{one}a'), token: 'token' }]), undefined],
  ['put', 'put', (tier: SharedTier) => tier.put('{one}a', 'text', 9), false],
  ['expire', 'expire', (tier: SharedTier) => tier.expire(['{one}a'], 9), false],
] as const;

describe('P7 degrades, never dies › a store that does not answer', () => {
  test.each(operations)('is gone on without, counted and told: %s', async (label, operation, ask, otherwise) => {
    const { tier, store, logs, fallbacks } = await open();
    store.silent.add(operation);
    expect(await ask(tier)).toEqual(otherwise);
    expect(await fallbacks()).toEqual([{ namespace: 'things', operation: label }]);
    expect(logs('cache.fallback')).toMatchObject([
      { level: 40, namespace: 'things', operation: label, err: { message: 'silent' } },
    ]);
  });

  test.each(operations)('is left alone while the log is silent: %s', async (_label, _operation, ask, otherwise) => {
    const { tier, store, log, follower, fallbacks } = await open();
    log.silence();
    await follower.tick();
    expect(await ask(tier)).toEqual(otherwise);
    expect(store.calls).toEqual([]);
    expect(await fallbacks()).toEqual([]);
  });
});

describe('P5 no resurrection › a store that answers when the log has fallen silent meanwhile', () => {
  test('is not believed: what it gives was read up to where this process cannot follow', async () => {
    const { tier, store, log, follower, fallbacks } = await open();
    await store.put('{two}b', 'text', aMinuteMs);
    const answer = store.holdNext('getMany'); // Of the first group: the second has answered by then.
    const finding = tier.find(['{one}a', '{two}b']);
    await answer.reached;
    log.silence();
    await follower.tick();
    answer.release();
    expect(await finding).toEqual([{ state: 'absent' }, { state: 'absent' }]);
    expect(await fallbacks()).toEqual([]);
  });
});

describe('the store, answering', () => {
  test('gives what is there, in the order it was asked for', async () => {
    const { tier, store } = await open();
    await store.put('{one}a', 'text a', aMinuteMs);
    await store.put('{two}b', 'text b', aMinuteMs);
    expect(await tier.find(['{two}b', '{one}none', '{one}a'])).toEqual([
      { state: 'found', text: 'text b' },
      { state: 'missing' },
      { state: 'found', text: 'text a' },
    ]);
  });

  test.each([
    ['find', (tier: SharedTier) => tier.find(['{one}a', '{two}b', '{one}c']), ['{one}a', '{one}c'], ['{two}b']],
    [
      'lease',
      (tier: SharedTier) => tier.lease(keysOf('{one}a', '{two}b', '{one}c'), 'token', { takeOver: true }),
      ['{one}a:lease', '{one}c:lease'],
      ['{two}b:lease'],
    ],
    [
      'commit',
      (tier: SharedTier) =>
        tier.commit(
          keysOf('{one}a', '{two}b', '{one}c').map((key) => ({ key, text: 'text', ttlMs: 9 })),
          'token',
        ),
      ['{one}a', '{one}c'],
      ['{two}b'],
    ],
    [
      'release',
      (tier: SharedTier) => tier.release(keysOf('{one}a', '{two}b', '{one}c'), 'token'),
      ['{one}a:lease', '{one}c:lease'],
      ['{two}b:lease'],
    ],
    [
      'removeBelow',
      (tier: SharedTier) => tier.removeBelow(keysOf('{one}a', '{two}b', '{one}c'), positionOf(9, 0)),
      ['{one}a', '{one}c'],
      ['{two}b'],
    ],
    [
      'renew',
      (tier: SharedTier) => tier.renew(keysOf('{one}a', '{two}b', '{one}c').map((key) => ({ key, token: 'token' }))),
      ['{one}a:lease', '{one}c:lease'],
      ['{two}b:lease'],
    ],
  ])('is asked once for each group of keys: %s', async (_name, ask, ofOne, ofTwo) => {
    const { tier, store } = await open();
    await ask(tier);
    expect(store.calls.map(([, ...keys]) => keys)).toEqual([ofOne, ofTwo]);
  });

  test('is asked for all groups at once, and one that is slow holds no other up', async () => {
    const { tier, store } = await open();
    const slow = store.holdNext('getMany');
    const finding = tier.find(['{one}a', '{two}b']);
    await slow.reached;
    expect(store.calls).toHaveLength(2);
    slow.release();
    await finding;
  });

  test('where one group is not answered, the others are', async () => {
    const { tier, store, fallbacks } = await open();
    await store.put('{two}b', 'text', aMinuteMs);
    store.lost.add('one');
    expect(await tier.find(['{one}a', '{two}b', '{one}c'])).toEqual([
      { state: 'absent' },
      { state: 'found', text: 'text' },
      { state: 'absent' },
    ]);
    expect(await fallbacks()).toHaveLength(1);
  });
});

describe('P4 one fill › leases by the store', () => {
  test('are granted to one, held against the next, and free when they are given back', async () => {
    const { tier } = await open();
    const ask = async (token: string) => (await tier.lease(keysOf('{one}a'), token, { takeOver: false }))[0];
    expect(await ask('one')).toEqual({ state: 'granted' });
    expect(await ask('two')).toEqual({ state: 'held' });
    await tier.release(keysOf('{one}a'), 'one');
    expect(await ask('two')).toEqual({ state: 'granted' });
    await tier.release(keysOf('{one}a'), 'two', 'UPSTREAM_TIMEOUT');
    expect(await ask('one')).toEqual({ state: 'failed', code: 'UPSTREAM_TIMEOUT' });
  });

  test('are taken over by a change, and what their holder read is not written then', async () => {
    const { tier, store } = await open();
    const write = { key: keyOf('{one}a'), text: 'old', ttlMs: aMinuteMs };
    await tier.lease(keysOf('{one}a'), 'reader', { takeOver: false });
    await tier.lease(keysOf('{one}a'), 'change', { takeOver: true });
    expect(await tier.commit([write], 'reader')).toEqual(['lost']);
    expect(await tier.commit([{ ...write, text: 'new' }], 'change')).toEqual(['stored']);
    expect(await store.getMany(['{one}a'])).toEqual(['new']);
  });

  test('outlast their time while they are held on to, and no longer', async () => {
    const { clock, tier } = await open();
    const stands = async () => (await tier.lease(keysOf('{one}a'), 'other', { takeOver: false }))[0]?.state === 'held';
    await tier.lease(keysOf('{one}a'), 'slow', { takeOver: false });
    const hold = tier.hold(keysOf('{one}a'), 'slow');
    await clock.advance(3 * leaseMs);
    expect(await stands()).toBe(true);
    hold.end();
    await clock.advance(leaseMs + 1);
    expect(await stands()).toBe(false);
  });

  test('are asked for, and renewed, for as long as LEASE_MS says', async () => {
    const { tier, store } = await open();
    await tier.lease(keysOf('{one}a'), 'token', { takeOver: false });
    await tier.renew([{ key: keyOf('{one}a'), token: 'token' }]);
    expect(store.ttlsMs).toEqual([leaseMs, leaseMs]);
  });

  test('have tokens that chance tells apart', async () => {
    const { parts } = await open();
    const chances = [0, 0.1, 0.1 + 1e-9, 1 - Number.EPSILON];
    const tokens = chances.map((chance) => new SharedTier({ ...parts, random: () => chance }, 'things').newToken());
    expect(new Set(tokens).size).toBe(chances.length);
  });
});

describe('what stands in the store', () => {
  test('is put there and lasts as told, and what is put is told to be there', async () => {
    const { clock, tier, store } = await open();
    expect(await tier.put('{one}a', 'text', 1_000)).toBe(true);
    expect(await tier.expire(['{one}a'], aMinuteMs)).toBe(true);
    await clock.advance(2_000);
    expect(await store.getMany(['{one}a'])).toEqual(['text']);
    await clock.advance(aMinuteMs);
    expect(await store.getMany(['{one}a'])).toEqual([undefined]);
  });

  test('P5 no resurrection › goes when it was read before a purge', async () => {
    const { tier, store } = await open();
    await tier.put('{one}a', entryText, aMinuteMs);
    await tier.removeBelow(keysOf('{one}a'), positionOf(5, 0));
    expect(await store.getMany(['{one}a'])).toEqual([entryText]);
    await tier.removeBelow(keysOf('{one}a'), positionOf(5, 1));
    expect(await store.getMany(['{one}a'])).toEqual([undefined]);
  });
});
