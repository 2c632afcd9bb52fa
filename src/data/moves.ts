/**
 * Rows that left their places in a view, took others, or both, in the order in which they did.
 *
 * Each kept answer with a page walks over those since it was last asked for, so their keys lie in lists of their own, as
 * those of sorted rows do: a walk that looked into rows would wait for each that it passes.
 */
import { type Filters, matches, type NormalForm } from './filters.ts';
import { comparePlaces, keyIn, type Place, type SortKey } from './order.ts';
import { placeIn } from './sorted-rows.ts';
import type { ViewRow } from './view.ts';

/** What a page shows, and where it lies: a row that stands there, before or after a change, makes it another page. */
export type Span<T> = {
  filters: Filters<T>;
  form: NormalForm;
  order: string;
  /** The nearest rows outside of the page, which tell that there are such; undefined where the list ends. */
  low: Place | undefined;
  high: Place | undefined;
};

/** One of the two is absent where a row came, or went. */
export type Move<T> = { old: ViewRow<T> | undefined; next: ViewRow<T> | undefined };

/** The key of a row that is absent: no comparison holds of it, and a list of numbers remains one. */
const absent = Number.NaN;

/** Of one order, by move. */
type Keys = { old: SortKey[]; next: SortKey[] };

export class Moves<T> {
  readonly #moves: Move<T>[] = [];
  readonly #positions: number[] = [];
  /** Of the orders that pages were asked for in. */
  readonly #keys = new Map<string, Keys>();

  /** @param position - Above all before it. */
  add(move: Move<T>, position: number): void {
    this.#moves.push(move);
    this.#positions.push(position);
    for (const [order, keys] of this.#keys) addKeys(keys, order, move);
  }

  /** @param counts - The page tells how many rows there are, wherever they stand. */
  haveTouched(span: Span<T>, { counts, since }: { counts: boolean; since: number }): boolean {
    const { old, next } = this.#keysIn(span.order);
    const [low, high] = [span.low?.key, span.high?.key];
    const isNear = (key: SortKey) => (low === undefined || key >= low) && (high === undefined || key <= high);
    for (let at = this.#moves.length - 1; at >= 0 && (this.#positions[at] as number) >= since; at--) {
      const [from, to] = [old[at] as SortKey, next[at] as SortKey];
      const isCounted = counts && (span.form.size > 0 || Number.isNaN(from) || Number.isNaN(to));
      if (!isCounted && !isNear(from) && !isNear(to)) continue;
      if (isTouched(span, counts, this.#moves[at] as Move<T>)) return true;
    }
    return false;
  }

  /** All but the last so many. */
  forgetBut(count: number): void {
    const lists = [this.#moves, this.#positions, ...this.#keys.values().flatMap(({ old, next }) => [old, next])];
    for (const list of lists) list.splice(0, list.length - count);
  }

  get length(): number {
    return this.#moves.length;
  }

  #keysIn(order: string): Keys {
    let keys = this.#keys.get(order);
    if (keys === undefined) {
      keys = { old: [], next: [] };
      for (const move of this.#moves) addKeys(keys, order, move);
      this.#keys.set(order, keys);
    }
    return keys;
  }
}

function addKeys({ old, next }: Keys, order: string, move: Move<unknown>): void {
  old.push(keyOf(order, move.old));
  next.push(keyOf(order, move.next));
}

function keyOf(order: string, row: ViewRow<unknown> | undefined): SortKey {
  return row === undefined ? absent : keyIn(order, row);
}

function isTouched<T>(span: Span<T>, counts: boolean, { old, next }: Move<T>): boolean {
  const fits = (row: ViewRow<T> | undefined) => row !== undefined && matches(span.filters, span.form, row);
  const fitted = fits(old);
  const fitsNow = fits(next);
  if (counts && fitted !== fitsNow) return true;
  return (fitted && isWithin(span, old as ViewRow<T>)) || (fitsNow && isWithin(span, next as ViewRow<T>));
}

function isWithin<T>({ order, low, high }: Span<T>, row: ViewRow<T>): boolean {
  const place = placeIn(order, row);
  const isAfterLow = low === undefined || comparePlaces(low, place) <= 0;
  return isAfterLow && (high === undefined || comparePlaces(place, high) <= 0);
}
