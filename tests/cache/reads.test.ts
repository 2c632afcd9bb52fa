/** Reads: what upstream gives, for how long it is good, what becomes of its lease, and what is made of a failure. */
import { describe, expect, test } from 'vitest';
import { parseStored } from '../../src/cache/entry.ts';
import type { Policy } from '../../src/cache/policy.ts';
import type { Stamp } from '../../src/cache/position.ts';
import type { Said } from '../../src/cache/said.ts';
import { counted, keyOf, leaseMs, openWorld, settle, settleMs } from './namespace-world.ts';

const unavailable = Object.assign(new Error('answered 503'), { code: 'UPSTREAM_UNAVAILABLE' });
const timedOut = Object.assign(new Error('too late'), { code: 'UPSTREAM_TIMEOUT' });

/** One process; upstream has row 1, of version 1. */
async function openOne(windows?: Policy) {
  const world = openWorld();
  world.upstream.rows.set('1', { name: 'a', version: '1' });
  const one = await world.startProcess(windows);
  const fills = (outcome: string) => counted(one.telemetry.metrics.cacheFills, { namespace: 'thing', outcome });
  const rejected = (reason: string) => counted(one.telemetry.metrics.cacheRejected, { namespace: 'thing', reason });
  /** Who asks for the lease of a row now. */
  const leaseOf = async (id: string) => (await world.store.lease([keyOf(id)], 'next', { ms: 1 }))[0];
  const storedOf = async (id: string) => {
    const [text] = await world.store.getMany([keyOf(id).value]);
    return text === undefined ? undefined : parseStored(text);
  };
  const readAnew = async (said?: Said) => {
    const { stamp } = await one.follower.begin('thing', ['1']);
    const words = said && { said: new Map([['1', said]]) };
    const outcomes = await world.clock.pump(one.namespace.readAnew(['1'], { asOf: stamp, ...words }), 50);
    return { stamp, outcome: outcomes.get('1') };
  };
  return { ...world, one, fills, rejected, leaseOf, storedOf, readAnew };
}

describe('a row that was read', () => {
  test('is written as upstream gave it, with the position known when the read was sent', async () => {
    const { one, log, upstream, storedOf, clock } = await openOne();
    const { position } = one.follower.stamp();
    const sentAtMs = clock.now();
    const gate = upstream.holdNext();
    const reading = one.get('1');
    await gate.reached;
    await clock.advance(500);
    log.add({ kind: 'begin', namespace: 'thing', ids: ['2'] });
    await one.follower.tick();
    gate.release();
    await reading;
    expect(await storedOf('1')).toEqual({
      position,
      times: {
        storedAtMs: sentAtMs,
        freshUntilMs: sentAtMs + 60_000,
        staleUntilMs: sentAtMs + 120_000,
        errorUntilMs: sentAtMs + 660_000,
      },
      wireText: '{"id":"1","name":"a","version":"1"}',
    });
  });

  test('stays in the store for as long as it may serve, and not longer', async () => {
    const { one, clock, storedOf } = await openOne();
    await one.get('1');
    await clock.advance(660_000);
    expect(await storedOf('1')).toBeDefined();
    await clock.advance(1);
    expect(await storedOf('1')).toBeUndefined();
  });

  test('that upstream does not have is written as that, for five seconds', async () => {
    const { one, clock, storedOf } = await openOne();
    await one.get('2');
    expect(await storedOf('2')).toMatchObject({ wireText: 'null' });
    await clock.advance(5_001);
    expect(await storedOf('2')).toBeUndefined();
  });

  test('gives its lease back, and is counted and timed', async () => {
    const { one, leaseOf, fills } = await openOne();
    await one.getAll('1', '2');
    expect([await leaseOf('1'), await leaseOf('2')]).toEqual(Array(2).fill({ state: 'granted' }));
    expect([await fills('stored'), await fills('not_stored'), await fills('failed')]).toEqual([2, 0, 0]);
    expect(await counted(one.telemetry.metrics.cacheRejected)).toBe(0);
    const { values } = await one.telemetry.metrics.cacheFillDuration.get();
    expect(values.find(({ metricName }) => metricName?.endsWith('_count'))).toMatchObject({
      labels: { namespace: 'thing' },
      value: 1,
    });
  });

  test('takes as much of the bound of memory as its text is long', async () => {
    const { one, upstream } = await openOne();
    upstream.rows.set('2', { name: 'a'.repeat(1_001), version: '1' });
    await one.get('1');
    const { bytes } = one.engine.memory;
    await one.get('2');
    expect(one.engine.memory.bytes).toBe(2 * bytes + 2_000);
  });

  test('does not live when the schema gives it no time: it serves those who wait, and its lease is given back', async () => {
    const never = { maxAgeMs: 0, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 };
    const { one, leaseOf, storedOf } = await openOne(never);
    expect(await one.get('1')).toMatchObject({ kind: 'miss', name: 'a' });
    expect(await storedOf('1')).toBeUndefined();
    expect(await leaseOf('1')).toEqual({ state: 'granted' });
  });

  test('is left out of upstream’s answer: it is not there', async () => {
    const { one, upstream } = await openOne();
    upstream.leftOut.add('2');
    expect(await one.getAll('1', '2')).toMatchObject([{ name: 'a' }, { kind: 'miss', stored: true }]);
    expect(await one.get('2')).toMatchObject({ kind: 'negative' });
  });

  test('may take any time while somebody waits for it', async () => {
    const { one, upstream, clock } = await openOne();
    const gate = upstream.holdNext();
    const reading = one.get('1');
    await gate.reached;
    await clock.advance(9_000);
    gate.release();
    expect(await reading).toMatchObject({ kind: 'miss', ageMs: 9_000, ttlMs: 51_000 });
  });

  test('lets its lease go when nothing renews it any more', async () => {
    const { one, clock, store } = await openOne();
    await one.get('1');
    store.calls.length = 0;
    await clock.advance(3 * leaseMs);
    expect(store.operations).not.toContain('renew');
  });
});

describe('P5 no resurrection › a row that changed while it was read', () => {
  test('is not written, its lease is given back, and that is counted', async () => {
    const { one, upstream, tell, leaseOf, storedOf, fills, rejected } = await openOne();
    const gate = upstream.holdNext();
    const reading = one.get('1');
    await gate.reached;
    tell({ ids: ['1'] });
    await one.follower.tick();
    gate.release();
    expect(await reading).toMatchObject({ name: 'a', stored: false });
    expect([await storedOf('1'), await leaseOf('1')]).toEqual([undefined, { state: 'granted' }]);
    expect([await fills('stored'), await fills('not_stored')]).toEqual([0, 1]);
    expect([await rejected('invalidated'), await rejected('lease_lost')]).toEqual([1, 0]);
  });

  test('is written for the other rows of its batch', async () => {
    const { one, upstream, tell, storedOf } = await openOne();
    upstream.rows.set('2', { name: 'b' });
    const gate = upstream.holdNext();
    const reading = one.getAll('1', '2');
    await gate.reached;
    tell({ ids: ['1'] });
    await one.follower.tick();
    gate.release();
    expect(await reading).toMatchObject([{ stored: false }, { name: 'b', stored: true }]);
    expect([await storedOf('1'), await storedOf('2')]).toMatchObject([
      undefined,
      { wireText: '{"id":"2","name":"b"}' },
    ]);
  });

  test('while it was written: it is not taken into memory', async () => {
    const { one, store, tell, upstream, rejected } = await openOne();
    const commit = store.holdNext('commit');
    const reading = one.get('1');
    await commit.reached;
    tell({ ids: ['1'] });
    await one.follower.tick();
    commit.release();
    expect(await reading).toMatchObject({ name: 'a', stored: false });
    expect(await rejected('invalidated')).toBe(1);
    upstream.rows.set('1', { name: 'b', version: '2' });
    expect(await one.get('1')).toMatchObject({ name: 'b' });
  });

  test('is not given where a later version is held', async () => {
    const { one, clock, upstream, tell } = await openOne();
    upstream.rows.set('1', { name: 'newer', version: '2' });
    await one.get('1');
    await clock.advance(120_000);
    upstream.rows.set('1', { name: 'older', version: '1' });
    const gate = upstream.holdNext();
    const reading = one.get('1');
    await gate.reached;
    tell({ ids: ['1'] });
    await one.follower.tick();
    gate.release();
    expect(await reading).toMatchObject({ name: 'newer', stored: false });
  });
});

describe('P7 degrades, never dies › a read that fails', () => {
  test('fails for all of its batch, is counted, and told by its code', async () => {
    const { one, upstream, fills } = await openOne();
    upstream.failure = unavailable;
    expect(await one.getAll('1', '2')).toEqual([{ error: unavailable }, { error: unavailable }]);
    expect(await fills('failed')).toBe(2);
    expect(one.logs('cache.fill_failed')).toMatchObject([
      { level: 40, namespace: 'thing', id: '1', code: 'UPSTREAM_UNAVAILABLE', reason: 'answered 503' },
      { id: '2' },
    ]);
  });

  test('of one row fails for that one alone', async () => {
    const { one, upstream, leaseOf } = await openOne();
    upstream.broken.set('2', timedOut);
    upstream.broken.set('3', unavailable);
    expect(await one.getAll('1', '2', '3')).toMatchObject([{ name: 'a' }, { error: timedOut }, { error: unavailable }]);
    expect([await leaseOf('1'), await leaseOf('2'), await leaseOf('3')]).toEqual([
      { state: 'granted' },
      { state: 'failed', code: 'UPSTREAM_TIMEOUT' },
      { state: 'failed', code: 'UPSTREAM_UNAVAILABLE' },
    ]);
  });

  test('leaves nothing in leases that are not its own', async () => {
    const { one, upstream, store, leaseOf } = await openOne();
    store.silent.add('lease');
    upstream.failure = unavailable;
    await one.get('1');
    store.silent.clear();
    expect(await leaseOf('1')).toEqual({ state: 'granted' });
    expect(store.operations).not.toContain('release');
  });

  test('is known here before others may read: who asks in between is told the same', async () => {
    const { one, upstream, store } = await openOne();
    upstream.failure = unavailable;
    const release = store.holdNext('release');
    const first = one.get('1');
    await release.reached;
    expect(await one.get('1')).toEqual({ error: unavailable });
    release.release();
    expect(await first).toEqual({ error: unavailable });
    expect(upstream.reads).toEqual(['1']);
  });

  test('is forgotten once a read succeeds: the next failure waits no longer than the first', async () => {
    const { one, upstream, clock } = await openOne();
    await one.get('1');
    await clock.advance(60_000);
    const refreshAfter = async (pauseMs: number, failure?: Error) => {
      await clock.advance(pauseMs);
      upstream.failure = failure;
      await one.get('1');
      await settle();
      return upstream.reads.length;
    };
    expect(await refreshAfter(0, unavailable)).toBe(2);
    expect(await refreshAfter(1_001, unavailable)).toBe(3);
    expect(await refreshAfter(1_001)).toBe(3); // The second failure holds for two seconds.
    expect(await refreshAfter(1_000)).toBe(4);
    expect(await refreshAfter(60_000, unavailable)).toBe(5);
    expect(await refreshAfter(1_001)).toBe(6);
  });

  test('by what is no error is told as one', async () => {
    const { one, upstream } = await openOne();
    upstream.failure = 'just text' as unknown as Error;
    expect(await one.get('1')).toMatchObject({ error: { message: 'just text' } });
  });
});

describe('P6 bounded age › what is read for a change', () => {
  test('has the position that the change began at, whatever became known since', async () => {
    const { one, log, upstream, storedOf, clock } = await openOne();
    const { stamp } = await one.follower.begin('thing', ['1']);
    const gate = upstream.holdNext();
    const reading = one.namespace.readAnew(['1'], { asOf: stamp });
    await gate.reached;
    log.add({ kind: 'begin', namespace: 'thing', ids: ['2'] });
    await one.follower.tick();
    gate.release();
    await clock.pump(reading);
    expect(await storedOf('1')).toMatchObject({ position: stamp.position });
  });

  test('without a word of upstream is good until upstream has settled', async () => {
    const { one, readAnew, clock } = await openOne();
    expect(await readAnew()).toMatchObject({ outcome: 'refreshed' });
    expect(clock.sleeping(2_000)).toBe(0); // Nothing waits for it any more.
    expect(await one.get('1')).toMatchObject({ kind: 'hit', ttlMs: settleMs });
  });

  test.each<[string, Said]>([
    ['a version that it has come to', { is: 'either', version: '1' }],
    ['a version that it is ahead of', { is: 'there', version: '0' }],
  ])('with %s is good for as long as the schema says', async (_name, said) => {
    const { one, readAnew } = await openOne();
    await readAnew(said);
    expect(await one.get('1')).toMatchObject({ kind: 'hit', ttlMs: 60_000 });
  });

  test('with a word that tells no version is good until upstream has settled', async () => {
    const { one, readAnew } = await openOne();
    await readAnew({ is: 'there', version: undefined });
    expect(await one.get('1')).toMatchObject({ kind: 'hit', ttlMs: settleMs });
  });

  test('and is not there is that for five seconds, also for a change', async () => {
    const { one, upstream, readAnew } = await openOne();
    upstream.rows.delete('1');
    expect(await readAnew()).toMatchObject({ outcome: 'missing' });
    expect(await one.get('1')).toMatchObject({ kind: 'negative', ttlMs: 5_000 });
  });

  test('is waited for two seconds, then the change goes on without', async () => {
    const { one, upstream, clock, leaseOf } = await openOne();
    const gate = upstream.holdNext();
    const { stamp } = await one.follower.begin('thing', ['1']);
    const reading = one.namespace.readAnew(['1'], { asOf: stamp });
    await gate.reached;
    await clock.advance(1_999);
    expect(upstream.signals[0]?.aborted).toBe(false);
    await clock.advance(1);
    expect(await reading).toEqual(new Map([['1', 'failed']]));
    expect(await leaseOf('1')).toMatchObject({ state: 'failed', code: 'UPSTREAM_TIMEOUT' });
  });
});

describe('P5 no resurrection › what lags behind upstream’s own word', () => {
  const newer: Said = { is: 'either', version: '2' };

  test.each([1, 2, 3, 4])(
    'is read again after 100, 200, 400 and 800 ms until it has come to it: %i times',
    async (tries) => {
      const { one, upstream, clock } = await openOne();
      const atMs: number[] = [];
      upstream.onRead = () => {
        atMs.push(clock.mono());
        if (atMs.length > tries) upstream.rows.set('1', { name: 'b', version: '2' });
      };
      const { stamp } = await one.follower.begin('thing', ['1']);
      await clock.pump(one.namespace.readAnew(['1'], { asOf: stamp, said: new Map([['1', newer]]) }), 50);
      const [firstMs = 0] = atMs;
      expect(atMs.map((ms) => ms - firstMs)).toEqual([0, 100, 300, 700, 1_500].slice(0, tries + 1));
      expect(await one.get('1')).toMatchObject({ kind: 'hit', name: 'b', ttlMs: 60_000 - (clock.mono() - firstMs) });
    },
  );

  test('is read again by itself: rows that do not lag are not', async () => {
    const { one, upstream, clock } = await openOne();
    upstream.rows.set('2', { name: 'b', version: '2' });
    const { stamp } = await one.follower.begin('thing', ['1', '2', '3']);
    upstream.onRead = () => upstream.reads.length === 2 && upstream.rows.set('1', { name: 'b', version: '2' });
    const said = new Map([
      ['1', newer],
      ['2', newer],
    ]);
    await clock.pump(one.namespace.readAnew(['1', '2', '3'], { asOf: stamp, said }), 50);
    expect(upstream.reads).toEqual(['1 2 3', '1']);
  });

  test('to the end is kept for a second, and counted', async () => {
    const { one, upstream, readAnew, rejected } = await openOne();
    expect(await readAnew(newer)).toMatchObject({ outcome: 'refreshed' });
    expect(upstream.reads).toHaveLength(5);
    expect(await rejected('behind')).toBe(1);
    expect(await one.get('1')).toMatchObject({ name: 'a', kind: 'miss' });
  });

  test('and cannot be read again is kept as it came first', async () => {
    const { upstream, readAnew, storedOf } = await openOne();
    upstream.onRead = () => upstream.reads.length === 2 && upstream.broken.set('1', unavailable);
    expect(await readAnew(newer)).toMatchObject({ outcome: 'refreshed' });
    expect(await storedOf('1')).toMatchObject({ wireText: '{"id":"1","name":"a","version":"1"}' });
  });

  test('is not read again once upstream fails altogether, and is kept as it came first', async () => {
    const { upstream, readAnew } = await openOne();
    upstream.onRead = () => {
      if (upstream.reads.length === 2) upstream.failure = unavailable;
    };
    expect(await readAnew(newer)).toMatchObject({ outcome: 'refreshed' });
    expect(upstream.reads).toHaveLength(2);
  });

  test('does not lag when it cannot be read at all: it has failed', async () => {
    const { upstream, readAnew } = await openOne();
    upstream.broken.set('1', unavailable);
    expect(await readAnew(newer)).toMatchObject({ outcome: 'failed' });
    expect(upstream.reads).toHaveLength(1);
  });

  test('and is not there, where it was said to be, is read again', async () => {
    const { upstream, readAnew } = await openOne();
    upstream.rows.delete('1');
    upstream.onRead = () => upstream.reads.length === 2 && upstream.rows.set('1', { name: 'b', version: '2' });
    expect(await readAnew({ is: 'there', version: '2' })).toMatchObject({ outcome: 'refreshed' });
  });

  test('is held against the later of what was said before and what is said now', async () => {
    const { one, readAnew, tell, rejected } = await openOne();
    tell({ ids: ['1'], said: { 1: { is: 'there', version: '3' } } });
    await one.follower.tick();
    await readAnew({ is: 'there', version: '1' });
    expect(await rejected('behind')).toBe(1);
  });

  test('is held against what was said, also by a read that is no change', async () => {
    const { one, tell } = await openOne();
    tell({ ids: ['1'], said: { 1: { is: 'there', version: '2' } } });
    await one.follower.tick();
    expect(await one.get('1')).toMatchObject({ kind: 'miss', ttlMs: 1_000 });
  });
});

test('reads for changes and reads for readers go in batches of their own', async () => {
  const { one, upstream } = await openOne();
  const { stamp }: { stamp: Stamp } = await one.follower.begin('thing', ['1']);
  await Promise.all([one.namespace.readAnew(['1'], { asOf: stamp }), one.get('2')]);
  expect(upstream.reads.toSorted()).toEqual(['1', '2']);
});
