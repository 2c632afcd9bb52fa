/** The block of `docs/performance.md` about cache engines, from what a run found. Every row is shown, losing ones too. */
import { medianOf } from '../support/median.ts';
import { inCell, lineOf, tableOf } from '../support/table.ts';
import type { Invalidated } from './invalidation.ts';
import type { Figure } from './measure.ts';
import { type EngineResults, isMeasured, type Measured, type Row, type WorkResults } from './results.ts';
import type { Stampede } from './stampede.ts';
import { medianUs, reachedOf, versionsIn } from './targets.ts';

/** By the name of the block. */
export function blocksOf(results: EngineResults): Map<string, string> {
  const parts = [
    headOf(results),
    reachedTable(results),
    ...results.works.map(workOf),
    stampedeTable(results),
    invalidationTable(results),
  ];
  return new Map([['engines', parts.join('\n\n')]]);
}

function headOf({ machine, measuredOn, rounds, amount, command, versions }: EngineResults): string {
  const all = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return (
    `${machine}; ${measuredOn}. Medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}, of ${amount.ms} ms each. ` +
    `\`${command}\`\n\n${all.join(', ')}`
  );
}

function reachedTable(results: EngineResults): string {
  const lines = reachedOf(results).map(({ what, target, measured, isReached }) =>
    lineOf([what, target, measured, isReached === undefined ? '' : isReached ? 'yes' : '**no**']),
  );
  return tableOf(['Vitrine', 'target', 'measured', 'reached'], '|---|---|---|---|', lines);
}

function workOf({ title, place, rows }: WorkResults): string {
  const own = rows.filter(isMeasuredFigure).find(({ kind }) => kind === 'vitrine');
  const measured = rows.filter(isMeasuredFigure).toSorted((a, b) => medianUs(a) - medianUs(b));
  const sayTime = (us: number) => (place === 'memory' ? sayCount(1e6 / us) : sayUs(us));
  const lines = measured.map((row) => {
    const times = row.rounds.map(({ us }) => us);
    const cells = [sayTime(medianUs(row)), `${sayTime(Math.min(...times))} to ${sayTime(Math.max(...times))}`];
    const speed = own === undefined ? '' : `${(medianUs(own) / medianUs(row)).toFixed(2)} ×`;
    const cpu = sayUs(medianOf(row.rounds.map(({ cpuUs }) => cpuUs)));
    return lineOf([row.title, ...cells, speed, cpu, datesOf(row)]);
  });
  const unit = place === 'memory' ? 'calls/s' : 'a call';
  const heads = ['', unit, 'rounds', 'speed, Vitrine = 1', 'CPU for a call', 'dates come as'];
  return `### ${capital(title)}\n\n${tableOf(heads, '|---|---:|---:|---:|---:|---|', [...lines, ...leftOut(rows, 5)])}`;
}

function stampedeTable({ stampedes, herd: { processes, callers, latencyMs } }: EngineResults): string {
  const reads = ({ rounds }: Measured<Stampede>) => rounds.map((round) => round.reads);
  const lines = stampedes
    .filter((row): row is Measured<Stampede> => isMeasured(row))
    .toSorted((a, b) => medianOf(reads(a)) - medianOf(reads(b)))
    .map((row) => {
      const [least, most] = [Math.min(...reads(row)), Math.max(...reads(row))].map(sayCount);
      const ms = medianOf(row.rounds.map((round) => round.ms));
      return lineOf([row.title, sayCount(medianOf(reads(row))), `${least} to ${most}`, `${sayCount(ms)} ms`]);
    });
  const title = `### A stampede: ${processes} processes, ${sayCount(callers)} callers in each, upstream takes ${latencyMs} ms`;
  const heads = ['', 'upstream was read', 'rounds', 'until the last has its answer'];
  return `${title}\n\n${tableOf(heads, '|---|---:|---:|---:|', [...lines, ...leftOut(stampedes, 3)])}`;
}

function invalidationTable({ invalidations }: EngineResults): string {
  const lines = invalidations
    .filter((row): row is Measured<Invalidated> => isMeasured(row))
    .map(({ title, rounds }) => {
      const cells = [0, 1, 2, 3].map((at) => sayVersion(Math.min(...rounds.map((one) => versionsIn(one)[at] ?? 0))));
      return lineOf([title, ...cells]);
    });
  const heads = [
    '',
    'invalidated by who fills: it gives',
    'another gives',
    'invalidated by another: who fills gives',
    'the other gives',
  ];
  const table = tableOf(heads, '|---|---|---|---|---|', [...lines, ...leftOut(invalidations, 4)]);
  return `### An invalidation during a fill\n\n${table}`;
}

function isMeasuredFigure(row: Row<Figure>): row is Measured<Figure> {
  return isMeasured(row);
}

function leftOut<T>(rows: readonly Row<T>[], cells: number): string[] {
  return rows.flatMap((row) =>
    isMeasured(row)
      ? []
      : [lineOf([row.title, `not measured: ${inCell(row.leftOut)}`, ...Array.from({ length: cells - 1 }, () => '')])],
  );
}

const datesAs = { dates: '`Date`', texts: 'text', bytes: 'not decoded' };

function datesOf({ rounds }: Measured<Figure>): string {
  return datesAs[rounds[0]?.datesAre ?? 'texts'];
}

function sayVersion(version: number): string {
  return version === 2 ? 'version 2' : '**version 1 (old) until its TTL**';
}

function sayUs(us: number): string {
  return `${Number(us.toPrecision(3)).toLocaleString('en')} µs`;
}

function sayCount(value: number): string {
  return Math.round(value).toLocaleString('en');
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
