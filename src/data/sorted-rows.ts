/**
 * Rows of one order, sorted.
 *
 * Their keys lie in a list of their own: rows lie all over memory, and a search that looked into them would wait for each
 * that it passes.
 */
import { compareIds, comparePlaces, keyIn, type Place, type SortKey } from './order.ts';

type Sortable = { readonly id: string; readonly keys: Readonly<Record<string, SortKey>> };

export class SortedRows<R extends Sortable> {
  readonly #order: string;
  readonly #rows: R[];
  readonly #keys: SortKey[];

  private constructor(order: string, sorted: R[]) {
    this.#order = order;
    this.#rows = sorted;
    this.#keys = sorted.map((row) => keyIn(order, row));
  }

  static sort<R extends Sortable>(rows: Iterable<R>, order: string): SortedRows<R> {
    return new SortedRows(
      order,
      [...rows].sort((a, b) => comparePlaces(placeIn(order, a), placeIn(order, b))),
    );
  }

  get length(): number {
    return this.#rows.length;
  }

  slice(from: number, to?: number): R[] {
    return this.#rows.slice(from, to);
  }

  placeAt(index: number): Place | undefined {
    const row = this.#rows[index];
    return row && { key: this.#keys[index] as SortKey, id: row.id };
  }

  /** In the same order. */
  filter(fits: (row: R) => boolean): SortedRows<R> {
    return new SortedRows(this.#order, this.#rows.filter(fits));
  }

  countBelow(key: SortKey): number {
    return this.#countWhile((index) => (this.#keys[index] as SortKey) < key);
  }

  countBefore(place: Place): number {
    return this.#countWhile((index) => this.#compare(index, place) < 0);
  }

  /** Those before it, and the one that stands at it. */
  countThrough(place: Place): number {
    return this.#countWhile((index) => this.#compare(index, place) <= 0);
  }

  replace(old: R | undefined, next: R | undefined): void {
    if (old !== undefined) {
      const at = this.countBefore(placeIn(this.#order, old));
      this.#rows.splice(at, 1);
      this.#keys.splice(at, 1);
    }
    if (next !== undefined) {
      const place = placeIn(this.#order, next);
      const at = this.countBefore(place);
      this.#rows.splice(at, 0, next);
      this.#keys.splice(at, 0, place.key);
    }
  }

  #compare(index: number, { key, id }: Place): number {
    const own = this.#keys[index] as SortKey;
    if (own !== key) return own < key ? -1 : 1;
    return compareIds((this.#rows[index] as R).id, id);
  }

  /** How many come first of which it holds; it holds of none after them. */
  #countWhile(holds: (index: number) => boolean): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (holds(middle)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export function placeIn(order: string, row: Sortable): Place {
  return { key: keyIn(order, row), id: row.id };
}
