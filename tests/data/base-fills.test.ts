/** Fills of a collection: who drains, who waits for whom, and what is made of a drain that fails or is overtaken. */
import { describe, expect, test } from 'vitest';
import { drainDeadlineMs } from '../../src/data/base.ts';
import { openWorld, soon, turns } from './world.ts';

describe('P4 one fill › a drain', () => {
  test('is waited for by all who ask while it runs, in other processes too', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const [one, two] = [await startProcess(), await startProcess()];
    const release = upstream.holdNext('drain');
    const asked = Promise.all([one.page(), one.page(), two.page(), two.page()]);
    await turns(5);
    release();
    expect(await clock.pump(asked)).toEqual(Array(4).fill([1, 1, 1]));
    expect(upstream.drains).toBe(1);
  });

  test('that takes longer than a lease keeps it', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const [one, two] = [await startProcess(), await startProcess()];
    const release = upstream.holdNext('drain');
    const asked = [one.page(), two.page()];
    await turns(5);
    await clock.advance(6_000);
    release();
    await clock.pump(Promise.all(asked));
    expect(upstream.drains).toBe(1);
  });

  test('that another process finished between the look and the lease is taken, and the lease given back', async () => {
    const { store, upstream, startProcess, begin, changed } = openWorld();
    const [one, two] = [await startProcess(), await startProcess()];
    const look = store.holdNext('getMany');
    const asked = two.pageOutcome();
    await look.reached;
    await one.page();
    look.release();
    expect(await asked).toMatchObject([{ kind: 'hit', tier: 'store' }]);
    expect(upstream.drains).toBe(1);
    changed('*', begin('*'));
    await two.tick();
    expect(await soon(two.page())).toEqual([1, 1, 1]);
  });

  test('of another process is taken, and told to come from the store', async () => {
    const { upstream, startProcess } = openWorld();
    const [one, two] = [await startProcess(), await startProcess()];
    expect(await one.pageOutcome()).toMatchObject([{ kind: 'miss', tier: 'upstream' }]);
    expect(await two.pageOutcome()).toMatchObject([{ kind: 'hit', tier: 'store' }]);
    expect(upstream.drains).toBe(1);
  });

  test('of another process that is stale by now serves whoever has nothing, while the next one runs', async () => {
    const { clock, upstream, startProcess } = openWorld();
    await (await startProcess()).page();
    await clock.advance(61_000);
    const { page } = await startProcess();
    upstream.holdNext('drain');
    expect(await soon(page())).toEqual([1, 1, 1]);
    await turns(5);
    expect(upstream.drains).toBe(2);
  });

  test('of another process that took longer than it stays fresh is taken by those who hold an older one, once', async () => {
    const { clock, store, upstream, startProcess } = openWorld();
    const page = { maxAgeMs: 60_000, staleWhileRevalidateMs: 600_000, staleIfErrorMs: 600_000 };
    const [one, other] = [await startProcess({ page }), await startProcess({ page })];
    for (const { page } of [one, other]) await page();
    await clock.advance(61_000);
    const release = upstream.holdNext('drain');
    for (const process of [one, other]) {
      await process.tick();
      await process.page();
      await turns(5);
    }
    upstream.rows.set('1', 2);
    await clock.advance(60_500);
    store.looked.length = 0;
    release();
    await turns(5);
    await clock.advance(200);
    await turns(5);
    expect(upstream.drains).toBe(2);
    upstream.holdNext('drain'); // Stale as the base is, the next one begins as soon as it is asked for.
    for (const process of [one, other]) {
      await process.tick();
      expect(await process.page()).toEqual([2, 1, 1]);
    }
    await turns(5);
    await clock.advance(200);
    await turns(5);
    expect(upstream.drains).toBe(3);
    expect(store.looked.filter((key) => key.includes(':chunk:'))).toHaveLength(1);
  });

  test('of another process from before a reset is not loaded: its chunks are not asked for', async () => {
    const { store, startProcess, begin, changed } = openWorld();
    await (await startProcess()).page();
    changed('*', begin('*'));
    await (await startProcess()).page();
    expect(store.looked.filter((key) => key.includes(':chunk:'))).toEqual([]);
  });

  test('is begun once by all who are given a stale page, who leave the store alone meanwhile', async () => {
    const { clock, store, upstream, startProcess } = openWorld();
    const { page, tick } = await startProcess();
    await page();
    await clock.advance(61_000);
    await tick();
    const release = upstream.holdNext('drain');
    await Promise.all([page(), page()]);
    await turns(5);
    store.looked.length = 0;
    await page();
    await turns(5);
    expect(store.looked).toEqual([]);
    release();
    await turns(5);
    expect(upstream.drains).toBe(2);
  });
});

describe('P7 degrades, never dies › a drain that fails', () => {
  test('answers those who ask within a second, without another', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const { page } = await startProcess();
    upstream.failing = true;
    await expect(page()).rejects.toThrow('503');
    await clock.advance(999);
    await expect(page()).rejects.toThrow('503');
    expect(upstream.drains).toBe(1);
    await clock.advance(2);
    await expect(page()).rejects.toThrow('503');
    expect(upstream.drains).toBe(2);
  });

  test('is told by its code to those who wait in another process, which remembers nothing of it', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const [one, two] = [await startProcess(), await startProcess()];
    upstream.failing = true;
    await expect(one.page()).rejects.toThrow('503');
    await clock.advance(900);
    await expect(two.page()).rejects.toMatchObject({ name: 'ReadError', code: 'UPSTREAM_UNAVAILABLE' });
    expect([upstream.drains, one.status().status, two.status().status]).toEqual([1, 'failed', 'empty']);
    upstream.failing = false;
    await clock.advance(101);
    expect(await two.page()).toEqual([1, 1, 1]);
  });

  test('says nothing once the collection was purged: it is read again at once', async () => {
    const { upstream, startProcess } = openWorld();
    const [one, two] = [await startProcess(), await startProcess()];
    upstream.failing = true;
    await expect(one.page()).rejects.toThrow('503');
    upstream.failing = false;
    await two.reset({ purge: true });
    await one.tick();
    expect(await soon(one.page())).toEqual([1, 1, 1]);
  });

  test('says nothing in the next era, though it failed in that', async () => {
    const { log, upstream, startProcess } = openWorld();
    const { page, tick } = await startProcess();
    const release = upstream.holdNext('drain');
    const asked = page();
    await turns(5);
    log.beginEra('era-b');
    await tick();
    upstream.failing = true;
    release();
    await expect(asked).rejects.toThrow('503');
    upstream.failing = false;
    expect(await soon(page())).toEqual([1, 1, 1]);
  });

  test('is not begun again by stale pages before 1 s, then 2 s, are over', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const { page } = await startProcess();
    await page();
    await clock.advance(61_000);
    upstream.failing = true;
    const drainsAfter = async (ms: number) => {
      await clock.advance(ms);
      expect(await page()).toEqual([1, 1, 1]);
      await turns(5);
      return upstream.drains - 1;
    };
    expect([await drainsAfter(0), await drainsAfter(999), await drainsAfter(2)]).toEqual([1, 1, 2]);
    expect([await drainsAfter(1_999), await drainsAfter(2)]).toEqual([2, 3]);
  });

  test('because it hangs ends after two minutes, and no other leaves a timer behind', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const { logs, page, status } = await startProcess();
    upstream.holdNext('drain');
    const asked = expect(page()).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
    await turns(5);
    await clock.advance(drainDeadlineMs - 1);
    await asked;
    expect(status().status).toBe('filling');
    await clock.advance(1);
    await turns(5);
    expect(status().status).toBe('failed');
    expect(logs('collection.fill_failed')).toMatchObject([{ code: 'UPSTREAM_TIMEOUT' }]);
    await clock.advance(1_001);
    await page();
    expect(clock.sleeping(drainDeadlineMs)).toBe(0);
  });
});

describe('P8 observable › a drain', () => {
  test('that failed is told by the status until the collection was read', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const { page, status } = await startProcess();
    upstream.failing = true;
    await expect(page()).rejects.toThrow('503');
    await clock.advance(1_001);
    expect(status().status).toBe('failed');
    upstream.failing = false;
    await page();
    expect(status().status).toBe('fresh');
  });

  test('that failed is told no more once another process has read the collection', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const [one, two] = [await startProcess(), await startProcess()];
    upstream.failing = true;
    await expect(one.page()).rejects.toThrow('503');
    upstream.failing = false;
    await clock.advance(1_001);
    await two.page();
    await one.page();
    expect([upstream.drains, one.status().status]).toEqual([2, 'fresh']);
  });

  test('that failed is an event with its code and reason', async () => {
    const { upstream, startProcess } = openWorld();
    const { logs, page } = await startProcess();
    upstream.failing = true;
    await expect(page()).rejects.toThrow('503');
    expect(logs('collection.fill_failed')).toMatchObject([
      { collection: 'items', code: 'UPSTREAM_UNAVAILABLE', reason: 'answered 503' },
    ]);
  });

  test('that failed is told by who drained it alone, not by each who finds that it did', async () => {
    const { upstream, startProcess } = openWorld();
    const [one, two] = [await startProcess(), await startProcess()];
    upstream.failing = true;
    await expect(one.page()).rejects.toThrow('503');
    for (let i = 0; i < 3; i++) await expect(two.page()).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    const warned = (logs: typeof one.logs) => logs('collection.fill_failed').filter(({ level }) => level >= 40);
    expect([warned(one.logs).length, warned(two.logs).length]).toEqual([1, 0]);
  });

  test('that is done is an event with its rows, how long it took and what it left out', async () => {
    const { clock, upstream, startProcess } = openWorld();
    const { logs, page, status } = await startProcess();
    upstream.quarantined = [{ id: '4', page: '1', field: 'name', message: 'no text' }];
    const release = upstream.holdNext('drain');
    const asked = page();
    await turns(5);
    await clock.advance(250);
    release();
    await asked;
    const { quarantined } = upstream;
    expect(logs('collection.drained')).toMatchObject([{ collection: 'items', rows: 3, ms: 250, quarantined }]);
    expect(status()).toMatchObject({ size: 3, quarantined: 1 });
  });
});

describe('P5 no resurrection › a drain that is overtaken', () => {
  test('by a reset is given up, which is no failure: those who wait for it are given the next one', async () => {
    const { upstream, startProcess, begin, changed } = openWorld();
    const { logs, page, status, tick } = await startProcess();
    upstream.holdNext('drain');
    const asked = page();
    await turns(5);
    changed('*', begin('*'));
    await tick();
    expect(await soon(asked)).toEqual([1, 1, 1]);
    expect([upstream.drains, status().status, logs('collection.fill_failed')]).toEqual([2, 'fresh', []]);
  });

  test('by the news of a reset that it knows of goes on', async () => {
    const { upstream, startProcess, begin, changed } = openWorld();
    const { page, tick } = await startProcess();
    const floor = begin('*');
    await tick();
    const release = upstream.holdNext('drain');
    const asked = page();
    await turns(5);
    changed('*', floor);
    await tick();
    await turns(5);
    release();
    expect(await asked).toEqual([1, 1, 1]);
    expect(upstream.drains).toBe(1);
  });

  test('by a purge in another process is neither what others find nor what this one shows', async () => {
    const { upstream, startProcess } = openWorld();
    const [one, two] = [await startProcess(), await startProcess()];
    const release = upstream.holdNext('drain');
    const asked = one.page();
    await turns(5);
    await two.reset({ purge: true });
    release();
    expect(await soon(asked)).toEqual([1, 1, 1]);
    expect([upstream.drains, await one.rejected('lease_lost')]).toEqual([2, 1]);
    await one.tick();
    expect(await one.page()).toEqual([1, 1, 1]);
  });

  test('by an era is not waited for by those who come then', async () => {
    const { log, upstream, startProcess } = openWorld();
    const { page, tick } = await startProcess();
    const release = upstream.holdNext('drain');
    const first = page();
    await turns(5);
    log.beginEra('era-b');
    await tick();
    expect(await soon(page())).toEqual([1, 1, 1]);
    release();
    expect(await first).toEqual([1, 1, 1]);
    expect(upstream.drains).toBe(2);
  });

  test('and ends does not end the one that came after it', async () => {
    const { log, upstream, startProcess } = openWorld();
    const { page, tick } = await startProcess();
    const releaseFirst = upstream.holdNext('drain');
    const first = page();
    await turns(5);
    log.beginEra('era-b');
    await tick();
    const releaseSecond = upstream.holdNext('drain');
    const second = page();
    await turns(5);
    releaseFirst();
    await turns(5);
    const third = page();
    await turns(5);
    releaseSecond();
    expect(await Promise.all([first, second, third])).toEqual(Array(3).fill([1, 1, 1]));
    expect(upstream.drains).toBe(2);
  });

  test('where there is none leaves the process in step with the change log', async () => {
    const { startProcess, begin, changed } = openWorld();
    const { coherence, tick } = await startProcess();
    changed('*', begin('*'));
    await tick();
    expect(coherence()).toBe('ok');
  });
});
