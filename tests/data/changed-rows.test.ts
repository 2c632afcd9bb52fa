/** Rows that changed, in the view: what is read for them, when, and who waits for it. */
import { describe, expect, test } from 'vitest';
import { openOvertakenRead } from './situations.ts';
import { openWorld, turns } from './world.ts';

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

  test('is not touched again when its change is told where it was read: answers made meanwhile are kept', async () => {
    const { log, upstream, startProcess } = openWorld();
    const { keepPage, page, tell } = await startProcess();
    await page();
    upstream.rows.set('1', 2);
    const announcing = log.delayNext('changed');
    const telling = tell('updated', '1', 2);
    await announcing.reached;
    const kept = await keepPage();
    announcing.release();
    await telling;
    await turns(5);
    expect([kept(), await page()]).toEqual([true, [2, 1, 1]]);
  });

  test('is not waited for once a drain has given it', async () => {
    const { resource, upstream, release } = await openOvertakenRead({ hard: false });
    expect([resource.isSettled(), upstream.drains]).toEqual([true, 2]);
    release();
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
    const { store, upstream, startProcess } = openWorld();
    const [one, two] = [await startProcess(), await startProcess()];
    store.silence('commit'); // There is nothing else to be read from than upstream.
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

  test('is settled for as long as its being gone is fresh, though rows are not so long: else a page would wait in vain', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const entity = { maxAgeMs: 1_000, staleWhileRevalidateMs: 2_000, staleIfErrorMs: 0 };
    const { change, page, resource } = await startProcess({ entity });
    await page();
    upstream.rows.delete('1');
    await change('1');
    await page();
    await clock.advance(4_999);
    expect(resource.isSettled()).toBe(true);
    await clock.advance(1);
    expect([resource.isSettled(), await page(), resource.isSettled()]).toEqual([false, [1, 1], true]);
    expect(upstream.asked).toEqual(['1', '1']);
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
