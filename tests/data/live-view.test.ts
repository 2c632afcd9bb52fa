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
