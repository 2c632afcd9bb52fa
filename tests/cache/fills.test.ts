/** Fills: what the store has is not read again, one process reads for all (P4), and whatever breaks, those who wait are told. */
import { describe, expect, test } from 'vitest';
import { encodeEntry, type Times, timesFrom } from '../../src/cache/entry.ts';
import { hashTagOf } from '../../src/cache/keys.ts';
import { codec, counted, deadlineMs, keyOf, leaseMs, openWorld, settle, type Thing } from './namespace-world.ts';

const unavailable = Object.assign(new Error('answered 503'), { code: 'UPSTREAM_UNAVAILABLE' });
const aDayMs = 86_400_000;

/** Two processes over one store; upstream has row 1. */
async function openTwo() {
  const world = openWorld();
  world.upstream.rows.set('1', { name: 'a', version: '1' });
  const [one, two] = [await world.startProcess(), await world.startProcess()];
  /** What some process wrote of a row, a moment ago unless told otherwise. */
  const put = (row: Omit<Thing, 'id'> | null, times: Partial<Times> = {}) => {
    const windows = { freshMs: 60_000, staleMs: 120_000, errorMs: 660_000 };
    const told = { ...timesFrom(world.clock.now(), windows), ...times };
    const wireText = JSON.stringify(row && { id: '1', ...row });
    return world.store.put(keyOf('1').value, encodeEntry(world.log.last, told, wireText), aDayMs);
  };
  return { ...world, one, two, put };
}

const rejected = async (
  { telemetry }: { telemetry: { metrics: { cacheRejected: Parameters<typeof counted>[0] } } },
  reason: string,
) => counted(telemetry.metrics.cacheRejected, { namespace: 'thing', reason });

describe('P4 one fill › what another process has read', () => {
  test('is taken from the store, once, and held in memory from then on', async () => {
    const { one, two, upstream } = await openTwo();
    await one.get('1');
    expect(await two.get('1')).toMatchObject({ name: 'a', kind: 'hit', tier: 'store', stored: true, ttlMs: 60_000 });
    expect(await two.get('1')).toMatchObject({ kind: 'hit', tier: 'memory' });
    expect(upstream.reads).toEqual(['1']);
  });

  test('is found together with what it lacks, in one look', async () => {
    const { one, two, upstream, store } = await openTwo();
    await one.get('1');
    store.calls.length = 0;
    expect(await two.getAll('1', '2')).toMatchObject([{ tier: 'store' }, { kind: 'miss' }]);
    expect(store.calls[0]).toEqual(['getMany', keyOf('1').value, keyOf('2').value]);
    expect(upstream.reads).toEqual(['1', '2']);
  });

  test('is given when it is stale, and read anew in the background', async () => {
    const { one, two, upstream, clock } = await openTwo();
    await one.get('1');
    await clock.advance(60_000);
    expect(await two.get('1')).toMatchObject({ name: 'a', kind: 'stale', tier: 'store', ttlMs: 0 });
    await settle();
    expect(upstream.reads).toEqual(['1', '1']);
    expect(await two.get('1')).toMatchObject({ kind: 'hit', tier: 'memory', ageMs: 0 });
  });

  test('is enough for a refresh where it is fresh, and not where it is stale too', async () => {
    const { one, two, upstream, clock } = await openTwo();
    await one.get('1');
    await two.get('1');
    await clock.advance(60_000);
    await one.get('1'); // Stale in memory and in the store: read anew.
    await settle();
    await two.get('1'); // Stale in memory, fresh in the store.
    await settle();
    expect(await two.get('1')).toMatchObject({ kind: 'hit', ageMs: 0 });
    expect(upstream.reads).toEqual(['1', '1']);
  });

  test('is not given any more when its windows are over', async () => {
    const { one, two, upstream, clock } = await openTwo();
    await one.get('1');
    await clock.advance(120_000);
    upstream.rows.set('1', { name: 'b', version: '2' });
    expect(await two.get('1')).toMatchObject({ kind: 'miss', name: 'b' });
  });

  test('serves for errors all the same', async () => {
    const { one, two, upstream, clock } = await openTwo();
    await one.get('1');
    await clock.advance(120_000);
    upstream.failure = unavailable;
    expect(await two.get('1')).toMatchObject({ kind: 'stale_if_error', name: 'a' });
  });
});

describe('P4 one fill › what another process is reading', () => {
  const openReading = async () => {
    const world = await openTwo();
    const gate = world.upstream.holdNext();
    const reading = world.one.get('1');
    await gate.reached;
    const waiting = world.two.get('1');
    await settle();
    return { ...world, gate, reading, waiting };
  };

  test('is waited for, and upstream is read once', async () => {
    const { clock, gate, reading, waiting, upstream, two } = await openReading();
    await clock.advance(100);
    gate.release();
    expect(await reading).toMatchObject({ kind: 'miss' });
    expect(await clock.pump(waiting)).toMatchObject({ name: 'a', kind: 'hit', tier: 'store' });
    expect(upstream.reads).toEqual(['1']);
    const { values } = await two.telemetry.metrics.leaseWait.get();
    expect(values.find(({ metricName }) => metricName?.endsWith('_count'))).toMatchObject({
      labels: { namespace: 'thing' },
      value: 1,
    });
  });

  test('is waited for however slow it is: its lease does not end while it goes on', async () => {
    const { clock, gate, waiting, upstream } = await openReading();
    await clock.advance(3 * leaseMs);
    expect(upstream.reads).toEqual(['1']);
    gate.release();
    expect(await clock.pump(waiting)).toMatchObject({ kind: 'hit', tier: 'store' });
  });

  test('is waited for no longer than the request may', async () => {
    const { clock, waiting } = await openReading();
    await clock.advance(deadlineMs);
    expect(await waiting).toMatchObject({ error: { code: 'UPSTREAM_TIMEOUT' } });
  });

  test('and failed, fails for those who wait too: upstream is not asked again for each', async () => {
    const { clock, gate, reading, waiting, upstream } = await openReading();
    upstream.failure = Object.assign(new Error('too late'), { code: 'UPSTREAM_TIMEOUT' });
    gate.release();
    await reading;
    expect(await clock.pump(waiting)).toMatchObject({ error: { name: 'ReadError', code: 'UPSTREAM_TIMEOUT' } });
    expect(upstream.reads).toEqual(['1']);
  });

  test('is read by the one who waits once the other has died', async () => {
    const { clock, store, waiting, upstream } = await openReading();
    store.silent.add('renew');
    await clock.advance(leaseMs);
    expect(await clock.pump(waiting)).toMatchObject({ kind: 'miss', tier: 'upstream' });
    expect(upstream.reads).toEqual(['1', '1']);
  });
});

describe('P4 one fill › between the look and the lease', () => {
  test('another may have filled it: then upstream is not read, and the lease is given back', async () => {
    const { one, two, upstream, store } = await openTwo();
    const look = store.holdNext('getMany');
    const late = two.get('1');
    await look.reached;
    await one.get('1');
    look.release();
    expect(await late).toMatchObject({ kind: 'hit', tier: 'store', name: 'a' });
    expect(upstream.reads).toEqual(['1']);
    expect((await store.lease([keyOf('1')], 'next', { ms: 9 }))[0]).toEqual({ state: 'granted' });
  });

  test('another may have filled it: what is lacking beside it is read', async () => {
    const { one, two, upstream, store } = await openTwo();
    const look = store.holdNext('getMany');
    const late = two.getAll('1', '2');
    await look.reached;
    await one.get('1');
    look.release();
    expect(await late).toMatchObject([{ tier: 'store' }, { tier: 'upstream' }]);
    expect(upstream.reads).toEqual(['1', '2']);
  });

  test('an era may end: what was found in it says nothing in the next', async () => {
    const { one, two, upstream, store, log } = await openTwo();
    await one.get('1');
    const look = store.holdNext('getMany');
    const reading = two.get('1');
    await look.reached;
    log.beginEra('era-b');
    await two.follower.tick();
    upstream.rows.set('1', { name: 'b', version: '2' });
    look.release();
    expect(await reading).toMatchObject({ kind: 'miss', name: 'b' });
  });
});

describe('P5 no resurrection › what is found in the store', () => {
  test('and was read before a change is not given, and counted', async () => {
    const { one, two, upstream, tell } = await openTwo();
    await one.get('1');
    tell({ ids: ['1'] });
    await two.follower.tick();
    upstream.rows.set('1', { name: 'b', version: '2' });
    expect(await two.get('1')).toMatchObject({ kind: 'miss', name: 'b' });
    expect(await rejected(two, 'invalidated')).toBeGreaterThan(0);
  });

  test('and lags behind what upstream said is not given, and counted', async () => {
    const { two, tell, upstream, put } = await openTwo();
    tell({ ids: ['1'], said: { 1: { is: 'there', version: '2' } } });
    await two.follower.tick();
    await put({ name: 'a', version: '1' });
    upstream.rows.set('1', { name: 'b', version: '2' });
    expect(await two.get('1')).toMatchObject({ kind: 'miss', name: 'b' });
    expect(await rejected(two, 'behind')).toBeGreaterThan(0);
  });

  test('and lags, and is good for a second since that was known, is given', async () => {
    const { two, tell, clock, upstream, put } = await openTwo();
    tell({ ids: ['1'], said: { 1: { is: 'there', version: '2' } } });
    await two.follower.tick();
    await put({ name: 'a', version: '1' }, { freshUntilMs: clock.now() + 1_000, staleUntilMs: clock.now() + 1_000 });
    expect(await two.get('1')).toMatchObject({ kind: 'hit', tier: 'store', name: 'a' });
    expect(upstream.reads).toEqual([]);
  });

  test('of the generation before a reset is not even looked for', async () => {
    const { one, two, upstream, tell, store } = await openTwo();
    await one.get('1');
    const position = tell({ ids: '*' });
    await two.follower.tick();
    store.calls.length = 0;
    await two.get('1');
    expect(store.calls[0]).toEqual(['getMany', keyOf('1', { generation: position }).value]);
    expect(upstream.reads).toEqual(['1', '1']);
  });

  test('and read before a purge is removed from it', async () => {
    const { one, store } = await openTwo();
    await one.get('1');
    const { stamp } = await one.follower.begin('thing', ['1', '2']);
    await one.namespace.removeBelow(['1', '2'], stamp);
    expect(await store.getMany([keyOf('1').value])).toEqual([undefined]);
    expect(store.calls.filter(([operation]) => operation === 'removeBelow')).toEqual([
      ['removeBelow', keyOf('1').value, keyOf('2').value],
    ]);
  });
});

describe('P7 degrades, never dies › what is found in the store and', () => {
  test.each<[string, string]>([
    ['is no entry', 'anything'],
    ['is no JSON', '1 - 1 2 3 4\n{'],
    ['does not decode', `1 - 1 2 3 4\n${JSON.stringify({ id: '1' })}`],
    ['is the row of another id', `1 - 1 2 3 4\n${JSON.stringify({ id: '2', name: 'other' })}`],
  ])('%s is read upstream, and counted', async (_name, text) => {
    const { two, store, upstream } = await openTwo();
    await store.put(keyOf('1').value, text, aDayMs);
    expect(await two.get('1')).toMatchObject({ kind: 'miss', name: 'a' });
    expect(upstream.reads).toEqual(['1']);
    expect(await rejected(two, 'undecodable')).toBeGreaterThan(0);
  });

  test('says that it lasts for ever lasts for as long as the schema says', async () => {
    const { two, put } = await openTwo();
    await put({ name: 'of the store' }, { freshUntilMs: 9e15, staleUntilMs: 9e15, errorUntilMs: 9e15 });
    expect(await two.get('1')).toMatchObject({ kind: 'hit', tier: 'store', ttlMs: 60_000 });
  });

  test('is of a time to come is read upstream', async () => {
    const { two, clock, put } = await openTwo();
    await put({ name: 'of the store' }, { storedAtMs: clock.now() + 120_000 });
    expect(await two.get('1')).toMatchObject({ kind: 'miss', name: 'a' });
  });

  test('says "not there" is given as that', async () => {
    const { two, put } = await openTwo();
    await put(null);
    expect(await two.get('1')).toMatchObject({ kind: 'negative', tier: 'store' });
  });
});

describe('P7 degrades, never dies › without the store', () => {
  test.each(['getMany', 'lease', 'commit'] as const)(
    'silent at %s, rows are read and kept in memory',
    async (operation) => {
      const { one, upstream, store } = await openTwo();
      store.silent.add(operation);
      expect(await one.get('1')).toMatchObject({ kind: 'miss', name: 'a', stored: true });
      expect(await one.get('1')).toMatchObject({ kind: 'hit', tier: 'memory' });
      expect(upstream.reads).toEqual(['1']);
    },
  );

  test.each(['getMany', 'lease'] as const)('silent at %s, nothing is written to it', async (operation) => {
    const { one, store } = await openTwo();
    store.silent.add(operation);
    await one.get('1');
    expect(store.operations).not.toContain('commit');
  });

  test('one read a process is under way, whoever asks', async () => {
    const { one, upstream, store } = await openTwo();
    store.silent.add('getMany');
    const gate = upstream.holdNext();
    const all = [one.get('1'), one.get('1')];
    await gate.reached;
    gate.release();
    expect(await Promise.all(all)).toMatchObject([{ kind: 'miss' }, { kind: 'coalesced' }]);
    expect(upstream.reads).toEqual(['1']);
  });

  test('what is found is given, and what is not answered is read, of one batch', async () => {
    const { one, upstream, store, put } = await openTwo();
    upstream.rows.set('2', { name: 'b' });
    await put({ name: 'of the store' });
    store.groupOf = hashTagOf;
    store.lost.add(hashTagOf(keyOf('2').value));
    expect(await one.getAll('1', '2')).toMatchObject([{ tier: 'store' }, { tier: 'upstream', name: 'b' }]);
    expect(upstream.reads).toEqual(['2']);
  });
});

describe('P7 degrades, never dies › a fill that breaks', () => {
  test('is told to all who wait for it, and logged; the next is tried', async () => {
    const { one, store } = await openTwo();
    const { groupOf } = store;
    store.groupOf = () => {
      throw new Error('a mistake of ours');
    };
    expect(await one.getAll('1', '2')).toMatchObject([
      { error: { message: 'a mistake of ours' } },
      { error: { message: 'a mistake of ours' } },
    ]);
    expect(one.logs('cache.fill_broken')).toMatchObject([{ level: 50, namespace: 'thing' }]);
    store.groupOf = groupOf;
    expect(await one.get('1')).toMatchObject({ name: 'a' });
  });
});

describe('P5 no resurrection › a change', () => {
  test('takes the lease from whoever is reading: what that one read is kept by nobody else', async () => {
    const { clock, one, two, upstream, store, log } = await openTwo();
    const gate = upstream.holdNext();
    const reading = one.get('1');
    await gate.reached;
    upstream.rows.set('1', { name: 'b', version: '2' });
    const { stamp } = await two.follower.begin('thing', ['1']);
    expect(await two.namespace.readAnew(['1'], { asOf: stamp })).toEqual(new Map([['1', 'refreshed']]));
    gate.release();
    expect(await reading).toMatchObject({ name: 'a', stored: false });
    expect(await rejected(one, 'lease_lost')).toBe(1);
    log.add({ kind: 'changed', namespace: 'thing', ids: ['1'], floor: stamp.position });
    await one.follower.tick();
    expect(await clock.pump(one.get('1'))).toMatchObject({ name: 'b', tier: 'store' });
    expect(store.operations.filter((operation) => operation === 'commit')).toHaveLength(2);
  });

  test('reads upstream though the store has the row, and looks for nothing there', async () => {
    const { one, two, upstream, store } = await openTwo();
    await one.get('1');
    store.calls.length = 0;
    const { stamp } = await two.follower.begin('thing', ['1']);
    await two.namespace.readAnew(['1'], { asOf: stamp });
    expect(upstream.reads).toEqual(['1', '1']);
    expect(store.operations).toEqual(['lease', 'commit']);
  });
});

test('the shape of rows is part of their keys: a release that reads them differently does not find the old ones', () => {
  expect(keyOf('1').value).toContain(`:s${codec.shape}:`);
});
