/** A run: rounds, in each of which every way pulls everything once, so that none has the quiet minute alone. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunningRedis } from '../../tests/support/redis.ts';
import { Series } from '../support/series.ts';
import { type Figure, measure, type Paging } from './measure.ts';
import type { WorkResults } from './results.ts';
import { Upstream } from './upstream.ts';
import type { Way } from './ways.ts';
import type { Work } from './works.ts';

export type Plan = { ways: readonly Way[]; works: readonly Work[]; rounds: number; paging: Paging };

/** Told of each measurement. */
export type Observer = {
  planned(measurements: number): void;
  measured(done: { work: Work; way: Way; round: number; found: Figure | string }): void;
};

/** What was found so far, after each round. */
export async function* run(
  redis: RunningRedis,
  { ways, works, rounds, paging }: Plan,
  observer: Observer,
): AsyncGenerator<readonly WorkResults[]> {
  observer.planned(rounds * works.length * ways.length);
  const dir = await mkdtemp(join(tmpdir(), 'vitrine-bench-'));
  const upstreams = new Map<number, Upstream>();
  try {
    for (const { count } of works) {
      if (!upstreams.has(count)) upstreams.set(count, await Upstream.start(count, dir));
    }
    const all = works.map((work) => {
      const on = { redis, upstream: upstreams.get(work.count) as Upstream, latencyMs: work.latencyMs };
      return { work, series: new Series(work.name, ways, (way) => measure(way, on, paging)) };
    });
    for (let round = 1; round <= rounds; round++) {
      for (const { work, series } of all) {
        await series.round((way, found) => observer.measured({ work, way, round, found }));
      }
      yield all.map(({ work, series }) => ({ ...work, rows: rowsOf(series) }));
    }
  } finally {
    await Promise.all(upstreams.values().map((upstream) => upstream.stop()));
    await rm(dir, { recursive: true, force: true });
  }
}

function rowsOf(series: Series<Way, Figure>): WorkResults['rows'] {
  return series.outcomes().map(([{ name, title, kind }, outcome]) => ({ name, title, kind, ...outcome }));
}
