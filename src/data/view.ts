/**
 * A view: the rows of a collection as they are now known, sorted and filtered in memory.
 *
 *   rows by id ─► orders (sorted once, then patched) ─┐
 *             └─► posting lists,                      │
 *                 texts as one ──► match lists ───────┴─► a page, cut in one turn: order and fields of one moment
 *
 * Everything here is synchronous. Indexes are built at their first use and patched with each row from then on.
 */
import { LRUCache } from 'lru-cache';
import type { Times } from '../cache/entry.ts';
import type { Stamp } from '../cache/position.ts';
import { decodeCursor, encodeCursor, type Sequence } from './cursor.ts';
import { type Filter, type Filters, filterHash, filterKey, matches, type NormalForm, normalForm } from './filters.ts';
import type { Span } from './moves.ts';
import type { Place, SortKey } from './order.ts';
import type { Page, PageQuery } from './reader.ts';
import { placeIn, SortedRows } from './sorted-rows.ts';
import { fold } from './text.ts';
import { TextIndex } from './text-index.ts';

type Orders<T> = Readonly<Record<string, (value: T) => SortKey>>;

/** How rows of a collection can be ordered and filtered. */
export type Indexing<T> = {
  orders: Orders<T>;
  filters: Filters<T>;
  /** Makes any number at all of the texts and dates that pages mostly show, so that they are in the processor's cache. */
  prefetch?: (value: T) => number;
};

/** What a row is known by, shared among the rows of one read. */
export type Provenance = { times: Times; asOf: Stamp; contentAsOf: Stamp };

export type ViewRow<T> = {
  readonly id: string;
  readonly value: T;
  readonly version: string | undefined;
  readonly size: number;
  readonly from: Provenance;
  readonly keys: Readonly<Record<string, SortKey>>;
  readonly texts: Readonly<Record<string, string>>;
};

/** Rows of one filter in one order. */
type MatchList<T> = { form: NormalForm; rows: SortedRows<ViewRow<T>> };

type Listener<T> = (old: ViewRow<T> | undefined, next: ViewRow<T> | undefined) => void;

/** Match lists kept, counted in rows; a page of a large collection may take it all. */
const matchedRowsAtMost = 2_000_000;

export class View<T> {
  readonly #indexing: Indexing<T>;
  #listener: Listener<T> | undefined;
  readonly #rows = new Map<string, ViewRow<T>>();
  readonly #orders = new Map<string, SortedRows<ViewRow<T>>>();
  readonly #postings = new Map<string, Map<string | null, Set<ViewRow<T>>>>();
  readonly #texts = new Map<string, TextIndex<ViewRow<T>>>();
  /** What comes to nothing, compilers leave out. */
  #prefetched = 0;
  readonly #matches = new LRUCache<string, MatchList<T>>({
    maxSize: matchedRowsAtMost,
    sizeCalculation: ({ rows }) => rows.length + 1,
  });

  constructor(indexing: Indexing<T>) {
    this.#indexing = indexing;
  }

  get size(): number {
    return this.#rows.size;
  }

  get(id: string): ViewRow<T> | undefined {
    return this.#rows.get(id);
  }

  rows(): Iterable<ViewRow<T>> {
    return this.#rows.values();
  }

  /** Takes a row in, in the place of the one of that id. */
  put(row: Omit<ViewRow<T>, 'keys' | 'texts'>): void {
    const indexed = { ...row, keys: this.#keysOf(row.value), texts: this.#textsOf(row.value) };
    const old = this.#rows.get(row.id);
    this.#patch(old, indexed);
    this.#rows.set(row.id, indexed);
    this.#listener?.(old, indexed);
  }

  delete(id: string): void {
    const old = this.#rows.get(id);
    if (old === undefined) return;
    this.#patch(old, undefined);
    this.#rows.delete(id);
    this.#listener?.(old, undefined);
  }

  /** Told of each row that leaves its place, takes one, or both; one listener at a time. */
  listen(listener: Listener<T> | undefined): void {
    this.#listener = listener;
  }

  /** @throws {CursorError} For a cursor that cannot be used here. */
  page(query: PageQuery): Page<T> & { span: Span<T> } {
    const form = normalForm(this.#indexing.filters, query.filter);
    const key = filterKey(form);
    const sequence = { order: query.order, direction: query.direction, filterHash: filterHash(key) };
    const list = new Directed(this.#matching(query.order, form, key), query);
    const cut = cutPage(list, {
      ...query,
      after: this.#decode(query.after, sequence),
      before: this.#decode(query.before, sequence),
    });
    this.#prefetch(cut.rows);
    return {
      edges: cut.rows.map((row) => new Edge(row, sequence)),
      hasNextPage: cut.hasNextPage,
      hasPreviousPage: cut.hasPreviousPage,
      totalCount: list.length,
      span: { filters: this.#indexing.filters, form, order: query.order, ...cut.between },
    };
  }

  /**
   * Rows of a large collection lie all over memory. An answer that takes them one after the other waits for each piece
   * of each; in a loop that does nothing else the processor waits for many at a time (decision 26).
   */
  #prefetch(rows: readonly ViewRow<T>[]): void {
    const { prefetch } = this.#indexing;
    if (prefetch !== undefined) for (const { value } of rows) this.#prefetched += prefetch(value);
  }

  #decode(cursor: string | undefined, sequence: Sequence): Place | undefined {
    if (cursor === undefined) return undefined;
    const [sample] = this.#rows.values();
    const kind = typeof sample?.keys[sequence.order];
    return decodeCursor(cursor, sequence, kind === 'number' || kind === 'string' ? kind : undefined);
  }

  // ── Indexes ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #matching(order: string, form: NormalForm, key: string): SortedRows<ViewRow<T>> {
    if (form.size === 0) return this.#ordered(order);
    const listKey = `${order} ${key}`;
    const known = this.#matches.get(listKey);
    if (known !== undefined) return known.rows;
    const rows = this.#match(order, form);
    this.#matches.set(listKey, { form, rows });
    return rows;
  }

  #match(order: string, form: NormalForm): SortedRows<ViewRow<T>> {
    const fits = (row: ViewRow<T>) => matches(this.#indexing.filters, form, row);
    const candidates = this.#candidates(form);
    // Sorting many costs more than walking what is sorted already.
    if (!this.#areFew(candidates)) return this.#ordered(order).filter(fits);
    return SortedRows.sort(candidates.filter(fits), order);
  }

  #areFew(rows: readonly ViewRow<T>[]): boolean {
    return rows.length * 8 <= this.size;
  }

  /** The fewest rows that one restriction leaves; all texts are searched only where no other leaves few. */
  #candidates(form: NormalForm): ViewRow<T>[] {
    const { filters } = this.#indexing;
    const isText = ([name]: readonly [string, unknown]) => filters[name]?.kind === 'contains';
    const textsLast = [...form].sort((a, b) => Number(isText(a)) - Number(isText(b)));
    let fewest: ViewRow<T>[] | undefined;
    for (const restriction of textsLast) {
      if (fewest !== undefined && isText(restriction) && this.#areFew(fewest)) break;
      const rows = this.#indexed(...restriction);
      if (fewest === undefined || rows.length < fewest.length) fewest = rows;
    }
    return fewest ?? [];
  }

  #indexed(name: string, restriction: unknown): ViewRow<T>[] {
    const filter = this.#indexing.filters[name] as Filter<T>;
    switch (filter.kind) {
      case 'equals':
        return [...(this.#posting(name, filter.of).get(restriction as string) ?? [])];
      case 'oneOf':
        return (restriction as string[]).flatMap((value) => [...(this.#posting(name, filter.of).get(value) ?? [])]);
      case 'from':
      case 'before': {
        const rows = this.#ordered(filter.order);
        const at = rows.countBelow(restriction as SortKey);
        return filter.kind === 'from' ? rows.slice(at) : rows.slice(0, at);
      }
      case 'contains':
        return this.#textIndex(name).find(restriction as string);
    }
  }

  #ordered(order: string): SortedRows<ViewRow<T>> {
    let rows = this.#orders.get(order);
    if (rows === undefined) {
      rows = SortedRows.sort(this.#rows.values(), order);
      this.#orders.set(order, rows);
    }
    return rows;
  }

  #posting(name: string, of: (value: T) => string | null): Map<string | null, Set<ViewRow<T>>> {
    let posting = this.#postings.get(name);
    if (posting === undefined) {
      posting = new Map();
      for (const row of this.#rows.values()) addToPosting(posting, of(row.value), row);
      this.#postings.set(name, posting);
    }
    return posting;
  }

  #textIndex(name: string): TextIndex<ViewRow<T>> {
    let index = this.#texts.get(name);
    if (index === undefined) {
      index = new TextIndex(this.#rows.values(), ({ texts }) => texts[name] as string);
      this.#texts.set(name, index);
    }
    return index;
  }

  /** Brings every index built so far from `old` to `next`. */
  #patch(old: ViewRow<T> | undefined, next: ViewRow<T> | undefined): void {
    for (const rows of this.#orders.values()) rows.replace(old, next);
    for (const [name, posting] of this.#postings) {
      const { of } = this.#indexing.filters[name] as Extract<Filter<T>, { kind: 'equals' | 'oneOf' }>;
      if (old) posting.get(of(old.value))?.delete(old);
      if (next) addToPosting(posting, of(next.value), next);
    }
    for (const [name, index] of this.#texts) {
      if (index.isWorn) this.#texts.delete(name);
      else index.replace(old, next);
    }
    for (const { form, rows } of this.#matches.values()) {
      const fits = (row: ViewRow<T> | undefined) => row && matches(this.#indexing.filters, form, row);
      rows.replace(fits(old) ? old : undefined, fits(next) ? next : undefined);
    }
  }

  #keysOf(value: T): Record<string, SortKey> {
    return Object.fromEntries(Object.entries(this.#indexing.orders).map(([name, keyOf]) => [name, keyOf(value)]));
  }

  #textsOf(value: T): Record<string, string> {
    const { filters } = this.#indexing;
    return Object.fromEntries(
      Object.entries(filters).flatMap(([name, filter]) =>
        filter.kind === 'contains' ? [[name, fold(filter.of(value))]] : [],
      ),
    );
  }
}

/** A row of a page. Its cursor is made when it is asked for: mostly that is none but the last. */
class Edge<T> {
  readonly node: T;
  readonly #row: ViewRow<T>;
  readonly #sequence: Sequence;

  constructor(row: ViewRow<T>, sequence: Sequence) {
    this.node = row.value;
    this.#row = row;
    this.#sequence = sequence;
  }

  get cursor(): string {
    return encodeCursor(this.#sequence, placeIn(this.#sequence.order, this.#row));
  }
}

function addToPosting<T>(posting: Map<string | null, Set<ViewRow<T>>>, value: string | null, row: ViewRow<T>): void {
  const rows = posting.get(value);
  if (rows === undefined) posting.set(value, new Set([row]));
  else rows.add(row);
}

// ── Cutting ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Sorted rows read in either direction. */
class Directed<T> {
  readonly #rows: SortedRows<ViewRow<T>>;
  readonly #descending: boolean;

  constructor(rows: SortedRows<ViewRow<T>>, { direction }: Pick<PageQuery, 'direction'>) {
    this.#rows = rows;
    this.#descending = direction === 'DESC';
  }

  get length(): number {
    return this.#rows.length;
  }

  /** How many rows come before the place. */
  countBefore(place: Place): number {
    return this.#descending ? this.length - this.#rows.countThrough(place) : this.#rows.countBefore(place);
  }

  /** How many rows come before the place or stand at it. */
  countThrough(place: Place): number {
    return this.#descending ? this.length - this.#rows.countBefore(place) : this.#rows.countThrough(place);
  }

  /** The rows around a stretch of the list, in the order of keys whatever the direction. */
  around(from: number, to: number): Pick<Span<T>, 'low' | 'high'> {
    const [before, after] = [this.#placeAt(from - 1), this.#placeAt(to)];
    return this.#descending ? { low: after, high: before } : { low: before, high: after };
  }

  #placeAt(index: number): Place | undefined {
    return this.#rows.placeAt(this.#descending ? this.length - 1 - index : index);
  }

  slice(from: number, to: number): ViewRow<T>[] {
    return this.#descending
      ? this.#rows.slice(this.length - to, this.length - from).reverse()
      : this.#rows.slice(from, to);
  }
}

type Cut = {
  first?: number | undefined;
  last?: number | undefined;
  after: Place | undefined;
  before: Place | undefined;
};

/** @see The GraphQL Cursor Connections Specification, sections 4.4 and 5.1; both `has…Page` are exact here. */
function cutPage<T>(list: Directed<T>, { first, last, after, before }: Cut) {
  const low = after === undefined ? 0 : list.countThrough(after);
  const high = Math.max(low, before === undefined ? list.length : list.countBefore(before));
  const from = last === undefined ? low : Math.max(low, high - last);
  const to = first === undefined ? high : Math.min(high, low + first);
  if (from < to) {
    const around = { hasPreviousPage: from > 0, hasNextPage: to < list.length };
    return { rows: list.slice(from, to), ...around, between: list.around(from, to) };
  }
  return {
    rows: [],
    ...aroundNothing(list, first === undefined ? { at: before, open: list.length } : { at: after, open: 0 }),
  };
}

/** What lies strictly before and after the position asked for, when the page is empty. */
function aroundNothing<T>(list: Directed<T>, { at, open }: { at: Place | undefined; open: number }) {
  return {
    hasPreviousPage: (at === undefined ? open : list.countBefore(at)) > 0,
    hasNextPage: (at === undefined ? open : list.countThrough(at)) < list.length,
    // Rows anywhere may make it another page.
    between: { low: undefined, high: undefined },
  };
}
