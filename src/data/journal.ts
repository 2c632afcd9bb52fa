/**
 * The journal of a process: which rows came to be others, in the order in which it came to know it.
 *
 *   an answer, made at a position ─► asked for again ─► has anything that it was made of changed since? ─► if not, it is
 *                                                                                                         still the answer
 *
 * No index from rows to answers: whoever asks looks up when its rows last changed, and walks over what else changed since
 * it was last asked for. What is older than the journal reaches counts as changed.
 */
import { type Filters, matches, type NormalForm } from './filters.ts';
import { comparePlaces, keyIn, type Place } from './order.ts';
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

/** `counts`: it tells how many rows there are, wherever they stand. */
export type PagePart<T> = { kind: 'page'; resource: string; span: Span<T>; counts: boolean };

/** What an answer is made of. */
export type Part<T = unknown> = { kind: 'row'; resource: string; id: string } | PagePart<T>;

type AnyRow = ViewRow<unknown>;

/**
 * `row`: this id is read, or to be read, anew. `placed`: a row of the view left its place, took one, or both. `hard`: what
 * was there is purged.
 */
type Change =
  | { kind: 'row'; resource: string; id: string; hard?: boolean }
  | { kind: 'placed'; resource: string; old: AnyRow | undefined; next: AnyRow | undefined }
  | { kind: 'all'; resource: string; hard?: boolean };

/** What is not told by a row's last change alone, and where it stands. */
type Noted = Change & { position: number };

/** Changes remembered: seconds of the busiest, hours of a calm catalogue. */
const remembered = 4_096;

export class Journal {
  /** By row, where its last change stands: the oldest first, of those remembered. */
  readonly #rows = new Map<string, number>();
  /** All others, and purges of rows, in the order in which they came. */
  readonly #others: Noted[] = [];
  #position = 0;

  /** How much has changed so far. */
  get position(): number {
    return this.#position;
  }

  note(change: Change): void {
    if (change.kind === 'row') {
      const key = keyOf(change.resource, change.id);
      this.#rows.delete(key); // To the end.
      this.#rows.set(key, this.#position);
    }
    if (change.kind !== 'row' || change.hard) this.#others.push({ ...change, position: this.#position });
    this.#position += 1;
    this.#forget(this.#position - remembered);
  }

  /** Whether these parts are as they were at that position. */
  isUnchanged(parts: Parts, since: number): boolean {
    if (since === this.#position) return true;
    if (this.#isForgotten(since)) return false;
    const isLater = (key: string) => (this.#rows.get(key) ?? -1) >= since;
    return !parts.rows.some(isLater) && !this.#hasOther(since, (change) => parts.areTouchedBy(change));
  }

  /** Whether any of these parts may have been purged since. */
  isPurged(parts: Parts, since: number): boolean {
    return this.#isForgotten(since) || this.#hasOther(since, (change) => parts.arePurgedBy(change));
  }

  #hasOther(since: number, isSuch: (change: Noted) => boolean): boolean {
    for (let at = this.#others.length - 1; at >= 0; at--) {
      const change = this.#others[at] as Noted;
      if (change.position < since) return false;
      if (isSuch(change)) return true;
    }
    return false;
  }

  #isForgotten(since: number): boolean {
    return this.#position - since > remembered;
  }

  #forget(before: number): void {
    for (const [key, position] of this.#rows) {
      if (position >= before) break;
      this.#rows.delete(key);
    }
    // Many at once: an array moves what stays.
    if (this.#others.length > 2 * remembered) this.#others.splice(0, this.#others.length - remembered);
  }
}

/** The parts of one answer. */
export class Parts {
  /** By their keys in the journal. */
  readonly rows: string[] = [];
  readonly #pages: PagePart<unknown>[] = [];
  /** That pages of it were cut from. */
  readonly collections = new Set<string>();

  /** Of a page more may become known while the answer is made. */
  add(part: Part): void {
    if (part.kind === 'row') {
      this.rows.push(keyOf(part.resource, part.id));
    } else {
      this.#pages.push(part);
      this.collections.add(part.resource);
    }
  }

  areTouchedBy(change: Change): boolean {
    switch (change.kind) {
      case 'row':
        return this.rows.includes(keyOf(change.resource, change.id));
      case 'placed':
        return this.#pages.some((page) => page.resource === change.resource && isTouched(page, change));
      case 'all':
        return this.#mentions(change.resource);
    }
  }

  /** Any row of a collection may have been on a page of it. */
  arePurgedBy(change: Change): boolean {
    if (change.kind === 'placed' || !change.hard) return false;
    return this.collections.has(change.resource) || this.areTouchedBy(change);
  }

  #mentions(resource: string): boolean {
    return this.collections.has(resource) || this.rows.some((key) => key.startsWith(keyOf(resource, '')));
  }
}

function keyOf(resource: string, id: string): string {
  return `${resource} ${id}`;
}

function isTouched({ span, counts }: PagePart<unknown>, { old, next }: Extract<Change, { kind: 'placed' }>): boolean {
  const fits = (row: AnyRow | undefined) => row !== undefined && matches(span.filters, span.form, row);
  const fitted = fits(old);
  const fitsNow = fits(next);
  if (counts && fitted !== fitsNow) return true;
  return (fitted && isWithin(span, old as AnyRow)) || (fitsNow && isWithin(span, next as AnyRow));
}

function isWithin({ order, low, high }: Span<unknown>, row: AnyRow): boolean {
  const place = { key: keyIn(order, row), id: row.id };
  const isAfterLow = low === undefined || comparePlaces(low, place) <= 0;
  return isAfterLow && (high === undefined || comparePlaces(place, high) <= 0);
}
