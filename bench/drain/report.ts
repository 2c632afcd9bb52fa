/** The blocks of `docs/performance.md` about drains and memory, from what a run found. Every row is shown, losing ones too. */
import { blocksOf as blocksOfMemory } from '../memory/report.ts';
import { sayBytes } from '../support/say.ts';
import { inCell, lineOf, tableOf } from '../support/table.ts';
import { type DrainResults, isMeasured, type Measured, type WorkResults } from './results.ts';
import { leastShare, median, named, reachedOf } from './targets.ts';

/** By the names of the blocks. */
export function blocksOf(results: DrainResults): Map<string, string> {
  const parts = [headOf(results), reachedTable(results), ...results.works.map(workOf)];
  return new Map([['drain', parts.join('\n\n')], ...blocksOfMemory(results.memory)]);
}

function headOf({ machine, measuredOn, rounds, paging, command, versions }: DrainResults): string {
  const all = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return (
    `${machine}; ${measuredOn}. Medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}; pages of ` +
    `${paging.pageSize}, ${paging.concurrency} at once. \`${command}\`\n\n${all.join(', ')}`
  );
}

function reachedTable({ works }: DrainResults): string {
  const lines = works.map((work) => {
    const reached = reachedOf(work);
    const cells = [work.title, leastShare.toFixed(2)];
    if (reached === undefined) return lineOf([...cells, 'not measured', '', '']);
    const { ratio, ratioByCpu } = reached;
    return lineOf([...cells, ratio.toFixed(2), ratio >= leastShare ? 'yes' : '**no**', ratioByCpu.toFixed(2)]);
  });
  const heads = [
    'a drain thrown away, beside the client that parses',
    'at least',
    'measured',
    'reached',
    'by CPU time',
  ];
  return tableOf(heads, '|---|---:|---:|---|---:|', lines);
}

/** The fastest first, and at the end what was not measured. */
function workOf(work: WorkResults): string {
  const client = named(work, 'client');
  const measured = work.rows.filter(isMeasured).toSorted((a, b) => median(a, 'ms') - median(b, 'ms'));
  const leftOut = work.rows.flatMap((row) =>
    isMeasured(row) ? [] : [lineOf([row.title, `not measured: ${inCell(row.leftOut)}`, '', '', '', '', '', ''])],
  );
  const heads = [
    '',
    'rows/s',
    'rounds',
    'speed, client that parses = 1',
    'time',
    'CPU time',
    'memory above the start, at most',
    'pages asked for',
  ];
  const lines = [...measured.map((row) => rowOf(row, work.count, client)), ...leftOut];
  return `### ${work.title}\n\n${tableOf(heads, '|---|---:|---:|---:|---:|---:|---:|---:|', lines)}`;
}

function rowOf(row: Measured, count: number, client: Measured | undefined): string {
  const speeds = row.rounds.map(({ ms }) => (1_000 * count) / ms);
  return lineOf([
    row.title,
    sayCount((1_000 * count) / median(row, 'ms')),
    `${sayCount(Math.min(...speeds))} to ${sayCount(Math.max(...speeds))}`,
    client === undefined ? '' : (median(client, 'ms') / median(row, 'ms')).toFixed(2),
    `${sayCount(median(row, 'ms'))} ms`,
    `${sayCount(median(row, 'cpuMs'))} ms`,
    sayBytes(median(row, 'peakBytes'), 3),
    sayCount(median(row, 'pages')),
  ]);
}

function sayCount(value: number): string {
  return Math.round(value).toLocaleString('en');
}
