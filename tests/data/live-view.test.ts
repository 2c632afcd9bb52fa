/** The view that pages are cut from: what changes, purges, resets and eras do to it, and what it goes on with. */
import { describe, expect, test } from 'vitest';
import { items, versionText } from '../simulation/upstream.ts';
import { openWorld, soon, turns } from './world.ts';

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
  });

  test('is not shown while one of its changed rows was purged, though the others were not', async () => {
    const { upstream, startProcess, begin, changed } = openWorld();
    const { page, tick } = await startProcess();
    await page();
    changed(['1'], begin(['1']), true);
    changed(['2'], begin(['2']));
    upstream.failing = true;
    await tick();
    await expect(page()).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  });

  test('is shown until it is as old as the schema allows, and no longer', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const { page, tick } = await startProcess();
    await page();
    upstream.failing = true;
    for (let seconds = 0; seconds < 650; seconds += 50) {
      await clock.advance(50_000);
      await tick(); // Whoever is away for long forgets what it holds.
    }
    await clock.advance(9_993);
    expect(await page()).toEqual([1, 1, 1]);
    await clock.advance(1);
    await expect(page()).rejects.toThrow('503');
  });
});

describe('read-your-writes › a row that changed', () => {
  test('is read once for all processes, and not again for a page', async () => {
    const { upstream, startProcess } = openWorld();
    const [one, two] = [await startProcess(), await startProcess()];
    await one.page();
    await two.page();
    upstream.rows.set('1', 2);
    await one.tell('updated', '1', 2);
    await two.tick();
    expect([await one.page(), await two.page()]).toEqual([
      [2, 1, 1],
      [2, 1, 1],
    ]);
    expect(upstream.asked).toEqual(['1']);
  });

  test('is waited for though it changes once more meanwhile', async () => {
    const { clock, upstream, startProcess, begin, changed } = openWorld();
    const { page, tick } = await startProcess();
    await page();
    upstream.rows.set('1', 2);
    changed(['1'], begin(['1']));
    const release = upstream.holdNext();
    await tick();
    const asked = page();
    await turns(5);
    await clock.advance(1);
    upstream.rows.set('1', 3);
    changed(['1'], begin(['1']));
    await tick();
    release();
    expect(await asked).toEqual([3, 1, 1]);
  });

  test('is read again for the page where a drain gave it as it was, between the change and its telling', async () => {
    const { log, upstream, startProcess } = openWorld();
    const [one, two] = [await startProcess(), await startProcess()];
    upstream.rows.set('1', 2);
    const began = log.holdNext('append');
    const telling = one.tell('updated', '1', 2);
    await began.reached;
    await two.tick();
    upstream.lagging.set('1', { version: 1, reads: 'in a drain' });
    expect(await two.page()).toEqual([1, 1, 1]);
    began.release();
    await telling;
    await two.tick();
    expect(await two.page()).toEqual([2, 1, 1]);
  });

  test('by upstream’s word is not read again where a drain gave it as it is by now, or no more', async () => {
    const { upstream, startProcess } = openWorld();
    const [one, two] = [await startProcess(), await startProcess()];
    upstream.rows.set('1', 2);
    await one.tell('updated', '1', 2);
    upstream.rows.delete('2');
    await one.tell('deleted', '2', 2);
    await two.tick();
    expect(await two.page()).toEqual([2, 1]);
    expect(upstream.asked).toEqual(['1', '2']);
  });
});

describe('P6 bounded age › a row of which nothing tells whether upstream has come to its change', () => {
  test('is read once more in the millisecond in which upstream has settled', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const { change, page, resource } = await startProcess();
    await page();
    upstream.rows.set('1', 2);
    upstream.lagging.set('1', { version: 1, reads: 1 });
    await change('1');
    await clock.advance(999);
    expect([await page(), resource.isSettled()]).toEqual([[1, 1, 1], true]);
    await clock.advance(1);
    expect(resource.isSettled()).toBe(false);
    expect([await page(), resource.isSettled()]).toEqual([[2, 1, 1], true]);
  });

  test('is read by itself when it is due, the others when they are', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const { change, page } = await startProcess();
    await page();
    for (const id of ['1', '2', '3']) {
      await change(id);
      await clock.advance(300);
    }
    const asked: string[][] = [];
    for (const waitMs of [100, 300, 300]) {
      upstream.asked.length = 0;
      await clock.advance(waitMs);
      await page();
      asked.push([...upstream.asked]);
    }
    expect(asked).toEqual([['1'], ['2'], ['3']]);
  });

  test('is not waited for by those who asked before it was due', async () => {
    const { clock, upstream, startProcess, begin, changed } = openWorld();
    const { change, page, tick } = await startProcess();
    await page();
    await change('1');
    await clock.advance(990);
    changed(['2'], begin(['2']));
    const release = upstream.holdNext();
    await tick();
    const asked = page();
    await turns(5);
    await clock.advance(20);
    release();
    expect(await asked).toEqual([1, 1, 1]);
    expect(upstream.asked).toEqual(['1', '2']);
  });

  test('is not asked for every few seconds when it is gone', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const { change, page } = await startProcess();
    await page();
    upstream.rows.delete('1');
    await change('1');
    for (let seconds = 0; seconds < 50; seconds += 10) {
      expect(await page()).toEqual([1, 1]);
      await clock.advance(10_000);
    }
    expect(upstream.asked).toEqual(['1']);
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

describe('P6 bounded age › a process that was away for longer than the log reaches back', () => {
  async function openAway() {
    const world = openWorld();
    const process = await world.startProcess();
    await process.page();
    world.upstream.rows.set('1', 9);
    await process.change('1');
    expect(await process.page()).toEqual([9, 1, 1]);
    await world.clock.advance(310_000);
    return { ...world, ...process };
  }

  test('forgets rows, pages and versions, and drains before anyone asks', async () => {
    const { upstream, load, page, tick } = await openAway();
    upstream.rows.set('1', 8);
    await tick();
    expect(await load('1')).toBe(8);
    await turns(5);
    expect(upstream.drains).toBe(2);
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

describe('P2 parity › a new base', () => {
  test('does not take back a row that it has in an older version, which is counted', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const { page, rejected } = await startProcess();
    upstream.rows.set('1', 9);
    await page();
    await clock.advance(61_000);
    upstream.rows.set('1', 8);
    await page();
    await turns(5);
    expect([await page(), upstream.drains, await rejected('older_version')]).toEqual([[9, 1, 1], 2, 1]);
  });

  test('counts where the row had no version', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const versionOf: typeof items.versionOf = (item) => (item.version === versionText(1) ? undefined : item.version);
    const { page } = await startProcess({ definition: { ...items, versionOf } });
    await page();
    await clock.advance(61_000);
    upstream.rows.set('1', 2);
    await page();
    await turns(5);
    expect([await page(), upstream.drains]).toEqual([[2, 1, 1], 2]);
  });

  test('goes on with a row that was read after it began, without reading it again, whatever memory has room for', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const { change, page } = await startProcess({ memoryBytes: 1 });
    await page();
    await clock.advance(61_000);
    const release = upstream.holdNext('drain');
    await page();
    await turns(5);
    upstream.rows.set('1', 2);
    await change('1');
    upstream.lagging.set('1', { version: 1, reads: 'in a drain' });
    release();
    await turns(5);
    expect([await page(), upstream.drains, upstream.asked]).toEqual([[2, 1, 1], 2, ['1']]);
  });
});

describe('P2 parity › a row that was read since a reset', () => {
  test('never goes back, though the view is from before it, whatever memory has room for', async () => {
    const { upstream, startProcess, begin, changed } = openWorld();
    const { change, load, page, tick } = await startProcess({ memoryBytes: 1 });
    await page();
    changed('*', begin('*'));
    await tick();
    upstream.rows.set('1', 3);
    await change('1');
    upstream.rows.set('1', 2);
    await change('1');
    expect(await load('1')).toBe(3);
  });
});

describe('P2 parity › a row without versions', () => {
  const definition: typeof items = { ...items, versionOf: () => undefined };

  test('that a reader finds gone leaves the page', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const { load, page } = await startProcess({ definition });
    await page();
    upstream.rows.delete('1');
    await clock.advance(61_000);
    await load('1');
    await turns(5);
    upstream.holdNext('drain'); // Which a stale page begins.
    expect(await page()).toEqual([1, 1]);
  });

  test('that a reader finds comes onto the page', async () => {
    const { upstream, startProcess } = openWorld();
    const { load, page } = await startProcess({ definition });
    await page();
    upstream.rows.set('4', 1);
    expect(await load('4')).toBe(1);
    expect(await page()).toEqual([1, 1, 1, 1]);
  });
});
