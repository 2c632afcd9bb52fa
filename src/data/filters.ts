/**
 * Filters of a collection, and the normal form of what is asked of them.
 *
 * A normal form holds restrictions only: null, `[]` and `''` mean none; lists are sorted, times are ms, texts folded.
 * Two filters that mean the same have the same one, which is what match lists and cursors are known by.
 */
import { createHash } from 'node:crypto';
import { keyIn, type SortKey } from './order.ts';
import { fold } from './text.ts';

/**
 * - equals, oneOf: the row's value is the one asked for, or among them. Answered by posting lists.
 * - from, before: the row's key in that order (a time) is at or after, or before, the one asked for.
 * - contains: the row's folded text holds the folded text asked for.
 */
export type Filter<T> =
  | { kind: 'equals' | 'oneOf'; of: (value: T) => string | null }
  | { kind: 'from' | 'before'; order: string }
  | { kind: 'contains'; of: (value: T) => string };

export type Filters<T> = Readonly<Record<string, Filter<T>>>;

type Restriction = string | number | readonly string[];

/** By filter name, sorted by it. */
export type NormalForm = ReadonlyMap<string, Restriction>;

/** @throws {TypeError} For a filter the collection does not have, or a value of another kind: a mistake of the caller. */
export function normalForm<T>(filters: Filters<T>, asked: Readonly<Record<string, unknown>> = {}): NormalForm {
  const restrictions = Object.keys(asked)
    .sort()
    .map((name) => [name, restrictionOf(name, filters[name], asked[name])] as const)
    .filter((pair): pair is [string, Restriction] => pair[1] !== undefined);
  return new Map(restrictions);
}

/** Text that two filters share exactly when they mean the same. */
export function filterKey(form: NormalForm): string {
  return form.size === 0 ? '' : JSON.stringify([...form]);
}

/** What a cursor carries of its filter. */
export function filterHash(key: string): string {
  return key === '' ? '' : createHash('sha256').update(key).digest('base64url').slice(0, 12);
}

function restrictionOf<T>(name: string, filter: Filter<T> | undefined, asked: unknown): Restriction | undefined {
  if (filter === undefined) throw new TypeError(`there is no filter ${name}`);
  if (asked === null || asked === undefined || asked === '') return undefined;
  switch (filter.kind) {
    case 'equals':
      return String(asked);
    case 'oneOf': {
      const values = [...new Set((asked as readonly unknown[]).map(String))].sort();
      return values.length === 0 ? undefined : values;
    }
    case 'from':
    case 'before':
      if (!(asked instanceof Date)) throw new TypeError(`${name} takes a Date`);
      return asked.getTime();
    case 'contains':
      return fold(String(asked)) || undefined;
  }
}

/** A row as filters see it. */
export type Filterable<T> = {
  readonly value: T;
  readonly keys: Readonly<Record<string, SortKey>>;
  readonly texts: Readonly<Record<string, string>>;
};

export function matches<T>(filters: Filters<T>, form: NormalForm, row: Filterable<T>): boolean {
  for (const [name, restriction] of form) {
    if (!fits(filters[name] as Filter<T>, name, restriction, row)) return false;
  }
  return true;
}

function fits<T>(filter: Filter<T>, name: string, restriction: Restriction, row: Filterable<T>): boolean {
  switch (filter.kind) {
    case 'equals':
      return filter.of(row.value) === restriction;
    case 'oneOf':
      return (restriction as readonly (string | null)[]).includes(filter.of(row.value));
    case 'from':
      return keyIn(filter.order, row) >= (restriction as SortKey);
    case 'before':
      return keyIn(filter.order, row) < (restriction as SortKey);
    case 'contains':
      return (row.texts[name] as string).includes(restriction as string);
  }
}
