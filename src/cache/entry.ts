/**
 * Entries: what the cache holds of one row, and the text that stands for one in the store.
 *
 *   stored text = `1 <asOf> <storedAt> <freshUntil> <staleUntil> <errorUntil>\n<wire text, or null>`
 *
 * The head is parted from the body so that neither a script nor a reader has to parse the row to judge it.
 */
import type { Codec } from './codec.ts';
import type { Windows } from './policy.ts';
import { BEGINNING, type Position, type Stamp } from './position.ts';

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

/** Which of two was read later: by what it knows, then by when it was sent. */
export function isReadAfter(a: Entry<unknown>, b: Entry<unknown>): boolean {
  if (a.asOf.era !== b.asOf.era) return a.asOf.era > b.asOf.era;
  if (a.asOf.position !== b.asOf.position) return a.asOf.position > b.asOf.position;
  return a.storedAtMs > b.storedAtMs;
}

/** Which of two stands for a later state of its row: by version; where that says nothing, by when they were read. */
export function isAhead(a: Entry<unknown>, b: Entry<unknown>): boolean {
  const versioned = a.version !== undefined && b.version !== undefined && a.version !== b.version;
  return versioned ? (a.version as string) > (b.version as string) : isReadAfter(a, b);
}

export function encodeEntry(position: Position, times: Times, wireText: string): string {
  const { storedAtMs, freshUntilMs, staleUntilMs, errorUntilMs } = times;
  const head = [1, position || '-', storedAtMs, freshUntilMs, staleUntilMs, errorUntilMs].map((field) =>
    typeof field === 'number' ? Math.round(field) : field,
  );
  return `${head.join(' ')}\n${wireText}`;
}

const headPattern = /^1 (-|\d{15}-\d{10}(?:\+\d{10})?) (\d+) (\d+) (\d+) (\d+)\n/;

/** A stored text taken apart; undefined when it is not one. */
export function parseStored(text: string): { position: Position; times: Times; wireText: string } | undefined {
  const match = headPattern.exec(text);
  if (match === null) return undefined;
  const [head, position, ...numbers] = match as unknown as [string, Position, ...string[]];
  const [storedAtMs, freshUntilMs, staleUntilMs, errorUntilMs] = numbers.map(Number);
  const times = { storedAtMs, freshUntilMs, staleUntilMs, errorUntilMs } as Times;
  return { position: position === '-' ? BEGINNING : position, times, wireText: text.slice(head.length) };
}

/** @throws When the body is not JSON or does not decode. */
export function decodeEntry<T>(
  stored: { times: Times; wireText: string },
  options: { asOf: Stamp; codec: Codec<T>; versionOf: (value: T) => string | undefined },
): Entry<T> {
  const wire: unknown = JSON.parse(stored.wireText);
  const value = wire === null ? null : options.codec.decode(wire);
  return {
    ...stored.times,
    value,
    version: value === null ? undefined : options.versionOf(value),
    asOf: options.asOf,
    contentAsOf: options.asOf,
    size: stored.wireText.length,
  };
}
