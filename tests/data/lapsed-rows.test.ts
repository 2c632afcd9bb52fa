/**
 * Rows whose view is past its age, read by their ids while nobody asks for a page: by themselves, until that has taken as
 * many reads of upstream as a drain would.
 */
import { describe, expect, test } from 'vitest';
import type { Settings } from './process.ts';
import { openWorld, turns } from './world.ts';

/** Past the age of everything that was read at the beginning, and within its stale window. */
const pastAgeMs = 61_000;
/** Past the stale window too. */
const pastStaleMs = 121_000;

/** Nine rows, and a collection that takes three pages, and so four reads. Its view is held, and `agedMs` old. */
async function openAged(agedMs: number, settings: Settings = {}) {
  const world = openWorld();
  const { clock, log, upstream, startProcess } = world;
  for (let id = 1; id <= 9; id++) upstream.rows.set(String(id), 1);
  upstream.pages = 3;
  // A clock that is not at a whole millisecond, as those of processes mostly are not.
  log.aheadMs = 0.6;
  const process = await startProcess(settings);
  await process.page();
  await clock.advance(agedMs);
  const loadEach = async (...ids: number[]) => {
    for (const id of ids) {
      await process.load(String(id));
      await turns(10);
    }
  };
  return { ...world, ...process, loadEach };
}

describe('P4 one fill › rows past their age', () => {
  test('are refreshed by themselves, then together, once that has taken as long as a drain', async () => {
    const { upstream, loadEach, outcome } = await openAged(pastAgeMs);
    await loadEach(1, 2, 3);
    expect([upstream.asked, upstream.drains]).toEqual([['1', '2', '3'], 1]);
    await loadEach(4, 5, 6);
    expect([upstream.asked, upstream.drains]).toEqual([['1', '2', '3'], 2]);
    expect(await outcome('9')).toMatchObject([{ kind: 'hit', tier: 'view', ageMs: 0 }]);
  });

  test('that are asked for together take one read, and count as one', async () => {
    const { upstream, loadAll } = await openAged(pastAgeMs);
    for (const ids of [['1', '2', '3'], ['4', '5', '6'], ['7']]) {
      await loadAll(ids);
      await turns(10);
    }
    expect([upstream.reads, upstream.drains]).toEqual([3, 1]);
  });

  test('are served as they are while the collection is being read, and not read besides', async () => {
    const { upstream, loadEach, outcome } = await openAged(pastAgeMs);
    await loadEach(1, 2, 3);
    const release = upstream.holdNext('drain');
    await loadEach(4, 5);
    expect(await outcome('6')).toMatchObject([{ kind: 'stale', tier: 'view' }]);
    expect(await outcome('1')).toMatchObject([{ kind: 'hit', tier: 'memory' }]);
    release();
    await turns(10);
    expect([upstream.asked, upstream.drains]).toEqual([['1', '2', '3'], 2]);
  });

  test('are not read while a drain is under way that a page began', async () => {
    const { upstream, loadEach, page } = await openAged(pastAgeMs);
    const release = upstream.holdNext('drain');
    await page();
    await loadEach(1, 2);
    release();
    await turns(10);
    expect([upstream.asked, upstream.drains]).toEqual([[], 2]);
  });

  test('are counted anew with each drain', async () => {
    const { clock, upstream, loadEach } = await openAged(pastAgeMs);
    await loadEach(1, 2, 3, 4);
    await clock.advance(pastAgeMs);
    await loadEach(5, 6, 7);
    expect([upstream.asked, upstream.drains]).toEqual([['1', '2', '3', '5', '6', '7'], 2]);
  });

  test('past their stale window are waited for, each by itself, and count as well', async () => {
    const { upstream, loadEach, outcome } = await openAged(pastStaleMs);
    await loadEach(1, 2, 3);
    const release = upstream.holdNext('drain');
    expect(await outcome('4')).toMatchObject([{ kind: 'miss', tier: 'upstream' }]);
    release();
    await turns(10);
    expect([upstream.asked, upstream.drains]).toEqual([['1', '2', '3', '4'], 2]);
    expect(await outcome('9')).toMatchObject([{ kind: 'hit', tier: 'view' }]);
  });

  test('that many wait for are read once, and count as one', async () => {
    const { upstream, load, loadEach } = await openAged(pastStaleMs);
    const release = upstream.holdNext('read');
    const waiting = Array.from({ length: 9 }, async () => load('1'));
    await turns(10);
    release();
    await Promise.all(waiting);
    await loadEach(2, 3);
    expect([upstream.asked, upstream.drains]).toEqual([['1', '2', '3'], 1]);
  });

  test('are read by themselves while the collection cannot be read, which is tried again after a time', async () => {
    const { clock, upstream, loadEach } = await openAged(pastAgeMs);
    await loadEach(1, 2, 3);
    upstream.failing = true;
    await loadEach(4);
    upstream.failing = false;
    await loadEach(5, 6);
    expect([upstream.asked, upstream.drains]).toEqual([['1', '2', '3', '5', '6'], 2]);
    await clock.advance(2_001);
    await loadEach(7);
    expect([upstream.asked, upstream.drains]).toEqual([['1', '2', '3', '5', '6'], 3]);
  });

  test('are read whole after as many reads in a process that found the collection in the store', async () => {
    const { clock, startProcess, upstream } = await openAged(0);
    const other = await startProcess();
    await other.page();
    await clock.advance(pastAgeMs);
    for (const id of ['1', '2', '3', '4']) {
      await other.load(id);
      await turns(10);
    }
    expect([upstream.asked, upstream.drains]).toEqual([['1', '2', '3'], 2]);
  });

  test('are read anew where the page is not past its own: what is held is not found again in the store', async () => {
    const { upstream, loadEach, outcome } = await openAged(pastAgeMs, {
      page: { maxAgeMs: 600_000, staleWhileRevalidateMs: 0, staleIfErrorMs: 600_000 },
    });
    await loadEach(1, 2, 3, 4);
    expect([upstream.asked, upstream.drains]).toEqual([['1', '2', '3'], 2]);
    expect(await outcome('9')).toMatchObject([{ kind: 'hit', tier: 'view', ageMs: 0 }]);
  });

  test('are taken from a drain that another process made meanwhile', async () => {
    const { clock, startProcess, upstream, loadEach, outcome } = await openAged(pastAgeMs);
    const other = await startProcess();
    await other.page();
    await turns(10);
    await clock.advance(1_000);
    await loadEach(1, 2, 3, 4);
    expect([upstream.asked, upstream.drains]).toEqual([['1', '2', '3'], 2]);
    const [found] = await outcome('9');
    expect(found).toMatchObject({ kind: 'hit', tier: 'view', ageMs: expect.closeTo(1_000, 0) });
  });

  test('that changed are not among them: no drain would spare their reads', async () => {
    const { upstream, begin, changed, tick } = await openAged(pastAgeMs);
    const ids = [...upstream.rows.keys()];
    for (const id of ids) {
      changed([id], begin([id]));
      await tick();
      await turns(10);
    }
    expect([upstream.asked, upstream.drains]).toEqual([ids, 1]);
  });

  test('that may not be kept at all are read for each who asks: a drain would spare nothing', async () => {
    const { upstream, loadEach } = await openAged(1, {
      entity: { maxAgeMs: 0, staleWhileRevalidateMs: 60_000, staleIfErrorMs: 600_000 },
    });
    await loadEach(1, 2, 3, 4, 5, 6);
    expect([upstream.asked, upstream.drains]).toEqual([['1', '2', '3', '4', '5', '6'], 1]);
  });
});
