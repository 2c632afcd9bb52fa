/**
 * The model that pages are held against: sorts and slices raw wire rows, and imports nothing from `src/`.
 */

export type RawRow = Record<string, unknown> & { id: string | number };

export type ModelQuery = {
  first?: number;
  last?: number;
  after?: RawRow;
  before?: RawRow;
  order: 'START_DATE' | 'TITLE' | 'UPDATED_AT' | 'NAME';
  direction: 'ASC' | 'DESC';
  keep: (row: RawRow) => boolean;
};

export type ModelPage = { rows: RawRow[]; hasNextPage: boolean; hasPreviousPage: boolean; totalCount: number };

export const statuses = ['UPCOMING', 'LIVE', 'CLOSED', 'CANCELLED', 'OTHER'] as const;

/** Of catalogs, as clients state it. */
export type ModelFilter = {
  sellerId?: string | null;
  status?: (typeof statuses)[number][] | null;
  startsFrom?: string;
  startsBefore?: string;
  titleContains?: string | null;
};

export function keepOf({ sellerId, status, startsFrom, startsBefore, titleContains }: ModelFilter): ModelQuery['keep'] {
  return (row) => {
    const name = String(row.status).toUpperCase();
    const known = (statuses as readonly string[]).includes(name) ? name : 'OTHER';
    if (sellerId && row.seller_id !== sellerId) return false;
    if (status && status.length > 0 && !(status as string[]).includes(known)) return false;
    if (startsFrom && Date.parse(String(row.start_date)) < Date.parse(startsFrom)) return false;
    if (startsBefore && Date.parse(String(row.start_date)) >= Date.parse(startsBefore)) return false;
    return !titleContains || foldText(String(row.title)).includes(foldText(titleContains));
  };
}

export function foldText(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
}

const keyOf = {
  START_DATE: (row: RawRow) => Date.parse(String(row.start_date)),
  UPDATED_AT: (row: RawRow) => Date.parse(String(row.updated_at)),
  TITLE: (row: RawRow) => [...foldText(String(row.title))].slice(0, 128).join(''),
  NAME: (row: RawRow) => [...foldText(String(row.name))].slice(0, 128).join(''),
};

export function compareRows(order: ModelQuery['order'], direction: 'ASC' | 'DESC') {
  return (a: RawRow, b: RawRow): number => {
    const [one, other] = [keyOf[order](a), keyOf[order](b)];
    const ascending = one < other ? -1 : one > other ? 1 : compareIds(String(a.id), String(b.id));
    return direction === 'ASC' ? ascending : -ascending;
  };
}

function compareIds(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

export function modelPage(rows: readonly RawRow[], query: ModelQuery): ModelPage {
  const compare = compareRows(query.order, query.direction);
  const set = rows.filter(query.keep).sort(compare);
  const { after, before } = query;
  let page = set.filter((row) => (!after || compare(row, after) > 0) && (!before || compare(row, before) < 0));
  if (query.first !== undefined) page = page.slice(0, query.first);
  if (query.last !== undefined) page = query.last === 0 ? [] : page.slice(-query.last);
  const [first, end] = [page[0], page.at(-1)];
  if (first !== undefined && end !== undefined) {
    return {
      rows: page,
      hasNextPage: set.some((row) => compare(row, end) > 0),
      hasPreviousPage: set.some((row) => compare(row, first) < 0),
      totalCount: set.length,
    };
  }
  const forward = query.first !== undefined;
  const at = forward ? after : before;
  return {
    rows: [],
    hasNextPage: at ? set.some((row) => compare(row, at) > 0) : forward && set.length > 0,
    hasPreviousPage: at ? set.some((row) => compare(row, at) < 0) : !forward && set.length > 0,
    totalCount: set.length,
  };
}
