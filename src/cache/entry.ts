/**
 * Entries: what the cache holds of one row, and the text that stands for one in the store.
 *
 *   stored text = `1 <asOf> <storedAt> <freshUntil> <staleUntil> <errorUntil>\n<wire text, or null>`
 *
 * The head is parted from the body so that neither a script nor a reader has to parse the row to judge it.
 */
import type { Codec } from './codec.ts';
import { behindMs, notFoundWindows, type Policy, type Windows, windowsOf } from './policy.ts';
import { BEGINNING, isBefore, type Position, type Stamp, timeOf } from './position.ts';
import type { Seen } from './said.ts';

/** Times are ms since the epoch on the log's clock. */
export type Times = { storedAtMs: number; freshUntilMs: number; staleUntilMs: number; errorUntilMs: number };

export type Entry<T> = Times & {
  /** Null: upstream has no such row. */
  value: T | null;
  /** What upstream calls the row's version, for "never back"; compared with `<`. */
  version: string | undefined;
  /** Nothing that changed before this is missing from it. */
  asOf: Stamp;
  /** When its content was read; lower than `asOf` where a newer read gave an older row. Purges are held against it. */
  contentAsOf: Stamp;
  /** Length of the wire text, in UTF-16 units: the measure of its size. */
  size: number;
};

/** How far the clock that another process stores by may be ahead of ours, in ms. */
const clockAheadMs = 60_000;
/** How far the log may be ahead of its server's clock, which somebody may have set back, in ms. */
export const logAheadMs = 86_400_000;

export type Freshness = 'fresh' | 'stale' | 'error' | 'over';

/** In which of its windows an entry is. */
export function freshnessOf(times: Times, nowMs: number): Freshness {
  if (nowMs < times.freshUntilMs) return 'fresh';
  if (nowMs < times.staleUntilMs) return 'stale';
  return nowMs < times.errorUntilMs ? 'error' : 'over';
}

export function timesFrom(storedAtMs: number, windows: Windows): Times {
  return {
    storedAtMs,
    freshUntilMs: storedAtMs + windows.freshMs,
    staleUntilMs: storedAtMs + windows.staleMs,
    errorUntilMs: storedAtMs + windows.errorMs,
  };
}

/** What of an entry can be held against upstream's own word. */
export function seenIn({ value, version }: Entry<unknown>): Seen {
  return { isThere: value !== null, version };
}

/** Good for no longer than what is known to lag may be: then its lagging was noticed when it was read. */
export function isBrief({ storedAtMs, staleUntilMs }: Times): boolean {
  return staleUntilMs - storedAtMs <= behindMs;
}

/** Which of two was read later: by what it knows, then by when it was sent. */
export function isReadAfter(a: Entry<unknown>, b: Entry<unknown>): boolean {
  if (isBefore(a.asOf, b.asOf)) return false;
  return isBefore(b.asOf, a.asOf) || a.storedAtMs > b.storedAtMs;
}

/** Whether two are the same row in the same state, as far as versions tell. */
export function isSameRow(a: Entry<unknown>, b: Entry<unknown>): boolean {
  if (a.value === null || b.value === null) return a.value === b.value;
  return a.version !== undefined && a.version === b.version;
}

/** Which of two stands for a later state of its row: by version; where that says nothing, by when they were read. */
export function isAhead(a: Entry<unknown>, b: Entry<unknown>): boolean {
  if (a.version === undefined || b.version === undefined || a.version === b.version) return isReadAfter(a, b);
  return a.version > b.version;
}

export function encodeEntry(position: Position, times: Times, wireText: string): string {
  const { storedAtMs, freshUntilMs, staleUntilMs, errorUntilMs } = times;
  const head = [1, position || '-', storedAtMs, freshUntilMs, staleUntilMs, errorUntilMs].map((field) =>
    typeof field === 'number' ? Math.round(field) : field,
  );
  return `${head.join(' ')}\n${wireText}`;
}

const headPattern = /^1 (-|\d{15}-\d{10}(?:\+\d{10})?) (\d+) (\d+) (\d+) (\d+)\n/;

export type Stored = { position: Position; times: Times; wireText: string };

/** A stored text taken apart; undefined when it is not one. */
export function parseStored(text: string): Stored | undefined {
  const match = headPattern.exec(text);
  if (match === null) return undefined;
  const [head, position, ...numbers] = match as unknown as [string, Position, ...string[]];
  const [storedAtMs, freshUntilMs, staleUntilMs, errorUntilMs] = numbers.map(Number);
  const times = { storedAtMs, freshUntilMs, staleUntilMs, errorUntilMs } as Times;
  return { position: position === '-' ? BEGINNING : copyOf(position), times, wireText: text.slice(head.length) };
}

/** By itself: V8 keeps a slice of a text as a reference into it, and an entry keeps its position far longer than that. */
function copyOf(slice: string): string {
  return Buffer.from(slice, 'latin1').toString('latin1');
}

/**
 * What may be used of a stored text, whoever wrote it and however long it says it lasts.
 *
 * @returns Its windows cut to those of the schema; undefined when it is from the future.
 */
export function withinBounds(
  stored: Stored | undefined,
  { nowMs, policy }: { nowMs: number; policy: Policy },
): Stored | undefined {
  if (stored === undefined) return undefined;
  const { storedAtMs, freshUntilMs, staleUntilMs, errorUntilMs } = stored.times;
  if (storedAtMs > nowMs + clockAheadMs || timeOf(stored.position) > nowMs + logAheadMs) return undefined;
  const longest = windowsOf(policy, () => 1);
  const until = (ms: number, windowMs: number) =>
    Math.min(ms, storedAtMs + Math.max(windowMs, notFoundWindows.freshMs));
  return {
    ...stored,
    times: {
      storedAtMs,
      freshUntilMs: until(freshUntilMs, longest.freshMs),
      staleUntilMs: until(staleUntilMs, longest.staleMs),
      errorUntilMs: until(errorUntilMs, longest.errorMs),
    },
  };
}

/** @throws When the body is not JSON, does not decode, or is the row of another id. */
export function decodeEntry<T>(
  stored: { times: Times; wireText: string },
  options: {
    id: string;
    asOf: Stamp;
    codec: Codec<T>;
    idOf: (value: T) => string;
    versionOf: (value: T) => string | undefined;
  },
): Entry<T> {
  const wire: unknown = JSON.parse(stored.wireText);
  const value = wire === null ? null : options.codec.decode(wire);
  if (value !== null && options.idOf(value) !== options.id) throw new TypeError(`not the row ${options.id}`);
  return {
    ...stored.times,
    value,
    version: value === null ? undefined : options.versionOf(value),
    asOf: options.asOf,
    contentAsOf: options.asOf,
    size: stored.wireText.length,
  };
}
