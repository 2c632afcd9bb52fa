/**
 * What holds of a page, whatever was true when (P2, P3).
 *
 * A page shows one moment of one process: rows of which each may be of another moment of upstream, as each is read for
 * itself. So what a page shows is held against itself (order, filter, place, size), and what it does not show against
 * every state that the row may have been in: it is wrong only if the row belongs on the page in all of them.
 */
import type { CatalogRow, State } from './catalogue.ts';
import type { Filter, Order, PageQuestion, ShownPage } from './questions.ts';

export type PageToCheck = {
  question: PageQuestion;
  shown: ShownPage;
  /** What is shown, as upstream wrote it. */
  rows: readonly CatalogRow[];
  /** Of each row that is not shown, the states it may have been in. */
  others: ReadonlyMap<string, readonly State[]>;
};

/** @returns What is wrong with it. */
export function checkPage(page: PageToCheck): string[] {
  return [...checkRows(page), ...checkCursors(page), ...checkMissing(page), ...checkAround(page)];
}

// ── What is shown ───────────────────────────────────────────────────────────────────────────────────────────────────

function checkRows({ question, rows }: PageToCheck): string[] {
  const { filter, after, take } = question;
  const compare = compareIn(question);
  const wrong: string[] = [];
  const seen = new Set<string>();
  for (const [index, row] of rows.entries()) {
    const before = rows[index - 1];
    const name = nameOf(row);
    if (seen.has(row.id)) wrong.push(`${row.id} is shown twice`);
    else if (before !== undefined && compare(before, row) >= 0) wrong.push(`${name} stands behind ${nameOf(before)}`);
    if (!fits(filter, row)) wrong.push(`${name} does not fit the filter`);
    if (after !== undefined && compare(after.row, row) >= 0) wrong.push(`${name} does not come after the cursor`);
    seen.add(row.id);
  }
  if (rows.length > sizeOf(take)) wrong.push(`${rows.length} rows, more than were asked for`);
  return wrong;
}

function checkCursors({ shown: { pageInfo, edges } }: PageToCheck): string[] {
  const areEnds =
    pageInfo.startCursor === (edges[0]?.cursor ?? null) && pageInfo.endCursor === (edges.at(-1)?.cursor ?? null);
  return areEnds ? [] : ['startCursor and endCursor are not those of the edges'];
}

// ── What is not ─────────────────────────────────────────────────────────────────────────────────────────────────────

function checkMissing({ question, rows, others }: PageToCheck): string[] {
  const { filter, after, take } = question;
  const compare = compareIn(question);
  const isFull = rows.length >= sizeOf(take);
  // A full page says nothing of what lies beyond the end that it was counted towards.
  const end = 'first' in take && isFull ? rows.at(-1) : undefined;
  const start = 'last' in take && isFull ? rows[0] : after?.row;
  const belongs = ({ row }: State) =>
    row !== undefined &&
    fits(filter, row) &&
    (start === undefined || compare(start, row) < 0) &&
    (end === undefined || compare(row, end) < 0);
  return [...others].flatMap(([id, states]) => (states.every(belongs) ? [`${id} is missing`] : []));
}

function checkAround({ question, shown, rows, others }: PageToCheck): string[] {
  const { totalCount, pageInfo } = shown;
  const compare = compareIn(question);
  const matching = ({ row }: State) => row !== undefined && fits(question.filter, row);
  const [first, last] = [rows[0], rows.at(-1)];
  const isNext = (row: CatalogRow) => isBehind(row, last, question, compare);
  const isPrevious = (row: CatalogRow) => isAhead(row, first, question, compare);
  const around = (is: (row: CatalogRow) => boolean) => (state: State) => matching(state) && is(state.row as CatalogRow);
  const sets = [...others.values()];
  const must = sets.filter((states) => states.every(matching)).length + rows.length;
  const may = sets.filter((states) => states.some(matching)).length + rows.length;
  const known = rows.length + Number(pageInfo.hasNextPage) + Number(pageInfo.hasPreviousPage);
  const isWhole = known === rows.length && rows.length > 0;
  return [
    ...checkFlag('hasNextPage', pageInfo.hasNextPage, sets, around(isNext)),
    ...checkFlag('hasPreviousPage', pageInfo.hasPreviousPage, sets, around(isPrevious)),
    ...(totalCount < must || totalCount > may ? [`totalCount is ${totalCount}, not from ${must} to ${may}`] : []),
    ...(totalCount < known ? [`totalCount is ${totalCount}, and the page alone tells of ${known}`] : []),
    ...(isWhole && totalCount !== rows.length ? [`totalCount is ${totalCount} of ${rows.length} rows in all`] : []),
  ];
}

function checkFlag(
  name: string,
  value: boolean,
  sets: readonly (readonly State[])[],
  holds: (state: State) => boolean,
): string[] {
  if (value) return sets.some((states) => states.some(holds)) ? [] : [`${name}, and there is no such row`];
  return sets.some((states) => states.every(holds)) ? [`not ${name}, and there is such a row`] : [];
}

type Compare = (a: CatalogRow, b: CatalogRow) => number;

/** Whether it comes after the last row; of an empty page, after the place it was asked for at. */
function isBehind(
  row: CatalogRow,
  last: CatalogRow | undefined,
  { take, after }: PageQuestion,
  compare: Compare,
): boolean {
  if (last !== undefined) return compare(last, row) < 0;
  return 'first' in take && (after === undefined || compare(after.row, row) < 0);
}

function isAhead(
  row: CatalogRow,
  first: CatalogRow | undefined,
  { take, after }: PageQuestion,
  compare: Compare,
): boolean {
  if (first !== undefined) return compare(row, first) < 0;
  return 'last' in take || (after !== undefined && compare(row, after.row) < 0);
}

// ── Order and filter ────────────────────────────────────────────────────────────────────────────────────────────────

/** Titles are lower-case ASCII and times are all written alike, so each sorts as its text does. */
const fieldOf = { TITLE: 'title', START_DATE: 'start_date', UPDATED_AT: 'updated_at' } as const satisfies Record<
  Order,
  keyof CatalogRow
>;

function compareIn({ order, direction }: PageQuestion): Compare {
  const field = fieldOf[order];
  const sign = direction === 'ASC' ? 1 : -1;
  return (a, b) => sign * (compareText(a[field], b[field]) || a.id.length - b.id.length || compareText(a.id, b.id));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function fits({ status, sellerId, titleContains, startsFromMs, startsBeforeMs }: Filter, row: CatalogRow): boolean {
  const startMs = Date.parse(row.start_date);
  return (
    (status === undefined || (status as string[]).includes(row.status.toUpperCase())) &&
    (sellerId === undefined || row.seller_id === sellerId) &&
    (titleContains === undefined || row.title.includes(titleContains)) &&
    (startsFromMs === undefined || startMs >= startsFromMs) &&
    (startsBeforeMs === undefined || startMs < startsBeforeMs)
  );
}

function sizeOf(take: PageQuestion['take']): number {
  return 'first' in take ? take.first : take.last;
}

function nameOf({ id, lot_count }: CatalogRow): string {
  return `${id} of ${lot_count}`;
}
