/** What a namespace holds and serves: from memory, from the view beside it, fresh, stale, on error, and never what was purged. */
import { describe, expect, test } from 'vitest';
import { Deadline } from '../../src/cache/deadline.ts';
import type { Outcome } from '../../src/cache/outcome.ts';
import { BEGINNING } from '../../src/cache/position.ts';
import { counted, deadlineMs, entryOf, openWorld, settle } from './namespace-world.ts';

const unavailable = Object.assign(new Error('answered 503'), { code: 'UPSTREAM_UNAVAILABLE' });

/** One process that has read row 1, of version 1, a moment ago. */
async function openHolding() {
  const world = openWorld();
  world.upstream.rows.set('1', { name: 'a', version: '1' });
  const one = await world.startProcess();
  await one.get('1');
  world.upstream.reads.length = 0;
  one.noted.length = 0;
  one.changedIds.length = 0;
  one.installed.length = 0;
  return { ...world, one };
}

describe('P8 seen › a row', () => {
  test('that nobody has is read upstream, kept, and told as that', async () => {
    const { upstream, startProcess } = openWorld();
    upstream.rows.set('1', { name: 'a', version: '1' });
    const one = await startProcess();
    expect(await one.get('1')).toEqual({
      ...{ id: '1', name: 'a', version: '1' },
      ...{ namespace: 'thing', kind: 'miss', tier: 'upstream', ttlMs: 60_000, ageMs: 0, stored: true },
    });
  });

  test('that is held is given from memory, with its age and how long it is fresh', async () => {
    const { clock, one, upstream } = await openHolding();
    await clock.advance(1_000);
    expect(await one.get('1')).toMatchObject({
      kind: 'hit',
      tier: 'memory',
      ttlMs: 59_000,
      ageMs: 1_000,
      stored: true,
    });
    expect(upstream.reads).toEqual([]);
  });

  test('that upstream does not have is held as that, for five seconds', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const one = await startProcess();
    expect(await one.get('1')).toMatchObject({ kind: 'miss' });
    await clock.advance(4_999);
    const again = await one.get('1');
    expect(again).toMatchObject({ kind: 'negative', tier: 'memory' });
    expect(again.name).toBeUndefined();
    await clock.advance(1);
    upstream.rows.set('1', { name: 'a' });
    expect(await one.get('1')).toMatchObject({ kind: 'miss', name: 'a' });
  });

  test('is noted with its request, and counted, once for each time it is read', async () => {
    const { one } = await openHolding();
    await one.getAll('1', '2');
    expect(one.noted.map(({ kind }) => kind)).toEqual(['hit', 'miss']);
    const { cacheRequests } = one.telemetry.metrics;
    expect(await counted(cacheRequests, { namespace: 'thing', tier: 'memory', outcome: 'hit' })).toBe(1);
    expect(await counted(cacheRequests, { namespace: 'thing', tier: 'upstream', outcome: 'miss' })).toBe(2);
  });

  test('is never of a negative age, also where the clock that it was stored by is ahead', async () => {
    const { one, clock } = await openHolding();
    one.view.set('2', entryOf({ id: '2', name: 'b' }, { asOf: one.follower.stamp(), storedAtMs: clock.now() + 500 }));
    expect(await one.get('2')).toMatchObject({ ageMs: 0 });
  });
});

describe('P8 seen › a row that is given without waiting', () => {
  const openPeeking = async () => {
    const world = await openHolding();
    const { one, clock } = world;
    const request = {
      deadline: new Deadline(clock, deadlineMs),
      note: (outcome: Outcome) => void one.noted.push(outcome),
    };
    return { ...world, peek: (id: string) => one.namespace.peek(id, request) };
  };

  test('is one that is fresh, noted and counted as any other', async () => {
    const { one, clock, peek } = await openPeeking();
    one.view.set('2', entryOf({ id: '2', name: 'b' }, { asOf: one.follower.stamp(), storedAtMs: clock.now() }));
    expect([peek('1'), peek('2')]).toMatchObject([{ value: { name: 'a' } }, { value: { name: 'b' } }]);
    expect(one.noted).toMatchObject([
      { kind: 'hit', tier: 'memory' },
      { kind: 'hit', tier: 'view' },
    ]);
    const { cacheRequests } = one.telemetry.metrics;
    expect(await counted(cacheRequests, { namespace: 'thing', outcome: 'hit' })).toBe(2);
  });

  test('is none that nobody has, nor one that is stale: that is to be read anew', async () => {
    const { one, clock, peek } = await openPeeking();
    await clock.advance(60_000);
    await one.follower.tick();
    expect([peek('1'), peek('2')]).toEqual([undefined, undefined]);
    expect(one.noted).toEqual([]);
  });

  test('is none while this process does not know what has changed', async () => {
    const { one, clock, peek } = await openPeeking();
    await clock.advance(1_001);
    expect(peek('1')).toBeUndefined();
    await one.follower.tick();
    expect(peek('1')).toMatchObject({ value: { name: 'a' } });
  });
});

describe('P4 one fill › rows that are asked for together', () => {
  test('are read upstream in one batch, each once', async () => {
    const { upstream, startProcess } = openWorld();
    const one = await startProcess();
    await one.getAll('1', '2', '1', '3');
    expect(upstream.reads).toEqual(['1 2 3']);
  });

  test('join what is already under way, and say so', async () => {
    const { upstream, startProcess } = openWorld();
    const one = await startProcess();
    const gate = upstream.holdNext();
    const first = one.get('1');
    await gate.reached;
    const second = one.getAll('1', '2');
    await settle();
    gate.release();
    expect(await first).toMatchObject({ kind: 'miss' });
    expect(await second).toMatchObject([{ kind: 'coalesced', tier: 'upstream', stored: true }, { kind: 'miss' }]);
    expect(upstream.reads).toEqual(['1', '2']);
  });

  test('join the read that was begun last, also once one of before it has landed', async () => {
    const { clock, upstream, startProcess, tell } = openWorld();
    const one = await startProcess();
    upstream.rows.set('1', { name: 'a' });
    const before = upstream.holdNext();
    const first = one.get('1');
    await before.reached;
    tell({ ids: ['1'] });
    await one.follower.tick();
    const after = upstream.holdNext();
    const second = one.get('1');
    before.release();
    await first;
    await clock.advance(100); // Its lease was the first one's.
    await after.reached;
    const third = one.get('1');
    after.release();
    expect([await second, await third]).toMatchObject([{ kind: 'miss' }, { kind: 'coalesced' }]);
    expect(upstream.reads).toEqual(['1', '1']);
  });
});

describe('P6 agreement in time › a process that cannot be trusted', () => {
  test('looks at the log before it serves what it holds', async () => {
    const { clock, one, upstream, tell } = await openHolding();
    await clock.advance(1_001);
    tell({ ids: ['1'] });
    upstream.rows.set('1', { name: 'b', version: '2' });
    expect(await one.get('1')).toMatchObject({ name: 'b', kind: 'miss' });
  });

  test('gives an error for each row when it does not come to know in time', async () => {
    const { clock, one, log } = await openHolding();
    await clock.advance(1_001);
    log.holdNext('look');
    const asking = one.getAll('1', '2');
    await clock.advance(deadlineMs);
    expect(await asking).toMatchObject([
      { error: { code: 'UPSTREAM_TIMEOUT' } },
      { error: { code: 'UPSTREAM_TIMEOUT' } },
    ]);
  });
});

describe('P6 bounded age › a row that is no longer fresh', () => {
  test('is given as stale while it is read anew, once for all who ask', async () => {
    const { clock, one, upstream } = await openHolding();
    await clock.advance(60_000);
    const gate = upstream.holdNext();
    const stale = { kind: 'stale', tier: 'memory', ttlMs: 0, ageMs: 60_000, name: 'a' };
    expect(await one.get('1')).toMatchObject(stale);
    await gate.reached;
    expect(await one.get('1')).toMatchObject(stale);
    expect(upstream.reads).toEqual(['1']);
    gate.release();
    await settle();
    expect(await one.get('1')).toMatchObject({ kind: 'hit', ageMs: 0 });
  });

  test('is read anew once for all who ask, also where no store gives a lease for it', async () => {
    const { clock, one, upstream, store } = await openHolding();
    store.silent.add('getMany');
    await clock.advance(60_000);
    const gate = upstream.holdNext();
    await one.get('1');
    await gate.reached;
    await one.get('1');
    await settle();
    gate.release();
    expect(upstream.reads).toEqual(['1']);
  });

  test('is read anew together with the others that are stale', async () => {
    const { clock, one, upstream } = await openHolding();
    await one.get('2');
    upstream.rows.set('2', { name: 'b' });
    await clock.advance(5_000);
    await one.get('2');
    await clock.advance(60_000);
    upstream.reads.length = 0;
    await one.getAll('1', '2');
    await settle();
    expect(upstream.reads).toEqual(['1 2']);
  });

  test('is not asked for again at once when upstream could not give it, but a second later, and then after two', async () => {
    const { clock, one, upstream } = await openHolding();
    upstream.failure = unavailable;
    await clock.advance(60_000);
    const readsAfter = async (ms: number) => {
      await clock.advance(ms);
      await one.get('1');
      await settle();
      return upstream.reads.length;
    };
    expect([await readsAfter(0), await readsAfter(999), await readsAfter(2)]).toEqual([1, 1, 2]);
    expect([await readsAfter(1_998), await readsAfter(2)]).toEqual([2, 3]);
  });

  test('is not given any more when its window is over', async () => {
    const { clock, one, upstream } = await openHolding();
    await clock.advance(119_999);
    expect(await one.get('1')).toMatchObject({ kind: 'stale' });
    await settle();
    await clock.advance(120_000);
    upstream.rows.set('1', { name: 'b', version: '2' });
    expect(await one.get('1')).toMatchObject({ kind: 'miss', name: 'b' });
  });

  test('by the time it comes is given to who began to wait before it was read, and read again for who came later', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const one = await startProcess({ maxAgeMs: 1_000, staleWhileRevalidateMs: 0, staleIfErrorMs: 60_000 });
    upstream.rows.set('1', { name: 'old' });
    const gate = upstream.holdNext();
    const first = one.get('1');
    await gate.reached;
    await clock.advance(500);
    const second = one.get('1');
    await clock.advance(500);
    upstream.rows.set('1', { name: 'new' });
    gate.release();
    expect([await first, await second]).toMatchObject([
      { kind: 'miss', name: 'old' },
      { kind: 'miss', name: 'new' },
    ]);
    expect(upstream.reads).toEqual(['1', '1']);
  });
});

describe('P7 degrades, never dies › while upstream cannot be read', () => {
  const failing = async () => {
    const world = await openHolding();
    world.upstream.failure = unavailable;
    return world;
  };

  test('what is held is given within its window, and said to be that', async () => {
    const { clock, one } = await failing();
    await clock.advance(659_999);
    expect(await one.get('1')).toMatchObject({ kind: 'stale_if_error', tier: 'memory', name: 'a', ttlMs: -599_999 });
    await clock.advance(1);
    expect(await one.get('1')).toEqual({ error: unavailable });
  });

  test('what changed is given as it was, but not once it was purged', async () => {
    const { one, tell } = await failing();
    tell({ ids: ['1'] });
    await one.follower.tick();
    // However young it is: nobody may keep it.
    expect(await one.get('1')).toMatchObject({ kind: 'stale_if_error', name: 'a', ttlMs: 0 });
    tell({ ids: ['1'], hard: true });
    await one.follower.tick();
    expect(await one.get('1')).toMatchObject({ error: { code: 'UPSTREAM_UNAVAILABLE' } });
  });

  test('"not there" is not given as a stale answer', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const one = await startProcess();
    upstream.failure = unavailable;
    one.view.set('2', entryOf(null, { asOf: one.follower.stamp(), storedAtMs: clock.now() - 200_000 }));
    expect(await one.get('2')).toEqual({ error: unavailable });
  });

  test('a failure answers for a second, and no longer', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const one = await startProcess();
    upstream.failure = unavailable;
    await one.get('1');
    await clock.advance(999);
    expect(await one.get('1')).toEqual({ error: unavailable });
    expect(upstream.reads).toEqual(['1']);
    await clock.advance(2);
    await one.get('1');
    expect(upstream.reads).toEqual(['1', '1']);
  });

  test('a failure of before a change says nothing after it', async () => {
    const { upstream, startProcess, tell } = openWorld();
    const one = await startProcess();
    upstream.failure = unavailable;
    await one.get('1');
    upstream.failure = undefined;
    upstream.rows.set('1', { name: 'a' });
    tell({ ids: ['1'] });
    await one.follower.tick();
    // Its lease keeps the failure for other processes, for a second.
    expect(await one.namespace.readAnew(['1'], { asOf: one.follower.stamp() })).toEqual(new Map([['1', 'refreshed']]));
    expect(await one.get('1')).toMatchObject({ name: 'a' });
  });

  test('an upstream that hangs is waited for until the deadline, then what is held is given', async () => {
    const { clock, one, upstream } = await openHolding();
    await clock.advance(120_000);
    const gate = upstream.holdNext();
    const asking = one.get('1');
    await gate.reached;
    await clock.advance(deadlineMs);
    expect(await asking).toMatchObject({ kind: 'stale_if_error', name: 'a' });
  });

  test('an upstream that hangs is waited for until the deadline, then that is the error', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const one = await startProcess();
    const gate = upstream.holdNext();
    const asking = one.get('1');
    await gate.reached;
    await clock.advance(deadlineMs);
    expect(await asking).toMatchObject({ error: { code: 'UPSTREAM_TIMEOUT' } });
  });
});

describe('P2 parity › the view beside memory', () => {
  const inView = async (storedAgoMs = 0) => {
    const world = await openHolding();
    const { one, clock } = world;
    one.view.set(
      '2',
      entryOf({ id: '2', name: 'b' }, { asOf: one.follower.stamp(), storedAtMs: clock.now() - storedAgoMs }),
    );
    return world;
  };

  test('gives rows that memory lacks, and upstream is not asked', async () => {
    const { one, upstream } = await inView();
    expect(await one.get('2')).toMatchObject({ kind: 'hit', tier: 'view', name: 'b', ttlMs: 60_000 });
    expect(upstream.reads).toEqual([]);
  });

  test('gives what is stale, while it is read anew', async () => {
    const { one, upstream } = await inView(60_000);
    expect(await one.get('2')).toMatchObject({ kind: 'stale', tier: 'view', name: 'b' });
    await settle();
    expect(upstream.reads).toEqual(['2']);
  });

  test('gives a fresh row where memory has a stale one', async () => {
    const { clock, one } = await openHolding();
    await clock.advance(60_000);
    await one.follower.tick();
    one.view.set('1', entryOf({ id: '1', name: 'b' }, { asOf: one.follower.stamp(), storedAtMs: clock.now() }));
    expect(await one.get('1')).toMatchObject({ kind: 'hit', tier: 'view', name: 'b' });
  });

  test('stays behind memory where both are stale', async () => {
    const { clock, one } = await openHolding();
    await clock.advance(60_000);
    await one.follower.tick();
    one.view.set(
      '1',
      entryOf({ id: '1', name: 'b' }, { asOf: one.follower.stamp(), storedAtMs: clock.now() - 60_000 }),
    );
    expect(await one.get('1')).toMatchObject({ kind: 'stale', tier: 'memory', name: 'a' });
  });

  test('P5 no resurrection › is not believed where the row has changed since', async () => {
    const { one, tell, upstream } = await inView();
    tell({ ids: ['2'] });
    await one.follower.tick();
    upstream.rows.set('2', { name: 'c' });
    expect(await one.get('2')).toMatchObject({ kind: 'miss', name: 'c' });
  });

  test.each([
    ['the view', 1, { tier: 'view', name: 'b' }],
    ['memory', -1, { tier: 'memory', name: 'a' }],
  ])('on error, what was read last is given: of %s', async (_name, laterMs, given) => {
    const { clock, one, upstream, tell } = await openHolding();
    const asOf = one.follower.stamp();
    one.view.set('1', entryOf({ id: '1', name: 'b' }, { asOf, storedAtMs: clock.now() + laterMs }));
    tell({ ids: ['1'] });
    await one.follower.tick();
    upstream.failure = unavailable;
    expect(await one.get('1')).toMatchObject({ kind: 'stale_if_error', ...given });
  });

  test('on error, gives what memory lacks', async () => {
    const { one, upstream, tell } = await inView();
    tell({ ids: ['2'] });
    await one.follower.tick();
    upstream.failure = unavailable;
    expect(await one.get('2')).toMatchObject({ kind: 'stale_if_error', tier: 'view', name: 'b' });
  });
});

describe('P5 no resurrection › a change that becomes known', () => {
  test('ends what was read before it, and not what is of other rows', async () => {
    const { one, upstream, tell } = await openHolding();
    await one.get('2');
    upstream.reads.length = 0;
    tell({ ids: ['1', '3'] });
    await one.follower.tick();
    await one.getAll('1', '2');
    expect(upstream.reads).toEqual(['1']);
  });

  test('of the whole namespace throws away what was read before it', async () => {
    const { one, upstream, tell } = await openHolding();
    tell({ ids: '*' });
    await one.follower.tick();
    upstream.failure = unavailable;
    expect(await one.get('1')).toEqual({ error: unavailable });
  });

  test('of the whole namespace leaves what was read for it', async () => {
    const { one, upstream, log } = await openHolding();
    const begun = await one.follower.begin('thing', '*');
    await one.namespace.readAnew(['1'], { asOf: begun.stamp });
    upstream.reads.length = 0;
    log.add({ kind: 'changed', namespace: 'thing', ids: '*', floor: begun.stamp.position });
    await one.follower.tick();
    expect(await one.get('1')).toMatchObject({ kind: 'hit' });
    expect(upstream.reads).toEqual([]);
  });

  test('that is a purge throws away what was read before it, of these rows alone', async () => {
    const { one, upstream, tell } = await openHolding();
    upstream.rows.set('2', { name: 'b' });
    await one.get('2');
    tell({ ids: ['1', '3'], hard: true });
    tell({ ids: ['2'] });
    await one.follower.tick();
    upstream.failure = unavailable;
    expect(await one.getAll('1', '2')).toMatchObject([{ error: unavailable }, { kind: 'stale_if_error', name: 'b' }]);
  });

  test('while an answer is waited for: that is given to those who waited, and kept nowhere', async () => {
    const { clock, upstream, startProcess, tell, store } = openWorld();
    const one = await startProcess();
    upstream.rows.set('1', { name: 'old' });
    const gate = upstream.holdNext();
    const before = one.get('1');
    await gate.reached;
    upstream.rows.set('1', { name: 'new' });
    tell({ ids: ['1'] });
    await one.follower.tick();
    const after = one.get('1');
    await settle();
    gate.release();
    expect(await before).toMatchObject({ name: 'old', kind: 'miss', stored: false });
    expect(store.operations).not.toContain('commit');
    expect(await clock.pump(after)).toMatchObject({ name: 'new', kind: 'miss', stored: true });
  });

  test('that purges what was read for those who wait makes it read again for them', async () => {
    const { clock, upstream, startProcess, tell } = openWorld();
    const one = await startProcess();
    upstream.rows.set('1', { name: 'old' });
    const gate = upstream.holdNext();
    const asking = one.get('1');
    await gate.reached;
    upstream.rows.set('1', { name: 'new' });
    tell({ ids: ['1'], hard: true });
    await one.follower.tick();
    gate.release();
    expect(await clock.pump(asking)).toMatchObject({ name: 'new', kind: 'miss', stored: true });
  });

  test('that purges what was read for several who wait makes it read again once for all, also without a store', async () => {
    const { upstream, startProcess, tell, store } = openWorld();
    const one = await startProcess();
    store.silent.add('getMany');
    upstream.rows.set('1', { name: 'old' });
    const gate = upstream.holdNext();
    const asking = Promise.all([one.get('1'), one.get('1')]);
    await gate.reached;
    upstream.rows.set('1', { name: 'new' });
    tell({ ids: ['1'], hard: true });
    await one.follower.tick();
    gate.release();
    expect(await asking).toMatchObject([
      { name: 'new', kind: 'miss' },
      { name: 'new', kind: 'coalesced' },
    ]);
    expect(upstream.reads).toEqual(['1', '1']);
  });

  test('that purges what is already in hand, while another row is waited for, makes it read again', async () => {
    const { clock, one, upstream, tell } = await openHolding();
    const gate = upstream.holdNext();
    const asking = one.getAll('1', '2');
    await gate.reached;
    upstream.rows.set('1', { name: 'new' });
    tell({ ids: ['1'], hard: true });
    await one.follower.tick();
    gate.release();
    expect(await clock.pump(asking)).toMatchObject([{ name: 'new', kind: 'miss' }, { kind: 'miss' }]);
    expect(one.noted.map(({ kind }) => kind)).toEqual(['miss', 'miss']);
  });
});

describe('P5 no resurrection › a row that lags behind what upstream said of it', () => {
  test('is not served, though it was read after the change began', async () => {
    const { one, upstream, log } = await openHolding();
    const begun = await one.follower.begin('thing', ['1']);
    await one.namespace.readAnew(['1'], { asOf: begun.stamp, said: new Map([['1', { is: 'either', version: '1' }]]) });
    const said = { 1: { is: 'either', version: '2' } } as const;
    log.add({ kind: 'changed', namespace: 'thing', ids: ['1'], floor: begun.stamp.position, said });
    await one.follower.tick();
    upstream.rows.set('1', { name: 'b', version: '2' });
    expect(await one.get('1')).toMatchObject({ name: 'b', kind: 'miss' });
  });

  test('is served for a second where that was known when it was read', async () => {
    const { clock, one, upstream, tell } = await openHolding();
    tell({ ids: ['1'], said: { 1: { is: 'either', version: '2' } } });
    await one.follower.tick();
    expect(await one.get('1')).toMatchObject({ kind: 'miss', name: 'a', ttlMs: 1_000 });
    await clock.advance(999);
    expect(await one.get('1')).toMatchObject({ kind: 'hit', name: 'a' });
    await clock.advance(1);
    upstream.rows.set('1', { name: 'b', version: '2' });
    expect(await one.get('1')).toMatchObject({ kind: 'miss', name: 'b' });
  });
});

describe('P5 no resurrection › rows never go back', () => {
  /** Row 1 of version 2 is held; upstream gives version 1 from here on. */
  const openAhead = async () => {
    const world = openWorld();
    world.upstream.rows.set('1', { name: 'newer', version: '2' });
    const one = await world.startProcess();
    await one.get('1');
    world.upstream.rows.set('1', { name: 'older', version: '1' });
    return { ...world, one };
  };

  test('to a lower version: what is held stays, fresh again, and that is counted', async () => {
    const { clock, one, upstream } = await openAhead();
    await clock.advance(120_000);
    expect(await one.get('1')).toMatchObject({ name: 'newer', version: '2', kind: 'miss', ageMs: 0 });
    expect(await one.get('1')).toMatchObject({ name: 'newer', kind: 'hit' });
    expect(upstream.reads).toHaveLength(2);
    expect(await counted(one.telemetry.metrics.cacheRejected, { namespace: 'thing', reason: 'older_version' })).toBe(1);
  });

  test('also where only the view holds the newer one', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const one = await startProcess();
    upstream.rows.set('1', { name: 'older', version: '1' });
    const storedAtMs = clock.now() - 200_000;
    one.view.set('1', entryOf({ id: '1', name: 'newer', version: '2' }, { asOf: one.follower.stamp(), storedAtMs }));
    expect(await one.get('1')).toMatchObject({ name: 'newer', kind: 'miss' });
  });

  test('but after a purge what upstream gives counts, whatever its version', async () => {
    const { one, tell } = await openAhead();
    one.view.set('1', entryOf({ id: '1', name: 'newer', version: '2' }, { asOf: one.follower.stamp(), storedAtMs: 0 }));
    tell({ ids: ['1'], hard: true });
    await one.follower.tick();
    expect(await one.get('1')).toMatchObject({ name: 'older', version: '1' });
  });

  test('and content that stays is purged by when it was read itself', async () => {
    const { clock, one, log } = await openAhead();
    await clock.advance(120_000);
    const begun = await one.follower.begin('thing', ['1']);
    await one.get('1'); // The newer content, with the later `asOf`.
    log.add({ kind: 'changed', namespace: 'thing', ids: ['1'], floor: begun.stamp.position, hard: true });
    await one.follower.tick();
    expect(await one.get('1')).toMatchObject({ name: 'older' });
  });

  test.each([
    ['the held one', undefined, '1'],
    ['the one that is read', '2', undefined],
  ])('where %s has no version, what was read last counts', async (_name, held, read) => {
    const { clock, upstream, startProcess } = openWorld();
    const one = await startProcess();
    upstream.rows.set('1', held === undefined ? { name: 'first' } : { name: 'first', version: held });
    await one.get('1');
    upstream.rows.set('1', read === undefined ? { name: 'second' } : { name: 'second', version: read });
    await clock.advance(120_000);
    expect(await one.get('1')).toMatchObject({ name: 'second' });
  });

  test('a row of the same version is taken as it was read last', async () => {
    const { clock, one, upstream } = await openHolding();
    upstream.rows.set('1', { name: 'again', version: '1' });
    await clock.advance(120_000);
    expect(await one.get('1')).toMatchObject({ name: 'again' });
  });
});

describe('P2 parity › what is taken in', () => {
  test('is told to the view, and to who keeps answers when it is another row than was held', async () => {
    const { clock, one, upstream } = await openHolding();
    const readAgain = async () => {
      await clock.advance(120_000);
      await one.get('1');
      return [one.installed.at(-1), one.changedIds.splice(0)];
    };
    expect(await readAgain()).toEqual([['1', 'a'], []]);
    upstream.rows.set('1', { name: 'b', version: '2' });
    expect(await readAgain()).toEqual([['1', 'b'], ['1']]);
    upstream.rows.delete('1');
    expect(await readAgain()).toEqual([['1', undefined], ['1']]);
    expect(await readAgain()).toEqual([['1', undefined], []]);
  });

  test('is told as another row the first time', async () => {
    const { upstream, startProcess } = openWorld();
    upstream.rows.set('1', { name: 'a' });
    const one = await startProcess();
    await one.get('1');
    expect([one.installed, one.changedIds]).toEqual([[['1', 'a']], ['1']]);
  });

  test('does not replace what was read later', async () => {
    const { one, upstream } = await openHolding();
    upstream.rows.set('2', { name: 'old' });
    const gate = upstream.holdNext();
    const slow = one.get('2');
    await gate.reached;
    upstream.rows.set('2', { name: 'new' });
    const begun = await one.follower.begin('thing', ['2']);
    await one.namespace.readAnew(['2'], { asOf: begun.stamp });
    gate.release();
    expect(await slow).toMatchObject({ name: 'new' });
    expect(await one.get('2')).toMatchObject({ name: 'new', kind: 'hit' });
  });
});

describe('P2 parity › a view that was read anew', () => {
  const openBoth = async (view: { name: string; version?: string }) => {
    const world = await openHolding();
    const { one, clock } = world;
    const asOf = one.follower.stamp();
    one.view.set('1', entryOf({ id: '1', ...view }, { asOf, storedAtMs: clock.now() + 1 }));
    one.view.set('9', entryOf({ id: '9', name: 'of the view alone' }, { asOf, storedAtMs: clock.now() }));
    return world;
  };

  test('goes before memory where it is ahead', async () => {
    const { one } = await openBoth({ name: 'ahead', version: '2' });
    one.namespace.viewReplaced();
    expect(one.installed).toEqual([]);
    expect(await one.get('1')).toMatchObject({ tier: 'view', name: 'ahead' });
  });

  test('is told of what memory knows better', async () => {
    const { one } = await openBoth({ name: 'behind', version: '0' });
    one.namespace.viewReplaced();
    expect(one.installed).toEqual([['1', 'a']]);
    expect(await one.get('1')).toMatchObject({ tier: 'view', name: 'a' });
  });

  test('is told of what it lacks', async () => {
    const { one } = await openHolding();
    one.namespace.viewReplaced();
    expect(one.installed).toEqual([['1', 'a']]);
  });

  test('is not told of what it lacks where that is past its age', async () => {
    const { one, clock } = await openHolding();
    await clock.advance(120_000);
    await one.follower.tick();
    one.namespace.viewReplaced();
    expect(one.installed).toEqual([]);
  });

  test('gives memory its own time where that is over, and rows do not go back', async () => {
    const { one, tell, clock } = await openBoth({ name: 'behind', version: '0' });
    tell({ ids: ['1'] });
    await one.follower.tick();
    one.view.set(
      '1',
      entryOf({ id: '1', name: 'behind', version: '0' }, { asOf: one.follower.stamp(), storedAtMs: clock.now() }),
    );
    one.namespace.viewReplaced();
    expect(one.installed).toEqual([['1', 'a']]);
    expect(await one.get('1')).toMatchObject({ kind: 'hit', tier: 'view', name: 'a' });
  });

  test('changes nothing where neither may be believed', async () => {
    const { one, tell } = await openBoth({ name: 'behind', version: '0' });
    tell({ ids: ['1'] });
    await one.follower.tick();
    one.namespace.viewReplaced();
    expect(one.installed).toEqual([]);
  });
});

describe('P6 agreement in time › a process that was away too long', () => {
  test('holds nothing any more, not even for errors', async () => {
    const { one, store, upstream } = await openHolding();
    one.namespace.forget();
    store.silent.add('getMany');
    upstream.failure = unavailable;
    expect(await one.get('1')).toEqual({ error: unavailable });
  });
});

describe('a read for a change', () => {
  test('tells what came of each row', async () => {
    const { upstream, startProcess } = openWorld();
    const one = await startProcess();
    upstream.rows.set('1', { name: 'a' });
    upstream.broken.set('3', unavailable);
    const { stamp } = await one.follower.begin('thing', ['1', '2', '3']);
    expect(await one.namespace.readAnew(['1', '2', '3'], { asOf: stamp })).toEqual(
      new Map([
        ['1', 'refreshed'],
        ['2', 'missing'],
        ['3', 'failed'],
      ]),
    );
    expect(upstream.reads).toEqual(['1 2 3']);
    expect(stamp.position).not.toBe(BEGINNING);
  });

  test('reads upstream though the row is held, and whoever asks meanwhile waits for it', async () => {
    const { one, upstream, tell } = await openHolding();
    upstream.rows.set('1', { name: 'b', version: '2' });
    const gate = upstream.holdNext();
    const { stamp } = await one.follower.begin('thing', ['1']);
    const reading = one.namespace.readAnew(['1'], { asOf: stamp });
    await gate.reached;
    tell({ ids: ['1'] });
    expect(upstream.reads).toEqual(['1']);
    gate.release();
    await reading;
    expect(await one.get('1')).toMatchObject({ kind: 'hit', name: 'b' });
  });
});
