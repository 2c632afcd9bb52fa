/** Pages as they are served: how each came about, what is told of the collection, and when an answer may be kept. */
import { describe, expect, test } from 'vitest';
import { Deadline } from '../../src/cache/deadline.ts';
import type { Part } from '../../src/data/journal.ts';
import { openWorld, turns } from './world.ts';

/** How long a row or page is fresh, in ms, by the policy and the chance of the tests' world. */
const freshMs = 59_994;

describe('P8 observable › a page', () => {
  test('is told as it came about: a miss, joined by others, then a hit, then stale', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const { pageOutcome } = await startProcess();
    const release = upstream.holdNext('drain');
    const first = pageOutcome();
    await turns(5);
    const second = pageOutcome();
    await turns(5);
    release();
    const read = { namespace: 'items', tier: 'upstream', ttlMs: freshMs, ageMs: 0, stored: true };
    expect(await first).toEqual([{ ...read, kind: 'miss' }]);
    expect(await second).toEqual([{ ...read, kind: 'coalesced' }]);
    await clock.advance(5_000);
    const held = { namespace: 'items', tier: 'view', stored: true };
    expect(await pageOutcome()).toEqual([{ ...held, kind: 'hit', ttlMs: freshMs - 5_000, ageMs: 5_000 }]);
    await clock.advance(freshMs - 5_000);
    expect(await pageOutcome()).toEqual([{ ...held, kind: 'stale', ttlMs: 0, ageMs: freshMs }]);
  });

  test('is counted as it came about', async () => {
    const { page, pages } = await openWorld().startProcess();
    for (let i = 0; i < 3; i++) await page();
    expect(await pages({ tier: 'upstream', kind: 'miss' })).toBe(1);
    expect(await pages({ tier: 'view', kind: 'hit' })).toBe(2);
  });

  test('on error is told as such, and never as fresh for some time to come', async () => {
    const { clock, upstream, startProcess, begin, changed } = openWorld();
    const { page, pageOutcome, tick } = await startProcess();
    await page();
    await clock.advance(5_000);
    upstream.failing = true;
    changed(['1'], begin(['1']));
    await tick();
    expect(await pageOutcome()).toMatchObject([{ kind: 'stale_if_error', tier: 'view', ttlMs: 0, ageMs: 5_000 }]);
  });

  test('is never told as older than nothing, though the clock of the log was set back', async () => {
    const { log, startProcess } = openWorld();
    const { page, pageOutcome, status, tick } = await startProcess();
    await page();
    log.aheadMs = -5_000;
    await tick();
    expect(await pageOutcome()).toMatchObject([{ ageMs: 0 }]);
    expect(status().ageSeconds).toBe(0);
  });
});

describe('P8 observable › the status of a collection', () => {
  test('is empty, then filling, then fresh, then stale', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const { page, status, tick } = await startProcess();
    const nothing = { size: 0, ageSeconds: null, quarantined: 0 };
    expect(status()).toEqual({ ...nothing, status: 'empty' });
    const release = upstream.holdNext('drain');
    const asked = page();
    await turns(5);
    expect(status()).toEqual({ ...nothing, status: 'filling' });
    release();
    await asked;
    await clock.advance(2_900);
    expect(status()).toEqual({ status: 'fresh', size: 3, ageSeconds: 2, quarantined: 0 });
    await clock.advance(freshMs);
    await tick();
    expect(status()).toMatchObject({ status: 'stale', size: 3, ageSeconds: 62 });
  });

  test('is stale from when a reset is known until the collection was read anew', async () => {
    const { startProcess, begin, changed } = openWorld();
    const { page, status, tick } = await startProcess();
    await page();
    changed('*', begin('*'));
    await tick();
    expect(status().status).toBe('stale');
    await page();
    expect(status().status).toBe('fresh');
  });

  test('is failed while the last drain failed, with what is held', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const { page, status } = await startProcess();
    await page();
    await clock.advance(61_000);
    upstream.failing = true;
    await page();
    await turns(5);
    expect(status()).toMatchObject({ status: 'failed', size: 3 });
  });
});

describe('a collection that is warmed', () => {
  test.each([
    ['by a store that answers', undefined],
    ['by itself, where the store is silent', 'getMany'],
  ] as const)('is drained before anyone asks, once: held to it %s', async (_name, silent) => {
    const { store, upstream, startProcess } = openWorld();
    const { resource, status } = await startProcess();
    if (silent) store.silence(silent);
    resource.warm();
    resource.warm();
    await turns(5);
    expect(status().status).toBe('fresh');
    resource.warm();
    await turns(5);
    expect(upstream.drains).toBe(1);
  });

  test.each([
    ['by a store that answers', undefined],
    ['by itself, where the store is silent', 'getMany'],
  ] as const)('is not drained again within a second of a failure: held to it %s', async (_name, silent) => {
    const { clock, store, upstream, startProcess } = openWorld();
    const { resource } = await startProcess();
    if (silent) store.silence(silent);
    upstream.failing = true;
    resource.warm();
    await turns(5);
    resource.warm();
    await turns(5);
    expect(upstream.drains).toBe(1);
    await clock.advance(1_001);
    resource.warm();
    await turns(5);
    expect(upstream.drains).toBe(2);
  });

  test('by a purge of all is drained at once, though nobody asks', async () => {
    const { upstream, startProcess, begin, changed } = openWorld();
    const { page, status, tick } = await startProcess();
    await page();
    changed('*', begin('*'), true);
    await tick();
    await turns(5);
    expect([upstream.drains, status().status]).toEqual([2, 'fresh']);
  });

  test('by a purge of all is not, where nothing was held', async () => {
    const { upstream, startProcess, begin, changed } = openWorld();
    const { tick } = await startProcess();
    changed('*', begin('*'), true);
    await tick();
    await turns(5);
    expect(upstream.drains).toBe(0);
  });
});

describe('P6 bounded age › a page that may not be kept at all', () => {
  const page = { maxAgeMs: 0, staleWhileRevalidateMs: 0, staleIfErrorMs: 600_000 };

  test('is read for each who asks', async () => {
    const { upstream, startProcess } = openWorld();
    const process = await startProcess({ page });
    expect([await process.page(), await process.page()]).toEqual([
      [1, 1, 1],
      [1, 1, 1],
    ]);
    expect(upstream.drains).toBe(2);
  });

  test('is read again for those who joined a drain that was begun before they asked', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const process = await startProcess({ page });
    const release = upstream.holdNext('drain');
    const first = process.page();
    await turns(5);
    await clock.advance(10);
    const second = process.page();
    await turns(5);
    release();
    await Promise.all([first, second]);
    expect(upstream.drains).toBe(2);
  });
});

describe('what waits for changed rows', () => {
  test('leaves no timer behind', async () => {
    const { clock, startProcess, begin, changed } = openWorld();
    const { page, tick } = await startProcess();
    await page();
    changed(['1'], begin(['1']));
    await tick();
    await page();
    expect(clock.sleeping(30_000)).toBe(0);
  });

  test('is not settled until they are read', async () => {
    const { upstream, startProcess, begin, changed } = openWorld();
    const { page, resource, tick } = await startProcess();
    await page();
    expect(resource.isSettled()).toBe(true);
    changed(['1'], begin(['1']));
    const release = upstream.holdNext();
    await tick();
    expect(resource.isSettled()).toBe(false);
    release();
    await turns(5);
    expect(resource.isSettled()).toBe(true);
  });
});

describe('P5 no resurrection › an answer that is kept', () => {
  test('of a page is the same page', async () => {
    const { clock, startProcess } = openWorld();
    const { resource } = await startProcess();
    const request = { deadline: new Deadline(clock, 10_000), note: () => {} };
    const query = { first: 2, order: 'NAME', direction: 'ASC' } as const;
    const page = await resource.reader(request).page(query);
    const parts: Part[] = [];
    const kept = await resource.reader({ ...request, touch: (part) => parts.push(part) }).page(query);
    expect(kept).toEqual(page);
    expect([kept.edges.length, kept.totalCount, parts.length]).toEqual([2, 3, 1]);
  });

  test('of a page is dropped when a row of it changes, before and after the collection was read anew', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const { change, keepPage, page } = await startProcess();
    await page();
    const first = await keepPage();
    upstream.rows.set('1', 2);
    await change('1');
    expect(first()).toBe(false);
    const second = await keepPage();
    expect(second()).toBe(true);
    await clock.advance(61_000);
    await page();
    await turns(5);
    expect(second()).toBe(false);
    const third = await keepPage();
    upstream.rows.set('2', 2);
    await change('2');
    expect(third()).toBe(false);
  });

  test('of a page is dropped with a drain that nobody told of a change, and finds one', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const { keepPage, page } = await startProcess();
    await page();
    const kept = await keepPage();
    await clock.advance(61_000);
    upstream.rows.set('1', 2);
    await page();
    await turns(5);
    expect([kept(), await page()]).toEqual([false, [2, 1, 1]]);
  });

  test('of a page is dropped when a row comes far from it, if it tells how many there are', async () => {
    const { upstream, startProcess } = openWorld();
    const { change, keepPage, page } = await startProcess();
    await page();
    const [kept, counted] = [await keepPage({ first: 1 }), await keepPage({ first: 1, counts: true })];
    upstream.rows.set('9', 1);
    await change('9');
    expect([kept(), counted()]).toEqual([true, false]);
  });

  test('of a page goes on where a reader finds a row as it was', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const { keepPage, load, page } = await startProcess();
    await page();
    const kept = await keepPage();
    await clock.advance(61_000);
    await load('1');
    await turns(5);
    expect([upstream.asked, kept()]).toEqual([['1'], true]);
  });

  test('of a row is dropped when that is told to have changed, not when another is', async () => {
    const { startProcess, begin, changed } = openWorld();
    const { keepRow, loadAll, tick } = await startProcess();
    await loadAll(['1', '2']);
    const [one, two] = [await keepRow('1'), await keepRow('2')];
    changed(['1'], begin(['1']));
    await tick();
    expect([one(), two()]).toEqual([false, true]);
  });

  test('of a row is dropped when a reader finds it another, though nobody told of a change', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const { keepRow, load } = await startProcess();
    await load('1');
    const kept = await keepRow('1');
    await clock.advance(61_000);
    upstream.rows.set('1', 2);
    await load('1');
    await turns(5);
    expect(kept()).toBe(false);
  });

  test.each([
    ['a reset', async ({ begin, changed }: ReturnType<typeof openWorld>) => changed('*', begin('*'))],
    ['an era', async ({ log }: ReturnType<typeof openWorld>) => log.beginEra('era-b')],
    ['a long absence', ({ clock }: ReturnType<typeof openWorld>) => clock.advance(310_000)],
  ])('of rows and pages is dropped with %s', async (_name, happen) => {
    const world = openWorld();
    const { keepPage, keepRow, load, page, tick } = await world.startProcess();
    await page();
    await load('1');
    const [keptPage, keptRow] = [await keepPage(), await keepRow('1')];
    expect([keptPage(), keptRow()]).toEqual([true, true]);
    await happen(world);
    await tick();
    expect([keptPage(), keptRow()]).toEqual([false, false]);
  });
});
