/** A resource as readers load its rows, and as operators and upstream's events change them. */
import { describe, expect, test } from 'vitest';
import { openWorld } from './world.ts';

describe('a reader', () => {
  test('reads the rows of one turn in one batch, and a row by itself by its own route', async () => {
    const { upstream, startProcess } = openWorld();
    const { load, loadAll } = await startProcess();
    expect(await loadAll(['1', '2', '2', '9'])).toEqual([1, 1, 1, null]);
    expect(await load('3')).toBe(1);
    expect([upstream.batches, upstream.reads]).toEqual([[['1', '2', '9']], 2]);
  });

  test.each(['../1', 'a b', '', 'x'.repeat(65)])('asks nobody for what is no id: %j', async (id) => {
    const { upstream, startProcess } = openWorld();
    const { load } = await startProcess();
    expect([await load(id), upstream.reads]).toEqual([null, 0]);
  });
});

describe('a change of ids', () => {
  test('tells what came of each, once', async () => {
    const { startProcess } = openWorld();
    const { resource } = await startProcess();
    const result = await resource.invalidate(['1', '1', '9'], { purge: false, source: 'test' });
    expect(result).toMatchObject({ ids: 2, refreshed: 1, missing: 1, scope: 'cluster', deferred: false });
    expect(result.position).toMatch(/^era-a:/);
  });

  test('while the change log is silent counts here alone, and says so', async () => {
    const { log, upstream, startProcess } = openWorld();
    const { change, page } = await startProcess();
    await page();
    log.silence();
    upstream.rows.set('1', 2);
    expect(await change('1')).toMatchObject({ refreshed: 1, scope: 'process', deferred: true });
    expect(await page()).toEqual([2, 1, 1]);
  });

  test('that cannot be read leaves the row as it was to be shown on error, unless it is purged', async () => {
    const { upstream, startProcess } = openWorld();
    const { change, load, page, tell } = await startProcess();
    await page();
    upstream.failing = true;
    await change('1');
    await tell('updated', '1', 2);
    expect(await load('1')).toBe(1);
    await change('1', { purge: true });
    await expect(load('1')).rejects.toThrow('503');
  });
});

describe('P8 observable › a change', () => {
  test('is counted by what it was', async () => {
    const { startProcess } = openWorld();
    const { change, counted, tell } = await startProcess();
    await change('1');
    await tell('updated', '1', 1);
    await change('2', { purge: true });
    expect([await counted('refresh'), await counted('purge')]).toEqual([2, 1]);
  });
});
