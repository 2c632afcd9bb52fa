/** `npm run bench:engines`, as far as it does not time anything: what engines give, and what is made of the figures. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chosenEngines, chosenWorks } from '../../bench/engines/choices.ts';
import { type Subject, subjects } from '../../bench/engines/engines.ts';
import { invalidateDuringFill } from '../../bench/engines/invalidation.ts';
import { measure } from '../../bench/engines/measure.ts';
import { blocksOf } from '../../bench/engines/report.ts';
import type { EngineResults, Found, Row } from '../../bench/engines/results.ts';
import { run } from '../../bench/engines/run.ts';
import { stampede } from '../../bench/engines/stampede.ts';
import { reachedOf } from '../../bench/engines/targets.ts';
import { works } from '../../bench/engines/works.ts';
import { arePeersInstalled } from '../../bench/support/peers.ts';
import { type RunningRedis, startRedis } from '../support/redis.ts';

const amount = { ms: 20, warmMs: 20, rowCount: 2_000, memoryRows: 100 };
const herd = { processes: 2, callers: 20, latencyMs: 50 };

let redis: RunningRedis;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(() => redis.stop());

describe('a run of the benchmark of engines', () => {
  const asked = arePeersInstalled() ? subjects : chosenEngines('none');
  let found: Found;

  beforeAll(async () => {
    const all = { works, isStampede: true, isInvalidation: true };
    const plan = { ...all, subjects: asked, rounds: 1, amount, herd };
    for await (const one of run(redis, plan, { planned: () => {}, measured: () => {} })) found = one;
  }, 240_000);

  it.each(works.map(({ name }) => name))('has figures of each engine at %s', (name) => {
    const rows = found.works.find((work) => work.name === name)?.rows ?? [];
    for (const row of rows) expect(row).toMatchObject({ rounds: [{ us: expect.any(Number) }] });
    expect(rows.map((row) => row.name)).toContain('vitrine');
  });

  it('sees that Vitrine gives dates, from wherever', () => {
    const rows = found.works.map((work) => work.rows.find(({ name }) => name === 'vitrine'));
    for (const row of rows) expect(row).toMatchObject({ rounds: [{ datesAre: 'dates' }] });
  });

  it('counts one read of upstream by all processes of Vitrine together', () => {
    expect(rowOf(found.stampedes, 'vitrine')).toMatchObject({ rounds: [{ reads: 1 }] });
  });

  it('finds version 2 in all processes of Vitrine after an invalidation during a fill', () => {
    const everywhere = { filler: 2, other: 2 };
    expect(rowOf(found.invalidations, 'vitrine')).toMatchObject({
      rounds: [{ filler: everywhere, other: everywhere }],
    });
  });
});

function rowOf<T>(rows: readonly Row<T>[], name: string): Row<T> | undefined {
  return rows.find((row) => row.name === name);
}

/** Of the text of a module. */
function subject(text: string): Subject {
  const module = `data:text/javascript,${encodeURIComponent(text)}`;
  return { name: 'made up', title: 'made up', kind: 'peer', module, packages: [] };
}

/** An engine that keeps what it read, whatever it is told, and reads as often as it is asked. */
const careless = subject(`
  export async function open({ read }) {
    const kept = new Map();
    const get = async (id) => {
      if (kept.has(id)) return kept.get(id);
      const { value } = await read(id);
      kept.set(id, value);
      return value;
    };
    const getMany = (ids) => Promise.all(ids.map(get));
    return { get, getMany, invalidate: async () => {} };
  }`);

describe('an engine that does worse', () => {
  it('is seen to read upstream for each who asks', async () => {
    expect(await stampede(redis, careless, herd)).toMatchObject({ reads: herd.processes * herd.callers });
  });

  it('is seen to give the old version', async () => {
    const { filler } = await invalidateDuringFill(redis, careless);
    expect(filler).toEqual({ filler: 1, other: 2 });
  });

  it('has no figures for Redis where it answers from memory', async () => {
    const [, row] = works;
    if (row === undefined) throw new Error('There is no such work.');
    await expect(measure(redis, careless, row, amount)).rejects.toThrow(/^It found 0 in Redis, of \d+ that it gave/);
  });

  it('has no figures where it answers otherwise', async () => {
    const liar = subject(`
      const row = async () => ({ id: '1', title: 'Another' });
      export const open = async () => ({ get: row, getMany: () => [], invalidate: row });`);
    const [memory] = works;
    if (memory === undefined) throw new Error('There is no such work.');
    await expect(measure(redis, liar, memory, amount)).rejects.toThrow('answered with {"id":"1","title":"Another"}');
  });
});

describe('what is chosen of it', () => {
  it('is all works whose names begin so', () => {
    expect(chosenWorks('page,stampede').works.map(({ name }) => name)).toEqual(['page', 'page-64']);
    expect(chosenWorks('page,stampede')).toMatchObject({ isStampede: true, isInvalidation: false });
    expect(() => chosenWorks('pages')).toThrow('There is no pages.');
  });

  it('always has Vitrine and the floors', () => {
    expect(chosenEngines('keyv').map(({ name }) => name)).toEqual(['vitrine', 'bytes', 'decoded', 'keyv']);
    expect(() => chosenEngines('memcached')).toThrow('There is no memcached.');
  });
});

describe('what is made of the figures of engines', () => {
  const who = ({ name, title, kind }: Subject) => ({ name, title, kind });
  const figures = (us: number, name: string) => ({
    rounds: [{ us, cpuUs: us, datesAre: name === 'bytes' ? ('bytes' as const) : ('texts' as const) }],
  });
  const versions = (filler: number, other: number) => ({ filler: { filler, other }, other: { filler, other } });
  const caches = subjects.filter(({ kind }) => kind !== 'floor');
  const results: EngineResults = {
    measuredOn: '2026-11-25',
    machine: 'a machine',
    versions: { vitrine: '0', node: '26' },
    command: 'npm run bench:engines --',
    rounds: 1,
    amount,
    herd,
    works: works.map(({ name, title, place }) => ({
      name,
      title,
      place,
      // The first that are named are the slowest.
      rows: subjects.map((one, index) =>
        one.name === 'cacheable'
          ? { ...who(one), leftOut: 'it fell | over' }
          : { ...who(one), ...figures(100 / 2 ** index, one.name) },
      ),
    })),
    stampedes: caches.map((one, index) => ({ ...who(one), rounds: [{ reads: 2 ** index, ms: 60 }] })),
    invalidations: caches.map((one, index) => ({ ...who(one), rounds: [versions(index === 0 ? 2 : 1, 2)] })),
  };
  const text = [...blocksOf(results).values()].join('\n');

  it('shows every row, also those that are ahead of Vitrine or that fell out', () => {
    for (const { title } of subjects)
      expect(text.split(`| ${title} |`).length - 1).toBeGreaterThanOrEqual(works.length);
    expect(text).toContain('| the bytes alone | 50 µs | 50 µs to 50 µs | 2.00 × | 50 µs | not decoded |');
    expect(text).toContain('| Cacheable | not measured: it fell \\| over |');
    expect(text).toContain('| Keyv | 32 | 32 to 32 | 60 ms |');
    expect(text).toContain('| Keyv | **version 1 (old) until its TTL** | version 2 |');
  });

  it('says what Vitrine has not reached', () => {
    expect(reachedOf(results).map(({ measured, isReached }) => [measured, isReached])).toEqual([
      ['2.00 ×', false],
      ['2.00 ×', true],
      ['1 at most', true],
      ['version 2', true],
    ]);
    expect(text).toContain('| at most 1.5 × | 2.00 × | **no** |');
  });

  it('has nothing reached of what was not measured', () => {
    const none = { works: [], stampedes: [], invalidations: [] };
    expect(reachedOf(none).map(({ isReached }) => isReached)).toEqual(Array.from({ length: 4 }, () => undefined));
  });
});
