/** Orders: a key per row, ties by id; descending is the exact reverse. */

/** Milliseconds of a time, or the key of a text (`text.ts`). */
export type SortKey = number | string;

/** Where a row stands, or would stand: a cursor's row need not exist. */
export type Place = { key: SortKey; id: string };

/** @throws {TypeError} When there is no such order: a mistake of the caller. */
export function keyIn(order: string, { keys }: { readonly keys: Readonly<Record<string, SortKey>> }): SortKey {
  const key = keys[order];
  if (key === undefined) throw new TypeError(`there is no order ${order}`);
  return key;
}

/** Below 0 when `a` comes first. Texts compare by UTF-16 unit. */
export function comparePlaces(a: Place, b: Place): number {
  if (a.key < b.key) return -1;
  return a.key > b.key ? 1 : compareIds(a.id, b.id);
}

/** Shorter first, then by unit: integers as text sort by value. */
export function compareIds(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
