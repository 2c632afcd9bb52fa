/** Tables and pictures of `docs/scaling.md`, which a test holds to these. */

import { sayBytes, sayCores, sayCount, saySeconds, sayTimes } from '../support/say.ts';
import { figures, words } from './figures.ts';
import { brokenBy, type Costs, type Load, loadOf, nearest } from './model.ts';
import { figureOf, gridOf } from './plots.ts';
import type { Measured, Validated } from './results.ts';
import { deploymentOf, limits } from './scenario.ts';

const replicaCounts = [1, 10, 100, 1_000];
/** Closer where it gives way. */
const sizedCounts = [1, 10, 40, 50, 100, 1_000];
const rowCounts = [1e3, 1e4, 1e5, 1e6, 1e7];

// ── Tables ──────────────────────────────────────────────────────────────────────────────────────────────────────────

type Results = {
  measured: Measured;
  validated: Validated;
  /** The same, with drains that end stale. */
  slow: Validated;
};

/** By name, in the order of the page. */
export function tablesOf({ measured, validated, slow }: Results): Map<string, string> {
  return new Map([
    ['costs', costsTable(measured)],
    ['bytes', bytesTable(measured)],
    ['the model beside a deployment', validationTable(validated)],
    ['the same, with drains that end stale', validationTable(slow)],
    ['sizes', sizesTable(measured)],
    ['loads', loadsTable(measured)],
    ['remedies', remediesTable(measured)],
  ]);
}

const costWords: Readonly<Partial<Record<keyof Costs, string>>> = {
  keptAnswerUs: 'an answer kept whole | gateway',
  compiledAnswerUs: 'an answer made by a compiled operation | gateway',
  fillUs: 'a fill of a row, beside its answer | gateway',
  redisFillUs: '… | Redis',
  changeHereUs: 'a change | the gateway that is told',
  changeElsewhereUs: '… | each other gateway',
  redisChangeUs: '… | Redis, without the others',
  redisChangeReadUs: '… | Redis, for each other gateway',
  drainedRowUs: 'a row of a drain | the gateway that drains',
  loadedRowUs: '… | each other gateway',
  redisRowUs: '… | Redis, written',
  redisRowReadUs: '… | Redis, read by each other',
  redisPollUs: 'a look whether a drain is done | Redis',
  idleUsPerSecond: 'a second in which nothing happens | gateway',
  redisLookUs: 'a look at the log | Redis',
  sortedRowUs: 'a row of a million that are sorted | gateway',
};

const byteWords: Readonly<Partial<Record<keyof Costs, string>>> = {
  processBytes: 'heap of a gateway without rows',
  rowInMemory: 'a row of a view',
  rowInRedis: 'a row of a drain in Redis',
  rowKeyInRedis: 'a row by itself in Redis',
  recordInLog: 'a record of the log',
  rowBytes: 'sent for a row of a drain',
  lookBytes: 'sent for a look',
  changeReadBytes: 'sent for a change, to each other gateway',
};

function costsTable({ costs, spread }: Measured): string {
  const lines = entriesOf(costWords).map(([name, says]) => {
    const rounds = spread[name];
    return `| ${says} | ${sayUs(costs[name])} | ${rounds ? `${sayUs(rounds.low)} to ${sayUs(rounds.high)}` : ''} |`;
  });
  const moved = `| a change, for each million rows of each sorted list | every gateway | ${sayUs(1_000 * costs.movedRowNs)} | |`;
  return ['| what | CPU time of | median | rounds |', '|---|---|---:|---:|', ...lines, moved].join('\n');
}

function bytesTable({ costs }: Measured): string {
  const lines = entriesOf(byteWords).map(([name, says]) => `| ${says} | ${sayBytes(costs[name], 3)} |`);
  return ['| what | bytes |', '|---|---:|', ...lines].join('\n');
}

const lineWords: Readonly<Partial<Record<keyof Load, [says: string, say: (value: number) => string]>>> = {
  replicaCpu: ['CPU of a replica', sayCores],
  redisCpu: ['CPU of Redis', sayCores],
  redisBytesPerSecond: ['sent by Redis, each second', sayBytes],
  upstreamRequestsPerSecond: ['requests to upstream, each second', sayCount],
  logRecordsPerSecond: ['records in the log, each second', sayCount],
  drainSeconds: ['time of a drain', saySeconds],
  replicaBytes: ['heap of a replica', sayBytes],
};

function validationTable({ lines }: Validated): string {
  const rows = lines.flatMap(({ name, predicted, measured }) => {
    const [says, say] = lineWords[name] ?? [];
    const error = Math.round(100 * (predicted / measured - 1));
    return says && say ? `| ${says} | ${say(predicted)} | ${say(measured)} | ${sayError(error)} |` : [];
  });
  return ['| | by the model | measured | error |', '|---|---:|---:|---:|', ...rows].join('\n');
}

function sizesTable(measured: Measured): string {
  const rows = sizedCounts.map((replicas) => {
    const { most, next } = mostRows(measured, replicas);
    return `| ${sayCount(replicas)} | ${most} | ${next} |`;
  });
  return ['| replicas | catalogs at most | what breaks next |', '|---:|---:|---|', ...rows].join('\n');
}

function loadsTable({ costs }: Measured): string {
  const rows = replicaCounts.flatMap((replicas) =>
    rowCounts.map((rows) => {
      const load = loadOf(costs, deploymentOf(replicas, rows));
      const cells = [
        sayCount(replicas),
        sayCount(rows),
        sayCount(load.upstreamRequestsPerSecond),
        saySeconds(load.drainSeconds),
        sayCount(load.logRecordsPerSecond),
        sayCores(load.redisCpu),
        sayBytes(load.redisBytesPerSecond),
        sayBytes(load.redisBytes),
        sayCores(load.replicaCpu),
        sayBytes(load.replicaBytes),
        overOf(load),
      ];
      return `| ${cells.join(' | ')} |`;
    }),
  );
  const names =
    'replicas | catalogs | upstream/s | a drain | log/s | Redis CPU | sent/s | holds | replica CPU | heap | over';
  return [`| ${names} |`, '|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|', ...rows].join('\n');
}

/** Of the same catalogs and replicas, for longer fresh, or parted: each part with replicas, a log and a Redis of its own. */
function remediesTable({ costs }: Measured): string {
  const ways: { says: string; parts: number; maxAgeSeconds: number }[] = [
    { says: 'as it is', parts: 1, maxAgeSeconds: 60 },
    { says: '`maxAge` of ten minutes', parts: 1, maxAgeSeconds: 600 },
    { says: '`maxAge` of an hour', parts: 1, maxAgeSeconds: 3_600 },
    { says: 'ten parts', parts: 10, maxAgeSeconds: 60 },
    { says: 'a hundred parts', parts: 100, maxAgeSeconds: 60 },
    { says: 'a hundred parts, `maxAge` of an hour', parts: 100, maxAgeSeconds: 3_600 },
  ];
  const rows = [1e6, 1e7].flatMap((all) =>
    ways.map(({ says, parts, maxAgeSeconds }) => {
      const load = loadOf(costs, { ...deploymentOf(1_000 / parts, all / parts), maxAgeSeconds });
      const cells = [
        sayCount(all),
        says,
        sayCount(parts * load.upstreamRequestsPerSecond),
        saySeconds(load.drainSeconds),
        sayCores(load.redisCpu),
        sayBytes(load.redisBytesPerSecond),
        sayCores(load.replicaCpu),
        sayBytes(load.replicaBytes),
        overOf(load),
      ];
      return `| ${cells.join(' | ')} |`;
    }),
  );
  const names = 'catalogs | | upstream/s, all | a drain | CPU of a Redis | sent/s | replica CPU | heap | over';
  return [`| ${names} |`, '|---:|---|---:|---:|---:|---:|---:|---:|---|', ...rows].join('\n');
}

function overOf(load: Load): string {
  const broken = brokenBy(load, limits).map(({ name, times }) => `${words[name]} ${sayTimes(times)}`);
  return broken.join(', ') || '–';
}

/** The most rows with which nothing breaks, and what does beyond. */
function mostRows({ costs }: Measured, replicas: number): { most: string; next: string } {
  const sizes = Array.from({ length: 401 }, (_, index) => Math.round(10 ** (3 + index / 100)));
  const loads = sizes.map((rows) => loadOf(costs, deploymentOf(replicas, rows)));
  const first = loads.findIndex((load) => brokenBy(load, limits).length > 0);
  const next = words[nearest(loads[first] ?? (loads.at(-1) as Load), limits).name];
  if (first === 0) return { most: 'fewer than 1,000', next };
  return { most: first < 0 ? 'more than 10 M' : sayCount(sizes[first - 1] as number), next };
}

// ── Pictures ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** By their names below `docs/images/`. */
export function picturesOf({ costs }: Measured): Map<string, string> {
  const loadAt = (replicas: number, rows: number) => loadOf(costs, deploymentOf(replicas, rows));
  const x = Array.from({ length: 4 * 4 + 1 }, (_, index) => 10 ** (3 + index / 4));
  const curves = Object.entries(figures).map(([name, panels]): [string, string] => [
    `scaling-${name}.svg`,
    figureOf({
      title: `Scaling: ${name}`,
      x,
      sayX: sayCount,
      panels: panels.map(({ title, limits = [], say, of }) => ({
        title,
        limits,
        say,
        curves: replicaCounts.map((replicas) => ({
          name: sayReplicas(replicas),
          values: x.map((rows) => of(loadAt(replicas, rows))),
        })),
      })),
    }),
  ]);
  const grid = gridOf({
    title: 'What breaks first',
    columns: rowCounts.map((rows) => `${sayCount(rows)} catalogs`),
    rows: replicaCounts.map((replicas) => ({
      name: sayReplicas(replicas),
      cells: rowCounts.map((rows) => {
        const { name, times } = nearest(loadAt(replicas, rows), limits);
        return { times, says: words[name] };
      }),
    })),
  });
  return new Map([['scaling-limits.svg', grid], ...curves]);
}

function sayReplicas(count: number): string {
  return `${sayCount(count)} ${count === 1 ? 'replica' : 'replicas'}`;
}

function sayError(percent: number): string {
  const sign = percent > 0 ? '+' : percent < 0 ? '−' : '';
  return `${sign}${Math.abs(percent)} %`;
}

function sayUs(us: number): string {
  return us < 1_000 ? `${Number(us.toPrecision(3))} µs` : `${Number((us / 1_000).toPrecision(3))} ms`;
}

function entriesOf<V>(words: Readonly<Partial<Record<keyof Costs, V>>>): [keyof Costs, V][] {
  return Object.entries(words) as [keyof Costs, V][];
}
