/** A collection beside its entities, where the simulator found them to part; each test is what one of its seeds came to. */
import { describe, expect, test } from 'vitest';
import { openWorld, turns } from './world.ts';

describe('P6 bounded age › a row that was gone and is made anew', () => {
  test('is on the page with the drain that read it, though that drain was first begun before the row was known to be gone', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const { change, page, tick } = await startProcess();
    await page();
    await clock.advance(61_000);
    await tick();
    const release = upstream.holdNext();
    expect(await page()).toEqual([1, 1, 1]);
    await turns(5); // It was stale, so a drain has begun.
    upstream.rows.delete('1');
    await change('1');
    expect(await page()).toEqual([1, 1]);
    upstream.rows.set('1', 2);
    upstream.drifts = true;
    release();
    await turns(5);
    expect(await page()).toEqual([2, 1, 1]);
  });

  test('is looked for once more when its absence is as old as a row may be', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const { change, page, tick } = await startProcess();
    const behind = await startProcess();
    await page();
    await clock.advance(61_000);
    await behind.tick();
    await clock.advance(500);
    await tick();
    upstream.rows.delete('1');
    await change('1');
    await clock.advance(200);
    upstream.rows.set('1', 2);
    await behind.page(); // Drains, and knows nothing of the change yet.
    await turns(5);
    await page();
    await turns(5);
    expect(await page()).toEqual([1, 1]);
    await clock.advance(119_900);
    await tick();
    upstream.holdNext('drain'); // Which a stale page begins.
    expect(await page()).toEqual([2, 1, 1]);
  });
});

describe('P5 no resurrection › a row that a page was given', () => {
  test('while it waited for another does not take back what was read of it since', async () => {
    const { clock, log, upstream, startProcess, begin, changed } = openWorld();
    const { change, page, tick } = await startProcess();
    const elsewhere = await startProcess();
    await page();
    changed(['1', '2'], begin(['1', '2']));
    await elsewhere.tick();
    const release = upstream.holdNext();
    const other = elsewhere.load('2');
    await turns(20);
    const append = log.holdNext('append');
    const changing = change('1');
    await append.reached;
    await tick(); // What is read from here on knows that the change has begun.
    upstream.rows.set('1', 2);
    const pages = [page()];
    await turns(20);
    upstream.rows.set('1', 3);
    append.release();
    await changing;
    await clock.advance(1_001); // Upstream has settled by now, so row 1 is to be read once more.
    await tick();
    pages.push(page());
    await turns(20);
    release();
    await other;
    await clock.advance(100);
    expect(await Promise.all(pages)).toEqual(Array(2).fill([3, 1, 1]));
  });
});

describe('P5 no resurrection › a page', () => {
  test('waits for a changed row though an earlier reset is told after it', async () => {
    const { upstream, startProcess, begin, changed } = openWorld();
    const { page, tick } = await startProcess();
    await page();
    const [earlier, later] = [begin('*'), begin('*')];
    changed('*', later);
    await tick();
    await page();
    upstream.rows.set('1', 2);
    changed(['1'], begin(['1']));
    changed('*', earlier);
    const release = upstream.holdNext();
    await tick();
    const asked = page();
    release();
    expect(await asked).toEqual([2, 1, 1]);
  });

  test('waits for a row that changed once more while it was read: what that read gave is from before', async () => {
    const { upstream, startProcess, begin, changed } = openWorld();
    const { page, tick } = await startProcess();
    await page();
    changed(['1'], begin(['1']));
    upstream.lagging.set('1', { version: 2, reads: 1 });
    upstream.rows.set('1', 3);
    const release = upstream.holdNext();
    await tick();
    await turns(5);
    changed(['1'], begin(['1']));
    await tick();
    release();
    await turns(5);
    expect(await page()).toEqual([3, 1, 1]);
  });

  test('is of the present era though the one it was asked in ended while a changed row was read', async () => {
    const { log, upstream, startProcess, begin, changed } = openWorld();
    const { page, tick } = await startProcess();
    await page();
    changed(['1'], begin(['1']));
    const release = upstream.holdNext();
    await tick();
    const asked = page();
    log.beginEra('era-b');
    upstream.rows.set('2', 2);
    await tick();
    release();
    expect(await asked).toEqual([1, 2, 1]);
  });

  test('on error shows no row that was purged before its base came from the store, over eras too', async () => {
    const { log, upstream, startProcess, begin, changed } = openWorld();
    await (await startProcess()).page();
    changed(['1'], begin(['1']), true);
    upstream.failing = true;
    const { page, tick } = await startProcess();
    await expect(page()).rejects.toThrow('503');
    log.beginEra('era-b');
    await tick();
    await expect(page()).rejects.toThrow('503');
  });

  test('on error shows the rows as they were when none of them was purged', async () => {
    const { log, upstream, startProcess, begin, changed } = openWorld();
    await (await startProcess()).page();
    changed(['1'], begin(['1']));
    upstream.failing = true;
    const { page, tick } = await startProcess();
    expect(await page()).toEqual([1, 1, 1]);
    log.beginEra('era-b');
    await tick();
    expect(await page()).toEqual([1, 1, 1]);
  });
});

describe('P7 degrades, never dies › a page', () => {
  /** Asked for while row 1 is read anew; then row 2 changes, and its read is held back until `release`. */
  async function pageAskedBetween({ hard }: { hard: boolean }) {
    const { clock, upstream, startProcess, begin, changed } = openWorld();
    const { page, tick } = await startProcess();
    await page();
    upstream.rows.set('1', 2);
    changed(['1'], begin(['1']));
    const releaseFirst = upstream.holdNext();
    await tick();
    const asked = page();
    await turns(5);
    await clock.advance(1);
    upstream.rows.set('2', 2);
    changed(['2'], begin(['2']), hard);
    await tick();
    const release = upstream.holdNext();
    releaseFirst();
    const waiting = turns(50).then(() => 'waits');
    return { first: await Promise.race([asked, waiting]), release, asked, page };
  }

  test('waits for what had changed when it was asked for, not for what changes while it waits', async () => {
    const { first, release, page } = await pageAskedBetween({ hard: false });
    expect(first).toEqual([2, 1, 1]);
    release();
    expect(await page()).toEqual([2, 2, 1]);
  });

  test('waits for what is purged while it waits: without it the page would lack a row', async () => {
    const { first, release, asked } = await pageAskedBetween({ hard: true });
    expect(first).toBe('waits');
    release();
    expect(await asked).toEqual([2, 2, 1]);
  });
});

describe('P8 observable › a row served while upstream fails', () => {
  test('is told to come from where it was held: the view', async () => {
    const { upstream, startProcess, begin, changed } = openWorld();
    const { page, outcome, tick } = await startProcess();
    await page();
    upstream.failing = true;
    changed(['1'], begin(['1']));
    await tick();
    expect(await outcome('1')).toMatchObject([{ kind: 'stale_if_error', tier: 'view' }]);
  });

  test('is told to come from where it was held: memory, if that was read later', async () => {
    const { upstream, startProcess, begin, changed } = openWorld();
    const { change, page, outcome, tick } = await startProcess();
    await page();
    await change('1');
    upstream.failing = true;
    changed(['1'], begin(['1']));
    await tick();
    expect(await outcome('1')).toMatchObject([{ kind: 'stale_if_error', tier: 'memory' }]);
  });
});

describe('P5 no resurrection › rows read together', () => {
  test('are read again when they are purged while the others are waited for', async () => {
    const { upstream, startProcess, begin, changed } = openWorld();
    const { load, loadAll, tick } = await startProcess();
    expect(await load('1')).toBe(1);
    const release = upstream.holdNext();
    const asked = loadAll(['1', '2']);
    await new Promise(setImmediate);
    upstream.rows.set('1', 2);
    changed(['1'], begin(['1']), true);
    await tick();
    release();
    expect(await asked).toEqual([2, 1]);
  });
});

describe('P2 parity › a row never goes back', () => {
  test('from the page to the entity: what memory holds is not behind a base that was read later', async () => {
    const { upstream, startProcess } = openWorld();
    const { load, page } = await startProcess();
    expect(await load('1')).toBe(1);
    upstream.rows.set('1', 2);
    expect(await page()).toEqual([2, 1, 1]);
    expect(await load('1')).toBe(2);
  });

  test('from the entity to the page: a base that another process read earlier is not ahead of it', async () => {
    const { upstream, startProcess } = openWorld();
    await (await startProcess()).page();
    upstream.rows.set('1', 2);
    const { load, page } = await startProcess();
    expect(await load('1')).toBe(2);
    expect(await page()).toEqual([2, 1, 1]);
    expect(await load('1')).toBe(2);
  });

  test('for those who wait either: what lags, and is not kept for a change meanwhile, is held against memory', async () => {
    const { upstream, startProcess, begin, changed } = openWorld();
    const { load, tick } = await startProcess();
    upstream.rows.set('1', 2);
    expect(await load('1')).toBe(2);
    changed(['1'], begin(['1']));
    await tick();
    upstream.rows.set('1', 1);
    const release = upstream.holdNext();
    const asked = load('1');
    await new Promise(setImmediate);
    changed(['1'], begin(['1']));
    await tick();
    release();
    expect(await asked).toBe(2);
  });

  test('from the page to the entity: a changed row whose lease another took is in both, or in neither', async () => {
    const { log, upstream, startProcess, begin, changed } = openWorld();
    const { change, load, page, tick } = await startProcess();
    await page();
    changed(['1'], begin(['1']));
    const release = upstream.holdNext();
    await tick();
    await new Promise(setImmediate);
    const [began, announced] = [log.holdNext('append'), log.holdNext('append')];
    const told = change('1');
    await began.reached;
    began.release();
    await announced.reached; // It has read row 1 anew, and taken the lease to do so.
    upstream.rows.set('1', 2);
    release();
    await new Promise(setImmediate);
    const [shown] = await page();
    announced.release();
    await told;
    expect([shown, await load('1'), (await page())[0]]).toEqual([1, 1, 1]);
  });

  test('on the page, by a read that another process took the lease from', async () => {
    const { upstream, startProcess, begin, changed } = openWorld();
    const { page, tick } = await startProcess();
    const other = await startProcess();
    await page();
    upstream.rows.set('1', 3);
    changed(['1'], begin(['1']));
    await tick();
    expect(await page()).toEqual([3, 1, 1]);
    upstream.rows.set('1', 2);
    changed(['1'], begin(['1']));
    const release = upstream.holdNext();
    await tick();
    await turns(5);
    await other.change('1');
    release();
    await turns(5);
    expect(await page()).toEqual([3, 1, 1]);
  });

  test('over eras: content read before stays where the first base of the next one lags behind it', async () => {
    const { log, upstream, startProcess } = openWorld();
    const { load, page, tick } = await startProcess();
    upstream.rows.set('1', 2);
    expect(await load('1')).toBe(2);
    log.beginEra('era-b');
    upstream.rows.set('1', 1);
    await tick();
    expect(await page()).toEqual([2, 1, 1]);
    expect(await load('1')).toBe(2);
  });
});
