/** The last word while upstream fails: the view as it is, unless something in it was purged. */
import { describe, expect, test } from 'vitest';
import { openHeldBack, openOvertakenRead } from './situations.ts';
import { openWorld, turns } from './world.ts';

describe('P6 bounded age › a page that waits', () => {
  test('is not told of a failure from long before it was asked for, though rows read since then were waited for', async () => {
    const { clock, upstream, startProcess, begin, changed } = openWorld();
    const { page, pageOutcome, tick } = await startProcess();
    await page();
    upstream.failing = true;
    changed(['1'], begin(['1']));
    await tick();
    await turns(5);
    upstream.failing = false;
    for (const id of ['1', '2']) upstream.rows.set(id, 2);
    const release = upstream.holdNext();
    changed(['2'], begin(['2']));
    await tick(); // Row 2 is waited for; row 1 failed a moment ago, and is not asked for again.
    await clock.advance(2_000);
    const asked = pageOutcome();
    await turns(5);
    release();
    expect(await asked).toMatchObject([{ kind: 'hit', tier: 'view' }]);
    expect(await page()).toEqual([2, 2, 1]);
  });
});

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

  test('is not shown, with a code, for a row purged while another is waited for that serves on error itself', async () => {
    const { upstream, startProcess, begin, changed } = openWorld();
    const { page, tick } = await startProcess();
    await page();
    changed(['1'], begin(['1']));
    const release = upstream.holdNext();
    await tick();
    const asked = expect(page()).rejects.toMatchObject({ name: 'ReadError', code: 'UPSTREAM_UNAVAILABLE' });
    changed(['2'], begin(['2']), true);
    await tick();
    upstream.failing = true;
    release();
    await asked;
  });

  test('is shown again once a purged row was read anew', async () => {
    const { upstream, startProcess, begin, changed } = openWorld();
    const { page, tick } = await startProcess();
    await page();
    changed(['1'], begin(['1']), true);
    await tick();
    expect(await page()).toEqual([1, 1, 1]);
    changed(['2'], begin(['2']));
    upstream.failing = true;
    await tick();
    expect(await page()).toEqual([1, 1, 1]);
  });

  test('is shown again once it was drained anew, though the purged row was not read by itself', async () => {
    const { upstream, startProcess, changed, ...world } = await openOvertakenRead({ hard: true });
    expect(world.resource.isSettled()).toBe(true);
    changed(['2'], world.begin(['2']));
    upstream.failing = true;
    world.release();
    await world.tick();
    expect(await world.page()).toEqual([1, 1, 1]);
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
