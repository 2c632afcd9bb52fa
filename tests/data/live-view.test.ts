/** The view that pages are cut from: what changes, purges, resets and eras do to it, and what it goes on with. */
import { describe, expect, test } from 'vitest';
import { openWorld, turns } from './world.ts';

/**
 * A process that holds row 1 of version 9, though upstream gave version 8 to a later drain. Before that drain changes
 * began, of all and of row 1, which are not told yet.
 */
async function openHeldBack() {
  const world = openWorld();
  const { clock, upstream, startProcess, begin } = world;
  upstream.rows.set('1', 9);
  const process = await startProcess();
  await process.page();
  await clock.advance(61_000);
  const [ofAll, ofOne] = [begin('*'), begin(['1'])];
  await process.tick();
  upstream.rows.set('1', 8);
  await process.page();
  await turns(5);
  expect(await process.page()).toEqual([9, 1, 1]);
  return { ...world, ...process, ofAll, ofOne };
}

describe('P7 degrades, never dies › a view on error', () => {
  test('is not shown without a row that was purged, though the rest of it was read since the purge began', async () => {
    const { page, tick, upstream, changed, ofOne } = await openHeldBack();
    changed(['1'], ofOne, true);
    upstream.failing = true;
    await tick();
    await expect(page()).rejects.toThrow('503');
    upstream.failing = false;
  });
});

describe('P5 no resurrection › a reset', () => {
  test('ends what older versions of upstream are held against, on pages and in memory, though both were read since it began', async () => {
    const { load, page, tick, changed, ofAll } = await openHeldBack();
    changed('*', ofAll);
    await tick();
    expect([await load('1'), await page(), await load('1')]).toEqual([8, [8, 1, 1], 8]);
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

  test('goes on showing what it ends while upstream fails, unless it is a purge', async () => {
    const { page, tick, upstream, changed, ofAll } = await openHeldBack();
    upstream.failing = true;
    changed('*', ofAll);
    await tick();
    expect(await page()).toEqual([9, 1, 1]);
  });
});

describe('P5 no resurrection › a purge of all', () => {
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

  test('ends what older versions of upstream are held against, and shows no page without it', async () => {
    const { page, status, tick, upstream, changed, ofAll } = await openHeldBack();
    upstream.failing = true;
    changed('*', ofAll, true);
    await tick();
    expect(status().size).toBe(2);
    await expect(page()).rejects.toThrow('503');
    upstream.failing = false;
  });
});
