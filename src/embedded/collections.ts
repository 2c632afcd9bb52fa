/**
 * The rows that the upstream serves: named collections, changed while they are served.
 *
 * A collection keeps the order in which rows came in; a row that is replaced keeps its place. Sorted lists are kept
 * until the next change, so that a crawl sorts once.
 */

/** A row of any resource; only its id matters here. */
export type Row = { id: string | number; [field: string]: unknown };

/** A field to sort by. Ties go by id, nulls come last, and descending is the exact reverse. */
export type Ordering = { field: string; descending: boolean };

/** One collection. Rows are never changed in place, so a copy of the map is a snapshot. */
export class Collection {
  #rows: Map<string, Row>;
  #sorted = new Map<string, readonly Row[]>();

  constructor(rows: Iterable<Row>) {
    this.#rows = new Map(Array.from(rows, (row) => [String(row.id), row]));
  }

  get size(): number {
    return this.#rows.size;
  }

  get(id: string | number): Row | undefined {
    return this.#rows.get(String(id));
  }

  /** All rows, in their own order or a sorted one. */
  rows(ordering?: Ordering): readonly Row[] {
    const key = ordering === undefined ? '' : `${ordering.descending ? '-' : '+'}${ordering.field}`;
    let rows = this.#sorted.get(key);
    if (rows === undefined) {
      rows = ordering === undefined ? [...this.#rows.values()] : sortRows([...this.#rows.values()], ordering);
      this.#sorted.set(key, rows);
    }
    return rows;
  }

  /** Whether rows have this field, by the look of the first one. */
  hasField(field: string): boolean {
    const first = this.rows()[0];
    return first === undefined || Object.hasOwn(first, field);
  }

  put(row: Row): void {
    this.#rows.set(String(row.id), row);
    this.#sorted.clear();
  }

  putFirst(row: Row): void {
    this.#rows = new Map([[String(row.id), row], ...this.#rows]);
    this.#sorted.clear();
  }

  remove(id: string | number): boolean {
    this.#sorted.clear();
    return this.#rows.delete(String(id));
  }

  snapshot(): Collection {
    return new Collection(this.#rows.values());
  }

  /** An id that no row has, of the kind the other rows have. */
  freshId(): string | number {
    const ids = [...this.#rows.values()].map((row) => row.id);
    const highest = ids.reduce<number>((high, id) => Math.max(high, Number(id) || 0), 0);
    return typeof ids[0] === 'number' ? highest + 1 : String(highest + 1);
  }
}

/** The collections by name: a fixed set of names, each with live rows. */
export class LiveCollections {
  readonly #byName: ReadonlyMap<string, Collection>;

  constructor(collections: Readonly<Record<string, readonly Row[]>> | ReadonlyMap<string, Collection>) {
    this.#byName =
      collections instanceof Map
        ? collections
        : new Map(Object.entries(collections).map(([name, rows]) => [name, new Collection(rows)]));
  }

  names(): string[] {
    return [...this.#byName.keys()];
  }

  find(name: string): Collection | undefined {
    return this.#byName.get(name);
  }

  /** All rows of a collection, in its own order. @throws {RangeError} If there is no such collection. */
  rows(name: string): readonly Row[] {
    return this.#of(name).rows();
  }

  /** One row. @throws {RangeError} If there is no such collection. */
  get(name: string, id: string | number): Row | undefined {
    return this.#of(name).get(id);
  }

  /** Inserts a row at the end, or replaces the one of the same id. @throws {RangeError} If there is no such collection. */
  put(name: string, row: Row): void {
    this.#of(name).put(row);
  }

  /** @returns Whether there was such a row. @throws {RangeError} If there is no such collection. */
  remove(name: string, id: string | number): boolean {
    return this.#of(name).remove(id);
  }

  snapshot(): LiveCollections {
    return new LiveCollections(new Map([...this.#byName].map(([name, collection]) => [name, collection.snapshot()])));
  }

  #of(name: string): Collection {
    const collection = this.#byName.get(name);
    if (collection === undefined) throw new RangeError(`no collection ${name}; there are ${this.names().join(', ')}`);
    return collection;
  }
}

/** Sorts a list in place. */
export function sortRows(rows: Row[], { field, descending }: Ordering): Row[] {
  const sign = descending ? -1 : 1;
  return rows.sort((a, b) => {
    const byField = field === 'id' ? 0 : compareValues(a[field], b[field]);
    return sign * (byField || compareIds(String(a.id), String(b.id)));
  });
}

function compareValues(a: unknown, b: unknown): number {
  const absent = Number(a === null || a === undefined) - Number(b === null || b === undefined);
  if (absent !== 0) return absent;
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return compareText(String(a), String(b));
}

/** Shorter first, so that 9 comes before 10. */
function compareIds(a: string, b: string): number {
  return a.length - b.length || compareText(a, b);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
