/** What a view goes on with: rows never go back, whatever drains and readers find, and whatever memory has room for. */
import { describe, expect, test } from 'vitest';
import { items, versionText } from '../simulation/upstream.ts';
import { openWorld, turns } from './world.ts';

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

  test('goes on with a row that was read after it began, without reading it again, whatever memory and store have room for', async () => {
    const { clock, store, upstream, startProcess } = openWorld();
    const { change, page } = await startProcess({ memoryBytes: 1 });
    await page();
    await clock.advance(61_000);
    const release = upstream.holdNext('drain');
    await page();
    await turns(5);
    upstream.rows.set('1', 2);
    store.failNext('commit');
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

describe('P2 parity › a base that another process drained', () => {
  test('does not take back a row that was read after it began, though that is past its age', async () => {
    const { clock, upstream, startProcess, begin } = openWorld();
    const entity = { maxAgeMs: 100, staleWhileRevalidateMs: 0, staleIfErrorMs: 600_000 };
    const [one, two] = [await startProcess({ entity }), await startProcess()];
    const release = upstream.holdNext('drain');
    const draining = two.page();
    await turns(5);
    begin(['2']);
    await one.tick();
    upstream.rows.set('1', 2);
    expect(await one.load('1')).toBe(2);
    await clock.advance(150);
    upstream.lagging.set('1', { version: 1, reads: 'in a drain' });
    release();
    await draining;
    expect([await one.page(), upstream.drains]).toEqual([[2, 1, 1], 1]);
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
