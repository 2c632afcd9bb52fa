/** `npm run bench:drain`, as far as it does not time anything: whether all rows came, and what is made of the figures. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocksOf } from '../../bench/drain/report.ts';
import type { DrainResults, Row, WorkResults } from '../../bench/drain/results.ts';
import { run } from '../../bench/drain/run.ts';
import { reachedOf } from '../../bench/drain/targets.ts';
import { type Way, ways } from '../../bench/drain/ways.ts';
import { worksOf } from '../../bench/drain/works.ts';
import { type MemoryResults, runMemory } from '../../bench/memory/run.ts';
import { type RunningRedis, startRedis } from '../support/redis.ts';

const paging = { pageSize: 100, concurrency: 4 };
const count = 1_000;
const work = { name: 'few', title: 'a few', count, latencyMs: 0 };

let redis: RunningRedis;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(() => redis.stop());

async function rowsOf(asked: readonly Way[]): Promise<readonly Row[]> {
  let found: readonly WorkResults[] = [];
  const plan = { ways: asked, works: [work], rounds: 1, paging };
  for await (const one of run(redis, plan, { planned: () => {}, measured: () => {} })) found = one;
  return found[0]?.rows ?? [];
}

/** Of the text of a module. */
function way(text: string, own: Partial<Way> = {}): Way {
  const module = `data:text/javascript,${encodeURIComponent(text)}`;
  return { name: 'made up', title: 'made up', kind: 'client', module, ...own };
}

describe('a run of the benchmark of drains', () => {
  let rows: readonly Row[];

  beforeAll(async () => {
    rows = await rowsOf(ways);
  });

  it.each(ways.map(({ name, kind }) => [name, kind] as const))('has all rows of %s, page by page', (name, kind) => {
    // Vitrine reads the first page once more.
    const pages = count / paging.pageSize + (kind === 'vitrine' ? 1 : 0);
    const row = rows.find((one) => one.name === name);
    expect(row).toMatchObject({ rounds: [{ rows: count, pages, cpuMs: expect.any(Number) }] });
  });
});

describe('what memory is taken by', () => {
  const plan = { catalogs: [1_000, 5_000], paging, tierBytes: 2 ** 20, answers: { catalogs: 1_000, memoryMb: 2 } };
  let found: MemoryResults;

  beforeAll(async () => {
    found = await runMemory(redis, plan, () => {});
  });

  it('is not all rows, in a drain thrown away', () => {
    const [few, many] = found.draining;
    expect([few?.rows, many?.rows]).toEqual(plan.catalogs);
    expect(many?.mostBytes).toBeGreaterThan(0);
    expect(many?.mostBytes).toBeLessThan(5_000 * found.view.rowBytes);
  });

  it('is hundreds of bytes for a row, and one place in each order', () => {
    expect(found.view.rowBytes).toBeGreaterThan(300);
    expect(found.view.rowBytes).toBeLessThan(3_000);
    expect(found.view.sortedRowBytes).toBeGreaterThan(3);
    expect(found.view.sortedRowBytes).toBeLessThan(30);
  });

  it('is held in bounds, which are full', () => {
    const { entries, answers } = found;
    expect(entries.fits * entries.countedBytes).toBeGreaterThan(0.9 * plan.tierBytes);
    expect(entries.fits * entries.countedBytes).toBeLessThan(1.02 * plan.tierBytes);
    expect(entries.churnedOftenBytes - entries.churnedOnceBytes).toBeLessThan(plan.tierBytes);
    expect(answers.maxBytes).toBe(2 ** 19);
    expect(answers.fits).toBeGreaterThan(20);
    expect(answers.fits).toBeLessThan(2 ** 19 / answers.bodyBytes);
    expect(answers.churnedOftenBytes - answers.churnedOnceBytes).toBeLessThan(2 ** 20);
  });
});

describe('a way that pulls less', () => {
  it('has no figures where rows are missing', async () => {
    expect(await rowsOf([way('export const open = async () => async () => 999;')])).toMatchObject([
      { leftOut: 'It pulled 999 rows of 1000.' },
    ]);
  });

  it('has none where pages were not asked for', async () => {
    expect(await rowsOf([way(`export const open = async () => async () => ${count};`)])).toMatchObject([
      { leftOut: 'It asked for 0 pages of 10.' },
    ]);
  });

  it('has none where nothing is in Redis that should be', async () => {
    const inMemory = ways.find(({ name }) => name === 'memory') as Way;
    expect(await rowsOf([{ ...inMemory, isOnRedis: true }])).toMatchObject([
      { leftOut: 'It left 0 rows of 1000 in Redis.' },
    ]);
  });

  it('has none where its process ends', async () => {
    expect(await rowsOf([way('export const open = async () => () => process.exit(3);')])).toMatchObject([
      { leftOut: 'Its process ended by exit code 3.' },
    ]);
  });
});

describe('what is made of the figures of drains', () => {
  const figures = (ms: number) => ({ rows: 1e5, ms, cpuMs: 2 * ms, peakBytes: 5e7, pages: 201 });
  const msOf: Record<string, number> = { bytes: 200, client: 500, drain: 1_000, memory: 2_000 };
  const held = { maxBytes: 1e6, fits: 1_000, bytes: 1_500, countedBytes: 1_000 };
  const memory = {
    draining: [{ rows: 1_000, mostBytes: 1e6 }],
    view: { rows: 1_000, rowBytes: 900, sortedRowBytes: 8 },
    entries: { ...held, churnedOnceBytes: 1e6, churnedOftenBytes: 1.05e6 },
    answers: { ...held, churnedOnceBytes: 1e6, churnedOftenBytes: 2e6, bodyBytes: 700, againBytes: 300 },
  };
  const resultsOf = (works: readonly WorkResults[]): DrainResults => ({
    measuredOn: '2026-11-25',
    machine: 'a machine',
    versions: { vitrine: '0', node: '26' },
    command: 'npm run bench:drain --',
    rounds: 2,
    paging,
    works,
    memory,
  });
  const works = worksOf(100_000).map((one) => ({
    ...one,
    rows: ways.map(({ name, title, kind }) => {
      const ms = msOf[name];
      if (ms === undefined) return { name, title, kind, leftOut: 'it fell | over' };
      return { name, title, kind, rounds: [figures(0.9 * ms), figures(1.1 * ms)] };
    }),
  }));
  const text = [...blocksOf(resultsOf(works)).values()].join('\n');

  it('shows every row of every work, the fastest first and those that fell out', () => {
    for (const { title } of ways) expect(text.split(`| ${title} |`)).toHaveLength(works.length + 1);
    expect(text).toContain(
      '| Vitrine, a drain thrown away | 100,000 | 90,909 to 111,111 | 0.50 | 1,000 ms | 2,000 ms |',
    );
    expect(text).toContain('| Vitrine on Redis, until a page is served | not measured: it fell \\| over |');
    expect(text.indexOf('bodies parsed')).toBeLessThan(text.indexOf('a drain thrown away |'));
  });

  it('says what Vitrine has not reached', () => {
    expect(works.map((one) => reachedOf(one)?.ratio)).toEqual([0.5, 0.5, 0.5]);
    expect(text).toContain('| 100,000 catalogs, pages come after 50 ms | 0.80 | 0.50 | **no** | 0.50 |');
  });

  it('says how far what is counted is from what it takes, and what grows', () => {
    expect(text).toContain('| a row read by itself, in the memory tier | 1.5 kB | 1 kB | 1.50 × |');
    expect(text).toContain('| rows in the memory tier | 1 MB | 1,000 | 1 MB | 1.05 MB | 1.05 × | no |');
    expect(text).toContain('| whole answers | 1 MB | 1,000 | 1 MB | 2 MB | 2.00 × | **yes** |');
  });

  it('has nothing reached of what was not measured', () => {
    expect(reachedOf({ ...work, rows: [] })).toBeUndefined();
    expect([...blocksOf(resultsOf([{ ...work, rows: [] }])).values()].join()).toContain('| not measured |');
  });
});
