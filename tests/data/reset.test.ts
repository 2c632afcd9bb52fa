/** Resets: the collection read anew for an operator, the old one serving meanwhile, or purged. */
import { describe, expect, test } from 'vitest';
import { UpstreamError } from '../../src/upstream/index.ts';
import { openWorld, soon, turns } from './world.ts';

describe('read-your-writes › a reset', () => {
  test('reads upstream whatever stands in the store, and others find what it read', async () => {
    const { upstream, startProcess } = openWorld();
    const [one, two] = [await startProcess(), await startProcess()];
    await one.page();
    for (const id of ['1', '2', '3']) upstream.rows.set(id, 2);
    expect(await one.reset()).toMatchObject({ ids: 3, refreshed: 3, missing: 0, scope: 'cluster', deferred: false });
    expect(await one.page()).toEqual([2, 2, 2]);
    expect(await two.page()).toEqual([2, 2, 2]);
    expect(upstream.drains).toBe(2);
  });

  test('does not wait for whoever is draining', async () => {
    const { upstream, startProcess } = openWorld();
    const [one, two] = [await startProcess(), await startProcess()];
    const release = upstream.holdNext('drain');
    const asked = two.page();
    await turns(5);
    expect(await soon(one.reset())).toMatchObject({ refreshed: 3 });
    release();
    expect(await soon(asked)).toEqual([1, 1, 1]);
  });

  test('is shown from when it is told, not before', async () => {
    const { log, upstream, startProcess } = openWorld();
    const { page, reset } = await startProcess();
    await page();
    upstream.rows.set('1', 2);
    const [began, told] = [log.holdNext('append'), log.holdNext('append')];
    const resetting = reset();
    await began.reached;
    began.release();
    await told.reached;
    expect(await page()).toEqual([1, 1, 1]);
    told.release();
    await resetting;
    expect(await page()).toEqual([2, 1, 1]);
    expect(upstream.drains).toBe(2);
  });

  test('that cannot read the collection fails with what upstream said, and nothing has changed', async () => {
    const { log, upstream, startProcess } = openWorld();
    const { page, reset } = await startProcess();
    await page();
    upstream.failing = true;
    await expect(reset()).rejects.toThrow(UpstreamError);
    expect(log.records.map(({ kind }) => kind)).toEqual(['begin']);
    expect(await page()).toEqual([1, 1, 1]);
  });

  test('that another one overtakes is made all the same', async () => {
    const { upstream, startProcess } = openWorld();
    const [one, two] = [await startProcess(), await startProcess()];
    upstream.holdNext('drain');
    const resetting = one.reset();
    await turns(5);
    upstream.rows.set('1', 2);
    await two.reset();
    await one.tick();
    expect(await soon(resetting)).toMatchObject({ refreshed: 3 });
    expect(await one.page()).toEqual([2, 1, 1]);
  });

  test('is made all over where an era ended before it was told: others hear of it in the present one', async () => {
    const { log, upstream, startProcess } = openWorld();
    const { reset } = await startProcess();
    const telling = log.delayNext('changed');
    const resetting = reset();
    await telling.reached;
    log.beginEra('era-b');
    telling.release();
    expect((await resetting).position).toMatch(/^era-b:/);
    expect([upstream.drains, log.records.map(({ kind }) => kind)]).toEqual([2, ['begin', 'changed']]);
  });

  test('while the change log is silent counts here alone, and says so', async () => {
    const { log, upstream, startProcess } = openWorld();
    const { page, reset } = await startProcess();
    await page();
    log.silence();
    upstream.rows.set('1', 2);
    expect(await reset()).toMatchObject({ refreshed: 3, scope: 'process', deferred: true });
    expect(await page()).toEqual([2, 1, 1]);
  });
});

describe('P5 no resurrection › a purge of all', () => {
  test('tells how many rows it was of, and leaves nothing to be shown on error, in any process', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const [one, two] = [await startProcess(), await startProcess()];
    await one.page();
    await two.page();
    upstream.failing = true;
    const result = { ids: 3, refreshed: 0, missing: 0, scope: 'cluster', deferred: false };
    expect(await one.reset({ purge: true })).toMatchObject(result);
    await two.tick();
    await expect(one.page()).rejects.toThrow('503');
    await expect(clock.pump(two.page())).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  });
});

describe('P8 observable › a reset', () => {
  test('is counted by what it was', async () => {
    const { startProcess } = openWorld();
    const { counted, reset } = await startProcess();
    await reset();
    await reset({ purge: true });
    await reset({ purge: true });
    expect([await counted('refresh_all'), await counted('purge_all')]).toEqual([1, 2]);
  });
});
