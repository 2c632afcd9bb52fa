/** The block of `docs/performance.md` about memory, from what a run found. */
import { sayBytes } from '../support/say.ts';
import { lineOf, tableOf } from '../support/table.ts';
import type { Held } from './held.ts';
import type { MemoryResults } from './run.ts';

/** What may be held more after five times as many have come: garbage collectors and compilers keep books, too. */
const mostGrowth = 1.1;

/** By the name of the block. */
export function blocksOf(results: MemoryResults): Map<string, string> {
  return new Map([['memory', [eachTable(results), churnTable(results), drainTable(results)].join('\n\n')]]);
}

function eachTable({ view, entries, answers }: MemoryResults): string {
  const unbounded = (title: string, bytes: number) => lineOf([title, sayBytes(bytes, 3), 'not bounded', '']);
  const bounded = (title: string, { bytes, countedBytes }: Held) =>
    lineOf([title, sayBytes(bytes, 3), sayBytes(countedBytes, 3), `${(bytes / countedBytes).toFixed(2)} ×`]);
  const lines = [
    unbounded(`a row of a view of ${sayCount(view.rows)}`, view.rowBytes),
    unbounded('… in each order that was asked for', view.sortedRowBytes),
    bounded('a row read by itself, in the memory tier', entries),
    bounded(`a whole answer, ${sayBytes(answers.bodyBytes, 3)} of body`, answers),
    lineOf(['… once it was asked for again', `${sayBytes(answers.againBytes, 3)} more`, 'by a bound of its own', '']),
  ];
  return tableOf(['', 'heap', 'counted against its bound', 'heap, counted = 1'], '|---|---:|---:|---:|', lines);
}

function churnTable({ entries, answers }: MemoryResults): string {
  const line = (title: string, { maxBytes, fits, churnedOnceBytes, churnedOftenBytes }: Held) => {
    const growth = churnedOftenBytes / churnedOnceBytes;
    return lineOf([
      title,
      sayBytes(maxBytes, 3),
      sayCount(fits),
      sayBytes(churnedOnceBytes, 3),
      sayBytes(churnedOftenBytes, 3),
      `${growth.toFixed(2)} ×`,
      growth <= mostGrowth ? 'no' : '**yes**',
    ]);
  };
  const heads = ['', 'bound', 'holds', 'heap, all replaced once', 'five times', '', 'grows'];
  const lines = [line('rows in the memory tier', entries), line('whole answers', answers)];
  return tableOf(heads, '|---|---:|---:|---:|---:|---:|---|', lines);
}

function drainTable({ draining }: MemoryResults): string {
  const lines = draining.map(({ rows, mostBytes }) =>
    lineOf([`${sayCount(rows)} catalogs`, sayBytes(mostBytes, 3), sayBytes(mostBytes / rows, 3)]),
  );
  return tableOf(['a drain thrown away, of', 'heap at most', 'for a row'], '|---|---:|---:|', lines);
}

function sayCount(value: number): string {
  return Math.round(value).toLocaleString('en');
}
