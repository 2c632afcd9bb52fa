/**
 * The journal of a process: which rows came to be others, in the order in which it came to know it.
 *
 *   an answer, made at a position ─► asked for again ─► has anything that it was made of changed since? ─► if not, it is
 *                                                                                                         still the answer
 *
 * No index from rows to answers: whoever asks walks over what changed since it was last asked for. What is older than
 * the journal reaches counts as changed.
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

/** What an answer is made of. `counts`: it tells how many rows there are, wherever they stand. */
export type Part<T = unknown> =
  | { kind: 'row'; resource: string; id: string }
  | { kind: 'page'; resource: string; span: Span<T>; counts: boolean };

type AnyRow = ViewRow<unknown>;

/**
 * `row`: this id is read, or to be read, anew. `placed`: a row of the view left its place, took one, or both. `hard`: what
 * was there is purged.
 */
type Change =
  | { kind: 'row'; resource: string; id: string; hard?: boolean }
  | { kind: 'placed'; resource: string; old: AnyRow | undefined; next: AnyRow | undefined }
  | { kind: 'all'; resource: string; hard?: boolean };

/** As it is remembered: what parts are told by is made once, however many ask. */
type Noted = Change & { key: string };

/** Changes remembered: seconds of the busiest, hours of a calm catalogue. */
const remembered = 4_096;
/** A set costs as much as a few looks at a list, and most answers are looked at less often. */
const looksAtList = 8;

export class Journal {
  readonly #changes: Noted[] = [];
  #position = 0;

  /** How much has changed so far. */
  get position(): number {
    return this.#position;
  }

  note(change: Change): void {
    const key = change.kind === 'row' ? keyOf(change.resource, change.id) : '';
    this.#changes[this.#position % remembered] = { ...change, key };
    this.#position += 1;
  }

  /** Whether these parts are as they were at that position. */
  isUnchanged(parts: Parts, since: number): boolean {
    return !this.#hasAny(since, (change) => parts.areTouchedBy(change));
  }

  /** Whether any of these parts may have been purged since. */
  isPurged(parts: Parts, since: number): boolean {
    return this.#hasAny(since, (change) => parts.arePurgedBy(change));
  }

  #hasAny(since: number, isSuch: (change: Noted) => boolean): boolean {
    if (this.#position - since > remembered) return true;
    for (let at = since; at < this.#position; at++) {
      if (isSuch(this.#changes[at % remembered] as Noted)) return true;
    }
    return false;
  }
}

/** The parts of one answer. */
export class Parts {
  readonly #rows: string[] = [];
  /** The same, once it is looked at often. */
  #rowSet: Set<string> | undefined;
  #looks = 0;
  readonly #pages: Extract<Part, { kind: 'page' }>[] = [];
  /** That pages of it were cut from. */
  readonly collections = new Set<string>();

  /** Of a page more may become known while the answer is made. */
  add(part: Part): void {
    if (part.kind === 'row') {
      this.#rows.push(keyOf(part.resource, part.id));
      this.#rowSet = undefined;
    } else {
      this.#pages.push(part);
      this.collections.add(part.resource);
    }
  }

  areTouchedBy(change: Noted): boolean {
    switch (change.kind) {
      case 'row':
        return this.#hasRow(change.key);
      case 'placed':
        return this.#pages.some((page) => page.resource === change.resource && isTouched(page, change));
      case 'all':
        return this.#mentions(change.resource);
    }
  }

  /** Any row of a collection may have been on a page of it. */
  arePurgedBy(change: Noted): boolean {
    if (change.kind === 'placed' || !change.hard) return false;
    return this.collections.has(change.resource) || this.areTouchedBy(change);
  }

  #hasRow(key: string): boolean {
    if (this.#rowSet === undefined && this.#looks++ >= looksAtList) this.#rowSet = new Set(this.#rows);
    return this.#rowSet?.has(key) ?? this.#rows.includes(key);
  }

  #mentions(resource: string): boolean {
    return this.collections.has(resource) || this.#rows.some((key) => key.startsWith(keyOf(resource, '')));
  }
}

function keyOf(resource: string, id: string): string {
  return `${resource} ${id}`;
}

function isTouched(
  { span, counts }: Extract<Part, { kind: 'page' }>,
  { old, next }: Extract<Change, { kind: 'placed' }>,
): boolean {
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
