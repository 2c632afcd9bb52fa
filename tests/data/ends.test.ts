/** What ends: by a reset, a purge, or an absence that is longer than the change log reaches back. */
import { describe, expect, test } from 'vitest';
import { openHeldBack } from './situations.ts';
import { openWorld, soon, turns } from './world.ts';

describe('P5 no resurrection › a reset', () => {
  test.each([
    ['the page is asked for first', 'a drain'],
    ['the row is asked for first', 'a drain'],
    ['the page is asked for first', 'a change'],
    ['the row is asked for first', 'a change'],
  ] as const)(
    'ends what older versions are held against, though it was found again since: %s, read by %s',
    async (first, by) => {
      const { load, page, tick, upstream, changed, ofAll } = await openHeldBack({ by });
      changed('*', ofAll);
      await tick();
      if (first === 'the row is asked for first') expect(await load('1')).toBe(8);
      expect([await page(), await load('1')]).toEqual([[8, 1, 1], 8]);
      expect(new Set(upstream.asked)).toEqual(new Set(['1']));
    },
  );

  test('ends it also for a page that was asked for before, and waits', async () => {
    const { clock, page, tick, upstream, begin, changed, ofAll } = await openHeldBack();
    upstream.rows.set('2', 2);
    changed(['2'], begin(['2']));
    const release = upstream.holdNext();
    await tick();
    const asked = page();
    await turns(5);
    await clock.advance(1);
    changed('*', ofAll);
    await tick();
    release();
    expect(await asked).toEqual([8, 2, 1]);
  });

  test('does not end what was read since it began: those rows do not go back', async () => {
    const { page, tick, upstream, begin, changed, ofAll } = await openHeldBack();
    changed('*', ofAll);
    await tick();
    expect(await page()).toEqual([8, 1, 1]);
    for (const id of ['1', '2']) upstream.rows.set(id, 0);
    changed(['1', '2'], begin(['1', '2']));
    await tick();
    expect(await page()).toEqual([8, 1, 1]);
  });

  test('ends them also for a row that was read by itself since it began, and was held back once more', async () => {
    const { load, page, tick, begin, changed, ofAll } = await openHeldBack();
    changed(['1'], begin(['1']));
    await tick();
    expect(await page()).toEqual([9, 1, 1]);
    changed('*', ofAll);
    await tick();
    expect([await load('1'), await page()]).toEqual([8, [8, 1, 1]]);
  });

  test('ends it in memory also where there is no page', async () => {
    const { clock, upstream, startProcess, begin, changed } = openWorld();
    const { load, tick } = await startProcess();
    upstream.rows.set('1', 9);
    await load('1');
    await clock.advance(61_000);
    const floor = begin('*');
    await tick();
    upstream.rows.set('1', 8);
    await load('1');
    await turns(5);
    expect(await load('1')).toBe(9);
    changed('*', floor);
    await tick();
    expect(await load('1')).toBe(8);
  });

  test('ends them where the base was read before it began: the next row and the next page are upstream’s', async () => {
    const { upstream, startProcess, begin, changed } = openWorld();
    const { change, load, page, tick } = await startProcess();
    upstream.rows.set('2', 9);
    await page();
    upstream.rows.set('1', 9);
    await change('1');
    expect(await page()).toEqual([9, 9, 1]);
    for (const id of ['1', '2']) upstream.rows.set(id, 8);
    changed('*', begin('*'));
    await tick();
    expect([await load('1'), await load('2')]).toEqual([8, 8]);
    expect(await page()).toEqual([8, 8, 1]);
  });

  test('ends them in the view also where that waits for a drain in a new era', async () => {
    const { log, upstream, startProcess, begin, changed } = openWorld();
    upstream.rows.set('1', 9);
    const { load, page, tick } = await startProcess();
    await page();
    log.beginEra('era-b');
    await tick();
    const [ofAll, ofOne] = [begin('*'), begin(['1'])];
    upstream.rows.set('1', 8);
    changed(['1'], ofOne);
    await tick();
    await turns(5);
    expect(await load('1')).toBe(9);
    changed('*', ofAll);
    await tick();
    expect(await load('1')).toBe(8);
  });

  test('of this process serves what it drained at once, without another look at the store', async () => {
    const { store, upstream, startProcess } = openWorld();
    const { page, pageOutcome, reset } = await startProcess();
    await page();
    upstream.rows.set('1', 2);
    await reset();
    store.silence('getMany');
    expect(await pageOutcome()).toMatchObject([{ kind: 'hit', tier: 'view' }]);
    expect(await page()).toEqual([2, 1, 1]);
  });

  test('that becomes known while a base is loaded keeps it from being taken in', async () => {
    const { store, upstream, startProcess, begin, changed } = openWorld();
    const [one, two] = [await startProcess(), await startProcess()];
    await one.page();
    const manifest = store.holdNext('getMany');
    const asked = two.page();
    await manifest.reached;
    const chunk = store.holdNext('getMany');
    manifest.release();
    await chunk.reached;
    upstream.rows.set('1', 2);
    changed('*', begin('*'));
    await two.tick();
    chunk.release();
    expect(await soon(asked)).toEqual([2, 1, 1]);
    expect([upstream.drains, await two.rejected('invalidated')]).toEqual([2, 1]);
  });

  test('goes on showing what it ends while upstream fails, unless it is a purge', async () => {
    const { page, tick, upstream, changed, ofAll } = await openHeldBack();
    upstream.failing = true;
    changed('*', ofAll);
    await tick();
    expect(await page()).toEqual([9, 1, 1]);
  });
});

describe('P5 no resurrection › a purge', () => {
  test('takes the row out of the view at once', async () => {
    const { upstream, startProcess, begin, changed } = openWorld();
    const { page, status, tick } = await startProcess();
    await page();
    changed(['1'], begin(['1']), true);
    const release = upstream.holdNext();
    await tick();
    expect(status().size).toBe(2);
    release();
    await turns(5);
    expect(status().size).toBe(3);
  });
});

describe('P5 no resurrection › a purge of all', () => {
  test('leaves nothing to be shown on error', async () => {
    const { upstream, startProcess, begin, changed } = openWorld();
    const { page, status, tick } = await startProcess();
    await page();
    upstream.failing = true;
    changed('*', begin('*'), true);
    await tick();
    expect(status().size).toBe(0);
    await expect(page()).rejects.toThrow('503');
  });

  test('leaves no row to be read by itself: all are drained', async () => {
    const { clock, upstream, startProcess, begin, changed } = openWorld();
    const { page, tick } = await startProcess();
    await page();
    upstream.failing = true;
    changed(['1'], begin(['1']));
    await tick();
    await turns(5);
    await clock.advance(1_001); // The failure is no longer remembered.
    upstream.failing = false;
    changed('*', begin('*'), true);
    await tick();
    await turns(5);
    expect([upstream.asked, upstream.drains]).toEqual([['1'], 2]);
  });

  test('leaves nothing of what was read before it, though a reset of this process waits to be told', async () => {
    const { log, startProcess, begin, changed } = openWorld();
    const { page, reset, status, tick } = await startProcess();
    await page();
    const purge = begin('*');
    const announcing = log.delayNext('changed');
    const resetting = reset();
    await announcing.reached;
    // A reset that began after this process's own is told first.
    changed('*', begin('*'));
    await tick();
    expect(status().size).toBe(3);
    changed('*', purge, true);
    await tick();
    expect(status().size).toBe(0);
    announcing.release();
    await resetting;
  });

  test('ends what a reset of this process ended, though that was drained for and is overtaken', async () => {
    const { log, upstream, startProcess, begin, changed } = openWorld();
    const { page, reset, status, tick } = await startProcess();
    await page();
    const announcing = log.delayNext('changed');
    const resetting = reset();
    await announcing.reached;
    changed('*', begin('*'), true);
    upstream.failing = true;
    await tick();
    expect(status().size).toBe(0);
    await expect(page()).rejects.toThrow('503');
    upstream.failing = false;
    announcing.release();
    await resetting;
  });

  test('ends what older versions of upstream are held against, and shows no page without it', async () => {
    const { page, status, tick, upstream, changed, ofAll } = await openHeldBack();
    upstream.failing = true;
    changed('*', ofAll, true);
    await tick();
    expect(status().size).toBe(2);
    await expect(page()).rejects.toThrow('503');
    upstream.failing = false;
  });

  test('ends them also when it is told in the next era, in which the view serves on error alone', async () => {
    const { log, page, status, tick, upstream, ofAll } = await openHeldBack();
    log.beginEra('era-b');
    upstream.failing = true;
    await tick();
    expect(await page()).toEqual([9, 1, 1]);
    log.add({ kind: 'purged', namespace: 'item', ids: '*', at: { era: 'era-a', position: ofAll } });
    await tick();
    expect(status().size).toBe(2);
    await expect(page()).rejects.toThrow('503');
  });
});

describe('P6 bounded age › a process that was away for longer than the log reaches back', () => {
  async function openAway() {
    const world = openWorld();
    const process = await world.startProcess();
    await process.page();
    world.upstream.rows.set('1', 9);
    world.store.failNext('commit'); // Where it would be valid, as the era goes on.
    await process.change('1');
    expect(await process.page()).toEqual([9, 1, 1]);
    await world.clock.advance(310_000);
    return { ...world, ...process };
  }

  test('forgets rows, pages and versions, and drains before anyone asks', async () => {
    const { upstream, load, page, tick } = await openAway();
    upstream.rows.set('1', 8);
    const release = upstream.holdNext('drain');
    await tick();
    expect(await load('1')).toBe(8);
    expect(upstream.drains).toBe(2);
    release();
    expect(await page()).toEqual([8, 1, 1]);
  });

  test('has nothing to show on error', async () => {
    const { upstream, load, page, tick } = await openAway();
    upstream.failing = true;
    await tick();
    await expect(load('2')).rejects.toThrow('503');
    await expect(page()).rejects.toThrow('503');
  });

  test('drains nothing that it did not hold, and is in step with the log', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const { coherence, tick } = await startProcess();
    await clock.advance(310_000);
    await tick();
    await turns(5);
    expect([coherence(), upstream.drains]).toEqual(['ok', 0]);
  });
});
