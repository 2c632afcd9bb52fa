/** A reader over an array: the interface's whole meaning in the plainest way, to hold resolvers against. */
import { CursorError, type Page, type PageQuery, type Reader } from '../../src/data/reader.ts';

type Row = { id: string };
type Key = string | number;

export type MemoryReader<T> = Reader<T> & {
  /** What was asked, in order. */
  readonly loads: string[];
  readonly pages: PageQuery[];
};

export function memoryReader<T extends Row>({
  rows,
  orders,
  matches,
}: {
  rows: readonly T[];
  orders: Readonly<Record<string, (row: T) => Key>>;
  matches: (row: T, filter: NonNullable<PageQuery['filter']>) => boolean;
}): MemoryReader<T> {
  const loads: string[] = [];
  const pages: PageQuery[] = [];
  return {
    loads,
    pages,
    async load(id) {
      loads.push(id);
      return rows.find((row) => row.id === id) ?? null;
    },
    async page(query) {
      pages.push(query);
      const keyOf = orders[query.order];
      if (!keyOf) throw new Error(`no order ${query.order}`);
      const place = (row: T): Place => ({ key: keyOf(row), id: row.id });
      const compare = (a: Place, b: Place) => (query.direction === 'ASC' ? comparePlaces(a, b) : comparePlaces(b, a));
      const all = rows.filter((row) => matches(row, query.filter ?? {})).sort((a, b) => compare(place(a), place(b)));
      return cut(all, query, { place, compare });
    },
  };
}

type Place = { key: Key; id: string };

function cut<T extends Row>(
  all: readonly T[],
  query: PageQuery,
  { place, compare }: { place: (row: T) => Place; compare: (a: Place, b: Place) => number },
): Page<T> {
  const tag = JSON.stringify([query.order, query.direction, restrictions(query.filter)]);
  const after = query.after === undefined ? undefined : decode(query.after, tag);
  const before = query.before === undefined ? undefined : decode(query.before, tag);
  const inside = all.filter(
    (row) => (!after || compare(place(row), after) > 0) && (!before || compare(place(row), before) < 0),
  );
  const taken =
    query.last === undefined ? inside.slice(0, query.first) : inside.slice(Math.max(0, inside.length - query.last));
  const [start, end] = [taken[0], taken.at(-1)];
  const last = end ? place(end) : query.last === undefined ? after : before;
  const first = start ? place(start) : query.last === undefined ? after : before;
  return {
    edges: taken.map((node) => ({ cursor: encode(place(node), tag), node })),
    hasNextPage: all.some((row) => !last || compare(place(row), last) > 0),
    hasPreviousPage: all.some((row) => first !== undefined && compare(place(row), first) < 0),
    totalCount: all.length,
  };
}

function restrictions(filter: PageQuery['filter']) {
  return Object.entries(filter ?? {})
    .filter(([, value]) => value !== null && value !== '' && !(Array.isArray(value) && value.length === 0))
    .sort();
}

function comparePlaces(a: Place, b: Place): number {
  if (a.key !== b.key) return a.key < b.key ? -1 : 1;
  return a.id.length - b.id.length || (a.id < b.id ? -1 : Number(a.id > b.id));
}

function encode(place: Place, tag: string): string {
  return Buffer.from(JSON.stringify({ place, tag })).toString('base64url');
}

function decode(cursor: string, tag: string): Place {
  try {
    const { place, tag: its } = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (its === tag) return place;
  } catch {
    throw new CursorError('The cursor cannot be read.');
  }
  throw new CursorError('The cursor belongs to another order or filter.');
}
