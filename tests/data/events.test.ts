/** Change events: what upstream says of its rows, and what is made of rows that lag behind its word. */
import { describe, expect, test } from 'vitest';
import type { Process } from './process.ts';
import { openWorld, turns } from './world.ts';

/** How many rows were told as behind upstream's word. */
const behind = async ({ rejected }: Process) => (await rejected('behind', 'item')) + (await rejected('behind'));

describe('read-your-writes › an event of a row', () => {
  test.each([1, 2, 3, 4])(
    'that upstream gives %i times as it was is read again until it has come to it',
    async (reads) => {
      const { clock, upstream, startProcess } = openWorld();
      const { tell, load, page } = await startProcess();
      await page();
      upstream.rows.set('1', 2);
      upstream.lagging.set('1', { version: 1, reads });
      const told = await clock.pump(tell('updated', '1', 2), 50);
      expect(told).toMatchObject({ refreshed: 1 });
      expect(upstream.reads).toBe(1 + reads);
      expect([await load('1'), await page()]).toEqual([2, [2, 1, 1]]);
    },
  );

  test('that upstream goes on giving as it was is kept for a second, counted, and read again then', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const process = await startProcess();
    const { tell, load, page, tick } = process;
    await page();
    upstream.rows.set('1', 2);
    upstream.lagging.set('1', { version: 1, reads: 5 });
    await clock.pump(tell('updated', '1', 2), 50);
    expect(await behind(process)).toBe(1);
    await clock.advance(1_000);
    await tick();
    expect([await load('1'), await page()]).toEqual([2, [2, 1, 1]]);
  });

  test('made anew waits until upstream has it, and is on the page then', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const { tell, load, page } = await startProcess();
    await page();
    upstream.rows.set('4', 5);
    upstream.lagging.set('4', { version: undefined, reads: 2 });
    expect(await clock.pump(tell('created', '4', 5), 50)).toMatchObject({ refreshed: 1, missing: 0 });
    expect([await load('4'), await page()]).toEqual([5, [1, 1, 1, 5]]);
  });

  test('made anew that upstream goes on not having is looked for again after a second, for the page too', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const { tell, page, tick } = await startProcess();
    await page();
    upstream.rows.set('4', 5);
    upstream.lagging.set('4', { version: undefined, reads: 6 });
    expect(await clock.pump(tell('created', '4', 5), 50)).toMatchObject({ refreshed: 0, missing: 1 });
    expect(await page()).toEqual([1, 1, 1]);
    await clock.advance(1_000);
    await tick();
    expect(await page()).toEqual([1, 1, 1, 5]);
  });

  test('deleted waits until upstream has it no more, and is gone from the page then', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const { tell, load, page } = await startProcess();
    await page();
    upstream.rows.delete('1');
    upstream.lagging.set('1', { version: 1, reads: 2 });
    expect(await clock.pump(tell('deleted', '1', 2), 50)).toMatchObject({ refreshed: 0, missing: 1 });
    expect([await load('1'), await page()]).toEqual([null, [1, 1]]);
  });

  test('deleted, then made anew before it is read: the new row counts', async () => {
    const { upstream, startProcess } = openWorld();
    const { tell, load, page } = await startProcess();
    await page();
    upstream.rows.set('1', 3);
    expect(await tell('deleted', '1', 2)).toMatchObject({ refreshed: 1 });
    expect([await load('1'), await page(), upstream.reads]).toEqual([3, [3, 1, 1], 1]);
  });

  test('with its version is fresh for as long as the schema says: nothing is left to settle', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const { tell, change, outcome, tick } = await startProcess();
    upstream.rows.set('1', 2);
    await tell('updated', '1', 2);
    await change('2');
    await clock.advance(30_000);
    await tick();
    expect(await outcome('1')).toMatchObject([{ kind: 'hit' }]);
    expect(await outcome('2')).toMatchObject([{ kind: 'miss' }]);
  });

  test('without a version says nothing of what lags', async () => {
    const { upstream, startProcess } = openWorld();
    const { tell, load } = await startProcess();
    upstream.rows.set('1', 2);
    upstream.lagging.set('1', { version: 1, reads: 1 });
    await tell('updated', '1');
    expect([await load('1'), upstream.reads]).toEqual([1, 1]);
  });

  test('gives up when upstream fails meanwhile, with what it gave before', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const { tell, load } = await startProcess();
    upstream.rows.set('1', 2);
    upstream.lagging.set('1', { version: 1, reads: 9 });
    const telling = tell('updated', '1', 2);
    await turns(5);
    upstream.failing = true;
    expect(await clock.pump(telling, 50)).toMatchObject({ refreshed: 1 });
    expect(await load('1')).toBe(1);
  });
});

describe('read-your-writes › what another process knows by the log', () => {
  test('is held against its own reads: one that lags is read again within a second', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const [one, two] = [await startProcess(), await startProcess()];
    upstream.rows.set('1', 2);
    upstream.failing = true;
    await one.tell('updated', '1', 2);
    upstream.failing = false;
    await clock.advance(1_100); // The failure is no longer remembered.
    await two.tick();
    upstream.lagging.set('1', { version: 1, reads: 1 });
    expect(await two.load('1')).toBe(1);
    expect(await behind(two)).toBe(1);
    await clock.advance(1_000);
    await two.tick();
    expect(await two.load('1')).toBe(2);
  });

  test('is held against a row that it read between the beginning of a change and its end', async () => {
    const { log, upstream, startProcess } = openWorld();
    const [one, two] = [await startProcess(), await startProcess()];
    upstream.rows.set('1', 2);
    const began = log.holdNext('append');
    const telling = one.tell('updated', '1', 2);
    await began.reached;
    await two.tick();
    upstream.lagging.set('1', { version: 1, reads: 1 });
    expect(await two.load('1')).toBe(1);
    began.release();
    await telling;
    await two.tick();
    expect(await two.load('1')).toBe(2);
  });

  test('is held against a row that a page waits for, and that a drain gave meanwhile: it is read again within a second', async () => {
    const { clock, log, upstream, startProcess, begin, changed } = openWorld();
    const { page, tell, tick } = await startProcess();
    await page();
    await clock.advance(61_000);
    upstream.failing = true;
    changed(['1'], begin(['1']));
    await tick();
    await turns(5);
    await clock.advance(1_100); // The failure is no longer remembered.
    upstream.failing = false;
    log.silence();
    await tick();
    upstream.rows.set('1', 2);
    upstream.lagging.set('1', { version: 1, reads: 6 });
    const release = upstream.holdNext();
    const telling = tell('updated', '1', 2);
    await turns(5);
    await clock.advance(10);
    const asked = page(); // Stale, so it is drained as well.
    await turns(5);
    release();
    await clock.pump(telling, 50);
    expect(await asked).toEqual([1, 1, 1]);
    await clock.advance(1_000);
    expect([await page(), upstream.drains]).toEqual([[2, 1, 1], 2]);
  });

  test.each([
    ['a row as it was', 1, 2, [2, 1, 1]],
    ['a row that is gone', 1, undefined, [1, 1]],
    ['no row where one is', undefined, 2, [2, 1, 1]],
  ])('is held against a drain that gives %s', async (_name, given, version, right) => {
    const { clock, upstream, startProcess } = openWorld();
    const [one, two] = [await startProcess(), await startProcess()];
    if (version === undefined) upstream.rows.delete('1');
    else upstream.rows.set('1', version);
    await one.tell(version === undefined ? 'deleted' : 'updated', '1', 2);
    await clock.advance(500);
    await two.tick();
    upstream.lagging.set('1', { version: given, reads: 'in a drain' });
    expect(await two.page()).toEqual(right);
    expect(upstream.lagging.size).toBe(0);
    expect(await two.load('1')).toBe(version ?? null);
  });
});
