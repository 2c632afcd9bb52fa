/** The blocks of `docs/performance.md` and its pictures, from what a run found. Every row is shown, losing ones too. */
import { sayBytes } from '../support/say.ts';
import { inCell, lineOf, tableOf } from '../support/table.ts';
import { barsOf } from './bars.ts';
import {
  type ColdRow,
  type Figures,
  type HttpResults,
  isMeasured,
  type Row,
  type Run,
  type WorkResults,
} from './results.ts';
import { type Ratio, reachedOf, targets } from './targets.ts';
import { works } from './works.ts';

/** Of Q10, after the first. */
export const coldAnswers = 10_000;

/** By the name of the block. */
export function blocksOf({ runs }: HttpResults): Map<string, string> {
  const all = worksOf(runs);
  return new Map([
    ['machine', runs.map(machineOf).join('\n')],
    ['reached', reachedTable(runs)],
    ['requests', requestsTable(all)],
    ['works', all.map(workOf).join('\n\n')],
    ['cold starts', coldTable(runs.flatMap(({ coldStarts }) => coldStarts))],
    ['versions', [...new Set(runs.map(versionsOf))].join('\n\n')],
  ]);
}

/** By their names below `docs/images/`. */
export function picturesOf({ runs }: HttpResults): Map<string, string> {
  return new Map(
    worksOf(runs).map(({ name, title, rows }) => [
      pictureName(name),
      barsOf({
        title: `${name}: ${title.replaceAll('`', '')}`,
        unit: 'requests a second',
        bars: sorted(rows)
          .filter(isMeasured)
          .map(({ title, kind, medians, rounds }) => ({
            name: title.replaceAll('`', ''),
            shade: kind,
            value: medians.requestsPerSecond,
            low: Math.min(...rounds.map(({ requestsPerSecond }) => requestsPerSecond)),
            high: Math.max(...rounds.map(({ requestsPerSecond }) => requestsPerSecond)),
          })),
      }),
    ]),
  );
}

/** In the order in which they are listed, whichever run they are of. */
function worksOf(runs: readonly Run[]): WorkResults[] {
  const place = ({ name }: WorkResults) => works.findIndex((work) => work.name === name);
  return runs.flatMap((run) => run.works).toSorted((a, b) => place(a) - place(b));
}

function machineOf(run: Run): string {
  const { machine, measuredOn, rounds, seconds, connections, isApart, command, versions } = run;
  const names = [...worksOf([run]).map(({ name }) => name), ...(run.coldStarts.length > 0 ? ['Q10'] : [])];
  const cores = isApart ? 'the server on one core, the load and all else on another' : 'server and load on any core';
  return (
    `- ${names.join(', ')}: ${machine}; Vitrine ${versions.vitrine}, Node ${versions.node}; ${measuredOn}. ` +
    `${connections} connections, ${cores}; medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'} of ${seconds} s. \`${command}\``
  );
}

function versionsOf({ versions }: Run): string {
  return Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
}

function reachedTable(runs: readonly Run[]): string {
  const lines = targets.map((target) => {
    // Both sides of a ratio are of one run.
    const reached = runs.map((run) => reachedOf(target, run.works)).find((one) => one !== undefined);
    const cells = [target.work, target.against, sayRatio(target.least)];
    if (reached === undefined) return lineOf([...cells, 'not measured', '', '', '']);
    const { ratio, ratioByCpu, against } = reached;
    const isOf = against.kind === 'peer' ? ` (${against.title})` : '';
    const isReached = ratio.median >= target.least ? 'yes' : '**no**';
    const measured = `${sayRatio(ratio.median)}${isOf}`;
    return lineOf([...cells, measured, isReached, sayRange(ratio), sayRatio(ratioByCpu)]);
  });
  const heads = ['', 'against', 'at least', 'measured', 'reached', 'rounds', 'by CPU time'];
  return tableOf(heads, '|---|---|---:|---|---|---:|---:|', lines);
}

/** All servers by all works, at a glance. */
function requestsTable(all: readonly WorkResults[]): string {
  const names = [...new Map(all.flatMap(({ rows }) => rows.map(({ name, title }) => [name, title] as const)))];
  const lines = names.map(([name, title]) =>
    lineOf([title, ...all.map(({ rows }) => sayRequests(rows.find((row) => row.name === name)))]),
  );
  const heads = lineOf(['requests a second', ...all.map(({ name }) => name)]);
  return [heads, `|---|${'---:|'.repeat(all.length)}`, ...lines].join('\n');
}

function workOf({ name, title, rows }: WorkResults): string {
  const lines = sorted(rows).map(rowOf);
  const heads = 'requests/s | rounds | p50 | p99 | CPU for 1,000 | memory at most | an answer';
  return [
    `### ${name}: ${title}`,
    '',
    `![Requests a second of each server](images/${pictureName(name)})`,
    '',
    `| | ${heads} |`,
    '|---|---:|---:|---:|---:|---:|---:|---:|',
    ...lines,
  ].join('\n');
}

function coldTable(coldStarts: readonly ColdRow[]): string {
  const first = (row: ColdRow) => ('medians' in row ? row.medians.firstMs : Number.POSITIVE_INFINITY);
  const lines = coldStarts
    .toSorted((a, b) => first(a) - first(b))
    .map((row) =>
      'medians' in row
        ? lineOf([row.title, `${sayCount(row.medians.firstMs)} ms`, `${sayCount(row.medians.allMs)} ms`])
        : lineOf([row.title, `not measured: ${inCell(row.leftOut)}`, '']),
    );
  const heads = ['', 'to the first answer', `and ${sayCount(coldAnswers)} more`];
  return tableOf(heads, '|---|---:|---:|', lines);
}

function rowOf(row: Row): string {
  const { title, answerBytes } = row;
  if (!isMeasured(row)) return lineOf([title, `not measured: ${inCell(row.leftOut)}`, '', '', '', '', '', '']);
  const { requestsPerSecond, p50Ms, p99Ms, cpuSecondsPer1000, peakBytes } = row.medians;
  const rounds = row.rounds.map((round) => round.requestsPerSecond);
  return lineOf([
    title + changesOf(row.medians),
    sayCount(requestsPerSecond),
    `${sayCount(Math.min(...rounds))} to ${sayCount(Math.max(...rounds))}`,
    `${sayDigits(p50Ms)} ms`,
    `${sayDigits(p99Ms)} ms`,
    `${sayDigits(1_000 * cpuSecondsPer1000)} ms`,
    sayBytes(peakBytes, 3),
    answerBytes === undefined ? '' : sayBytes(answerBytes, 3),
  ]);
}

function changesOf({ changes, repeatedChanges }: Figures): string {
  return changes === undefined ? '' : ` (${sayCount(changes)} changes, ${sayCount(repeatedChanges ?? 0)} told again)`;
}

/** The fastest first, and at the end what was not measured. */
function sorted(rows: readonly Row[]): Row[] {
  const speed = (row: Row) => (isMeasured(row) ? row.medians.requestsPerSecond : -1);
  return rows.toSorted((a, b) => speed(b) - speed(a));
}

function sayRequests(row: Row | undefined): string {
  if (row === undefined) return '–';
  return isMeasured(row) ? sayCount(row.medians.requestsPerSecond) : 'not measured';
}

function sayRatio(ratio: number): string {
  return ratio < 1.2 ? ratio.toFixed(2) : `${Number(ratio.toPrecision(2))} ×`;
}

function sayRange({ low, high }: Ratio): string {
  return `${sayRatio(low)} to ${sayRatio(high)}`;
}

function sayCount(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function sayDigits(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en');
}

function pictureName(work: string): string {
  return `performance-${work.toLowerCase()}.svg`;
}
