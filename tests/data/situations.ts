/** Situations that are long in coming about, and that several tests begin from. */
import { expect } from 'vitest';
import { openWorld, turns } from './world.ts';

/**
 * A process that holds row 1 of version 9, though upstream gave version 8 to a later drain. Before that drain changes
 * began, of all and of row 1, which are not told yet.
 *
 * @param by - What it read version 9 by.
 */
export async function openHeldBack({ by = 'a drain' }: { by?: 'a drain' | 'a change' } = {}) {
  const world = openWorld();
  const { clock, upstream, startProcess, begin } = world;
  if (by === 'a drain') upstream.rows.set('1', 9);
  const process = await startProcess();
  await process.page();
  upstream.rows.set('1', 9);
  if (by === 'a change') await process.tell('updated', '1', 9);
  upstream.asked.length = 0;
  await clock.advance(61_000);
  const [ofAll, ofOne] = [begin('*'), begin(['1'])];
  await process.tick();
  upstream.rows.set('1', 8);
  await process.page();
  await turns(5);
  expect(await process.page()).toEqual([9, 1, 1]);
  return { ...world, ...process, ofAll, ofOne };
}

/** A process that reads a changed row, which hangs, while a drain that was begun after the change gave all rows. */
export async function openOvertakenRead({ hard }: { hard: boolean }) {
  const world = openWorld();
  const { clock, upstream, startProcess, begin, changed } = world;
  const process = await startProcess();
  await process.page();
  changed(['1'], begin(['1']), hard);
  const release = upstream.holdNext();
  await process.tick();
  await turns(5);
  await clock.advance(61_000);
  void process.page().catch(() => {}); // Which a drain is begun for; it waits for the row.
  await turns(10);
  return { ...world, ...process, release };
}
