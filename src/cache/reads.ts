/**
 * Reads: what is ours to read, in one upstream batch, and what becomes of it.
 *
 *   send, with the position known ─► upstream ─┬─ a row, or none ─► commit, if its lease still stands ─► install, if still valid
 *                                              └─ a failure ─► remembered here, and left in its lease for those who wait
 */
import { timeLimit } from './deadline.ts';
import type { Engine, NamespaceOptions, RejectReason, Row } from './engine.ts';
import { type Entry, encodeEntry, timesFrom } from './entry.ts';
import { asError, codeOf } from './errors.ts';
import type { FailureMemory } from './failures.ts';
import { type Changing, type Flight, type Flights, isChange } from './flights.ts';
import type { StoreKey } from './keys.ts';
import { behindWindows, notFoundWindows, settlingWindows, type Windows, windowsOf } from './policy.ts';
import type { Stamp } from './position.ts';
import { isBehind, laterSaid } from './said.ts';
import type { Commit, SharedTier } from './shared-tier.ts';

/** What reads, and the fills that ask for them, work with. */
export type ReadParts<T> = {
  engine: Engine;
  options: NamespaceOptions<T>;
  flights: Flights<T>;
  failures: FailureMemory;
  /** Takes a valid entry in; gives what is held of that id from then on. */
  install(id: string, entry: Entry<T>): Entry<T>;
  /** What those who wait are given of an entry that is not taken in. */
  neverBack(id: string, entry: Entry<T>): Entry<T>;
  reject(reason: RejectReason): undefined;
};

/** One id of a batch that is ours to read: with a lease, or where there is no store to give one. */
export type Part<T> = { flight: Flight<T>; key: StoreKey; leased: boolean };

/** `stamp` is the `asOf` of what is read. */
type SentPart<T> = Part<T> & { stamp: Stamp };
type ReadPart<T> = SentPart<T> & { row: Row<T> | null; entry: Entry<T> };
type FailedPart<T> = SentPart<T> & { error: Error };

type Rows<T> = Map<string, Row<T> | null | Error>;

/** What upstream gave for a batch. */
type Answer<T> = { rows: Rows<T> | Error; sentAtMs: number; token: string };

/** How long a change waits for upstream before it is announced without a new value, in ms. */
const changeReadMs = 2_000;

/** Between tries of what lags behind upstream's own word, in ms. */
const lagDelaysMs = [100, 200, 400, 800];

export class Reads<T> {
  readonly #parts: ReadParts<T>;
  readonly #name: string;
  readonly #engine: Engine;
  readonly #options: NamespaceOptions<T>;
  readonly #shared: SharedTier;

  constructor(parts: ReadParts<T>, shared: SharedTier) {
    this.#parts = parts;
    this.#name = parts.options.name;
    this.#engine = parts.engine;
    this.#options = parts.options;
    this.#shared = shared;
  }

  /** One upstream batch for what is ours to read. */
  async read(parts: readonly Part<T>[], token: string): Promise<void> {
    if (parts.length === 0) return;
    const { follower, telemetry } = this.#engine;
    const sent = parts.map((part) => this.#send(part));
    const sentAtMs = follower.now();
    const end = telemetry.metrics.cacheFillDuration.startTimer({ namespace: this.#name });
    const leased = parts.filter((part) => part.leased);
    const hold = leased.length > 0 ? this.#shared.hold(keysOf(leased), token) : undefined;
    try {
      const rows = await this.#readUpstream(parts);
      await this.#settle(sent, { rows, sentAtMs, token });
    } finally {
      hold?.end();
      end();
    }
  }

  /** Nothing that changed before this moment will be missing from what is read. */
  #send(part: Part<T>): SentPart<T> {
    const { flight } = part;
    const stamp = isChange(flight) ? flight.purpose.asOf : this.#engine.follower.stamp();
    flight.stamp = stamp;
    return { ...part, stamp };
  }

  async #readUpstream(parts: readonly Part<T>[]): Promise<Rows<T> | Error> {
    const isBounded = parts.every(({ flight }) => isChange(flight));
    const limit = timeLimit(this.#engine.clock, isBounded ? changeReadMs : Number.POSITIVE_INFINITY);
    try {
      const ids = parts.map(({ flight }) => flight.id);
      const rows = new Map(await this.#options.read(ids, limit.signal));
      await this.#readLagging(parts, rows, limit.signal);
      return rows;
    } catch (thrown) {
      return asError(thrown);
    } finally {
      limit.end();
    }
  }

  /** What lags behind upstream's own word is asked for again; what came stays, if nothing better does. */
  async #readLagging(parts: readonly Part<T>[], rows: Rows<T>, signal: AbortSignal): Promise<void> {
    const lagging = () =>
      flightsOf(parts)
        .filter(isChange)
        .filter((flight) => this.#lags(flight, rows));
    for (const delayMs of lagDelaysMs) {
      const ids = lagging().map(({ id }) => id);
      if (ids.length === 0) return;
      try {
        await this.#engine.clock.sleep(delayMs, signal);
        for (const [id, row] of await this.#options.read(ids, signal)) if (!(row instanceof Error)) rows.set(id, row);
      } catch {
        return; // The time of the change is over, or upstream failed: what came before is kept, and told as behind.
      }
    }
  }

  #lags({ id, purpose: { said } }: Changing<T>, rows: Rows<T>): boolean {
    const row = rows.get(id) ?? null;
    return said !== undefined && !(row instanceof Error) && isBehind(this.#seen(row), said);
  }

  async #settle(parts: readonly SentPart<T>[], { rows, sentAtMs, token }: Answer<T>): Promise<void> {
    const read: ReadPart<T>[] = [];
    const failed: FailedPart<T>[] = [];
    for (const part of parts) {
      const row = rows instanceof Error ? rows : (rows.get(part.flight.id) ?? null);
      if (row instanceof Error) failed.push({ ...part, error: row });
      else read.push({ ...part, row, entry: this.#entryOf(part, row, sentAtMs) });
    }
    await Promise.all([this.#settleRead(read, token), this.#settleFailed(failed, token)]);
  }

  async #settleRead(parts: readonly ReadPart<T>[], token: string): Promise<void> {
    const nowMs = this.#engine.follower.now();
    const leased = parts.filter((part) => part.leased);
    const lasting = new Set(leased.filter((part) => this.#stillValid(part) && part.entry.errorUntilMs - nowMs >= 1));
    const writes = [...lasting].map(({ key, row, entry, stamp }) => ({
      key,
      text: encodeEntry(stamp.position, entry, row === null ? 'null' : row.text),
      ttlMs: entry.errorUntilMs - nowMs,
    }));
    const [commits] = await Promise.all([
      this.#shared.commit(writes, token),
      this.#shared.release(keysOf(leased.filter((part) => !lasting.has(part))), token),
    ]);
    const byPart = new Map([...lasting].map((part, index) => [part, commits[index] as Commit]));
    for (const part of parts) this.#landRead(part, byPart.get(part) ?? 'absent');
  }

  #landRead(part: ReadPart<T>, commit: Commit): void {
    const { flight, entry } = part;
    const valid = this.#stillValid(part);
    const taken = valid ? this.#parts.install(flight.id, entry) : this.#parts.neverBack(flight.id, entry);
    if (!valid) this.#parts.reject('invalidated');
    // Another took the lease over: it knows of a change that this process will learn of, and see its memory by it.
    else if (commit === 'lost') this.#parts.reject('lease_lost');
    const kept = valid && commit !== 'lost';
    this.#parts.failures.clear(flight.id);
    this.#countFill(kept ? 'stored' : 'not_stored');
    this.#parts.flights.land(flight, { entry: taken, tier: 'upstream', stored: kept });
  }

  async #settleFailed(parts: readonly FailedPart<T>[], token: string): Promise<void> {
    // Remembered before the leases are given back: a newcomer in between must not read again.
    for (const part of parts) this.#landFailed(part);
    const byCode = Map.groupBy(
      parts.filter((part) => part.leased),
      ({ error }) => codeOf(error),
    );
    await Promise.all(byCode.entries().map(([code, some]) => this.#shared.release(keysOf(some), token, code)));
  }

  #landFailed({ flight, error, stamp }: FailedPart<T>): void {
    this.#parts.failures.note(flight.id, error, stamp);
    this.#countFill('failed');
    this.#engine.telemetry.log.warn(
      { event: 'cache.fill_failed', namespace: this.#name, id: flight.id, code: codeOf(error), reason: error.message },
      'a row could not be read',
    );
    this.#parts.flights.land(flight, { error });
  }

  #stillValid({ flight, stamp }: SentPart<T>): boolean {
    return this.#engine.follower.valid(this.#name, flight.id, stamp);
  }

  #entryOf({ flight, stamp }: SentPart<T>, row: Row<T> | null, sentAtMs: number): Entry<T> {
    return {
      ...timesFrom(sentAtMs, this.#windowsOf(flight, row)),
      value: row === null ? null : row.value,
      version: this.#seen(row).version,
      asOf: stamp,
      contentAsOf: stamp,
      size: row === null ? 4 : row.text.length,
    };
  }

  #windowsOf(flight: Flight<T>, row: Row<T> | null): Windows {
    const { policy, settleMs } = this.#options;
    const told = isChange(flight) ? flight.purpose.said : undefined;
    const known = this.#engine.follower.said(this.#name, flight.id);
    const said = told === undefined ? known : laterSaid(known, told);
    if (said !== undefined && isBehind(this.#seen(row), said)) {
      this.#parts.reject('behind');
      return behindWindows(policy);
    }
    if (row === null) return notFoundWindows;
    // Nothing tells whether upstream has come to its own change.
    if (isChange(flight) && told?.version === undefined) return settlingWindows(policy, settleMs);
    return windowsOf(policy, this.#engine.random);
  }

  #seen(row: Row<T> | null): { isThere: boolean; version: string | undefined } {
    return { isThere: row !== null, version: row === null ? undefined : this.#options.versionOf(row.value) };
  }

  #countFill(outcome: 'stored' | 'not_stored' | 'failed'): void {
    this.#engine.telemetry.metrics.cacheFills.inc({ namespace: this.#name, outcome });
  }
}

export function keysOf<T>(parts: Iterable<Part<T>>): StoreKey[] {
  return Array.from(parts, ({ key }) => key);
}

export function flightsOf<T>(parts: Iterable<Part<T>>): Flight<T>[] {
  return Array.from(parts, ({ flight }) => flight);
}
