/** Bases in the store: what a drain leaves for other processes, and what is made of what stands there instead. */
import { describe, expect, test } from 'vitest';
import { openWorld, soon, turns } from './world.ts';

/** One process has drained rows 1, 2 and 3 in two chunks, another has just begun. */
async function openDrained() {
  const world = openWorld();
  world.upstream.chunkRows = 2;
  await (await world.startProcess()).page();
  return { ...world, two: await world.startProcess() };
}

describe('P3 complete › a drain that another process left', () => {
  test('is taken whole, each chunk asked for once', async () => {
    const { store, upstream, startProcess } = openWorld();
    for (let id = 4; id <= 11; id++) upstream.rows.set(`${id}`, 1);
    upstream.chunkRows = 2;
    const [one, two] = [await startProcess(), await startProcess()];
    await one.page();
    store.looked.length = 0;
    expect(await two.page()).toEqual(Array(10).fill(1));
    expect([upstream.drains, two.status().size]).toEqual([1, 11]);
    const chunks = store.looked.filter((key) => key.includes(':chunk:'));
    expect([chunks.length, new Set(chunks).size]).toEqual([6, 6]);
  });

  test('of a collection without rows is taken as well', async () => {
    const { upstream, startProcess } = openWorld();
    upstream.rows.clear();
    expect(await (await startProcess()).page()).toEqual([]);
    expect(await (await startProcess()).page()).toEqual([]);
    expect(upstream.drains).toBe(1);
  });

  test.each([
    ['a manifest that is no entry', ':base:', () => '{}'],
    ['a manifest that is no JSON', ':base:', (text: string) => text.replace('{', '[')],
    ['a manifest with a field missing', ':base:', (text: string) => text.replace('"rows"', '"lines"')],
    ['no chunk', ':1', () => undefined],
    ['a chunk that is no JSON', ':1', (text: string) => text.slice(1)],
    ['a chunk with more than its rows', ':1', (text: string) => `${text}\n{`],
    ['a chunk with a row missing', ':0', (text: string) => text.split('\n')[0]],
  ])(
    'is not used where there is %s: it is counted, drained anew, and others find that',
    async (_name, part, change) => {
      const { store, upstream, two, startProcess } = await openDrained();
      await store.replace(part, change);
      expect(await soon(two.page())).toEqual([1, 1, 1]);
      expect(await two.rejected('undecodable')).toBeGreaterThan(0);
      const three = await startProcess();
      expect(await three.page()).toEqual([1, 1, 1]);
      expect([upstream.drains, await three.rejected('undecodable')]).toEqual([2, 0]);
    },
  );

  test('is not used in the next era, though that began while it was looked for', async () => {
    const { log, store, upstream, two } = await openDrained();
    const look = store.holdNext('getMany');
    const asked = two.page();
    await look.reached;
    upstream.rows.set('1', 2);
    log.beginEra('era-b');
    await two.tick();
    look.release();
    expect(await asked).toEqual([2, 1, 1]);
    expect(await two.rejected('undecodable')).toBe(0); // Nothing is wrong with it but its era.
  });

  test('where there is none, nothing is counted as undecodable', async () => {
    const { page, rejected } = await openWorld().startProcess();
    await page();
    expect(await rejected('undecodable')).toBe(0);
  });
});

describe('P7 degrades, never dies › a drain', () => {
  test('of whoever was given no answer by the store serves there alone, and leaves nothing', async () => {
    const { store, startProcess } = openWorld();
    const { page } = await startProcess();
    store.silence('getMany');
    expect(await page()).toEqual([1, 1, 1]);
    store.answer();
    expect(await store.keys('')).toEqual([]);
  });

  test.each([
    ['a chunk could not be written', 'put'],
    ['no chunk could be made to last', 'expire'],
  ] as const)('of which %s serves there alone, and its lease is free at once', async (_name, operation) => {
    const { store, upstream, startProcess } = openWorld();
    const [one, two] = [await startProcess(), await startProcess()];
    upstream.chunkRows = 1;
    store.failNext(operation);
    expect(await one.page()).toEqual([1, 1, 1]);
    expect([await one.rejected('lease_lost'), await store.keys(':base:')]).toEqual([0, []]);
    expect(await soon(two.page())).toEqual([1, 1, 1]);
    expect(upstream.drains).toBe(2);
  });

  test('that took longer than it may be used is not written, which is no failure of the store', async () => {
    const { clock, store, upstream, startProcess } = openWorld();
    const brief = { maxAgeMs: 1_000, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 };
    const { logs, page } = await startProcess({ page: brief });
    const release = upstream.holdNext('drain');
    const asked = page();
    await turns(5);
    await clock.advance(2_000);
    release();
    expect(await asked).toEqual([1, 1, 1]);
    expect([await store.keys(':base:'), logs('cache.fallback')]).toEqual([[], []]);
  });
});

describe('what a drain leaves in the store', () => {
  test('is gone when it may not be used any more, not even on error', async () => {
    const { clock, store } = await openDrained();
    await clock.advance(659_000);
    expect((await store.keys('')).length).toBe(3);
    await clock.advance(1_000);
    expect(await store.keys('')).toEqual([]);
  });

  test('is gone a minute after the next one took its place: others may still be loading it', async () => {
    const { clock, store, two } = await openDrained();
    await two.reset();
    await clock.advance(59_000);
    expect((await store.keys(':chunk:')).length).toBe(4);
    await clock.advance(2_000);
    expect((await store.keys(':chunk:')).length).toBe(2);
  });

  test('without a manifest, as its lease was lost, is gone after a minute', async () => {
    const { clock, store, upstream, startProcess } = openWorld();
    const [one, two] = [await startProcess(), await startProcess()];
    const release = upstream.holdNext('drain');
    const asked = one.page();
    await turns(5);
    await two.reset();
    const found = await store.keys(':chunk:');
    release();
    await soon(asked);
    await clock.advance(59_000);
    expect((await store.keys(':chunk:')).length).toBe(2);
    await clock.advance(2_000);
    expect(await store.keys(':chunk:')).toEqual(found);
  });
});
