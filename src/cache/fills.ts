/**
 * Fills: one id each, from the store or from upstream, whoever asked for it.
 *
 *   store ─► lease ─► granted: upstream, in one batch ─► commit, if the lease still stands ─► install, if still valid
 *              └────► held: the holder's value, its failure, or its lease, whichever comes
 *
 * Every flight lands, whatever happens. After Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013 (leases).
 */
import { timeLimit } from './deadline.ts';
import type { Engine, NamespaceOptions, RejectReason, Row } from './engine.ts';
import { decodeEntry, type Entry, encodeEntry, freshnessOf, parseStored, timesFrom, withinBounds } from './entry.ts';
import { asError, codeOf, ReadError } from './errors.ts';
import type { FailureMemory } from './failures.ts';
import type { Flight, Flights } from './flights.ts';
import { type Place, rowKey, type StoreKey } from './keys.ts';
import { notFoundWindows, type Windows, windowsOf } from './policy.ts';
import type { Stamp } from './position.ts';
import { SharedTier } from './shared-tier.ts';

/** Why a fill is made. A refresh looks for better than stale; a change reads upstream whatever others are reading. */
export type Purpose = { kind: 'read' } | { kind: 'refresh' } | { kind: 'change'; asOf: Stamp; windows: Windows };

/** What the fills of a namespace work with. */
type Parts<T> = {
  engine: Engine;
  options: NamespaceOptions<T>;
  flights: Flights<T>;
  failures: FailureMemory;
  /** Takes a valid entry in; gives what is held of that id from then on. */
  install(id: string, entry: Entry<T>): Entry<T>;
  /** What those who wait are given of an entry that is not taken in. */
  neverBack(id: string, entry: Entry<T>): Entry<T>;
  /** A stale value was served from the store. */
  refresh(id: string): void;
  reject(reason: RejectReason): undefined;
};

/** One id of a batch: ours to read, with a lease or where there is no store to give one. */
type Part<T> = { flight: Flight<T>; key: StoreKey; leased: boolean };

/** Waits for another's fill, in ms; the last repeats. */
const pollDelaysMs = [10, 20, 40, 80];

/** How long a change waits for upstream before it is announced without a new value, in ms. */
const changeReadMs = 2_000;

export class Fills<T> {
  readonly #parts: Parts<T>;
  readonly #name: string;
  readonly #engine: Engine;
  readonly #options: NamespaceOptions<T>;
  readonly #shared: SharedTier;
  readonly #flights: Flights<T>;
  readonly #failures: FailureMemory;

  constructor(parts: Parts<T>) {
    this.#parts = parts;
    this.#name = parts.options.name;
    this.#engine = parts.engine;
    this.#options = parts.options;
    this.#shared = new SharedTier(parts.engine, parts.options.name);
    this.#flights = parts.flights;
    this.#failures = parts.failures;
  }

  /** Of a purge: nothing read before it is left in the store, whoever asks. */
  async removeBelow(ids: readonly string[], { position }: Stamp): Promise<void> {
    await this.#shared.removeBelow(
      ids.map((id) => this.#key(id)),
      position,
    );
  }

  /** Lands every flight it is given, whatever happens. */
  async fill(flights: readonly Flight<T>[], purpose: Purpose): Promise<void> {
    if (flights.length === 0) return;
    try {
      const lacking = purpose.kind === 'change' ? { flights, answered: true } : await this.#fromStore(flights, purpose);
      await this.#fromUpstream(lacking.flights, { purpose, shared: lacking.answered });
    } catch (thrown) {
      const error = asError(thrown);
      this.#engine.telemetry.log.error(
        { event: 'cache.fill_broken', namespace: this.#name, err: error },
        'a fill broke',
      );
      for (const flight of flights) this.#flights.land(flight, { error });
    }
  }

  /** One round trip; lands what it finds. */
  async #fromStore(flights: readonly Flight<T>[], purpose: Purpose) {
    const { follower } = this.#engine;
    const era = follower.era;
    const { texts, answered } = await this.#shared.find(flights.map(({ id }) => this.#key(id).value));
    const lacking = flights.filter((flight, index) => {
      const text = texts[index];
      const entry = text === undefined || follower.era !== era ? undefined : this.#takeIn(flight.id, text);
      if (entry === undefined) return true;
      const freshness = freshnessOf(entry, follower.now());
      if (freshness !== 'fresh' && !(freshness === 'stale' && purpose.kind === 'read')) return true;
      this.#flights.land(flight, { entry, tier: 'store', stored: true });
      if (freshness === 'stale') this.#parts.refresh(flight.id);
      return false;
    });
    return { flights: lacking, answered };
  }

  /** @returns The entry, installed; undefined when it cannot be used. */
  #takeIn(id: string, text: string): Entry<T> | undefined {
    const { codec, idOf, versionOf, policy } = this.#options;
    const stored = withinBounds(parseStored(text), { nowMs: this.#engine.follower.now(), policy });
    if (stored === undefined) return this.#parts.reject('undecodable');
    const asOf = this.#engine.follower.stampOf(stored.position);
    if (!this.#engine.follower.valid(this.#name, id, asOf)) return this.#parts.reject('invalidated');
    try {
      return this.#parts.install(id, decodeEntry(stored, { id, asOf, codec, idOf, versionOf }));
    } catch {
      // The text itself may hold anything; the count and the miss are what an operator needs.
      return this.#parts.reject('undecodable');
    }
  }

  async #fromUpstream(
    flights: readonly Flight<T>[],
    { purpose, shared }: { purpose: Purpose; shared: boolean },
  ): Promise<void> {
    const token = this.#shared.newToken();
    const takeOver = purpose.kind === 'change';
    const asked = await Promise.all(
      flights.map(async (flight) => {
        const key = this.#key(flight.id);
        const grant = shared ? await this.#shared.lease(key, token, takeOver) : ({ state: 'absent' } as const);
        return { flight, key, grant };
      }),
    );
    const held = asked.filter(({ grant }) => grant.state === 'held');
    for (const { flight, grant } of asked) {
      if (grant.state === 'failed') this.#flights.land(flight, { error: new ReadError(grant.code) });
    }
    const ours = asked.flatMap(({ flight, key, grant }) => {
      if (grant.state !== 'granted' && grant.state !== 'absent') return [];
      return [{ flight, key, leased: grant.state === 'granted' }];
    });
    await Promise.all([
      this.#readUnlessFilled(ours, { token, purpose }),
      ...held.map(({ flight }) => this.#awaitHolder(flight, purpose)),
    ]);
  }

  /** Between our look and our lease another may have filled it and gone: then there is nothing to read. */
  async #readUnlessFilled(
    parts: readonly Part<T>[],
    { token, purpose }: { token: string; purpose: Purpose },
  ): Promise<void> {
    const leased = purpose.kind === 'change' ? [] : parts.filter((part) => part.leased);
    const lacking =
      leased.length === 0
        ? []
        : (
            await this.#fromStore(
              leased.map(({ flight }) => flight),
              purpose,
            )
          ).flights;
    const filled = leased.filter(({ flight }) => !lacking.includes(flight));
    await Promise.all([
      this.#read(
        parts.filter((part) => !filled.includes(part)),
        { token, purpose },
      ),
      ...filled.map(({ key }) => this.#shared.release(key, token)),
    ]);
  }

  /** Another process fills this id: its value, its failure, or its lease, whichever comes. */
  async #awaitHolder(flight: Flight<T>, purpose: Purpose): Promise<void> {
    const { clock, telemetry } = this.#engine;
    const end = telemetry.metrics.leaseWait.startTimer({ namespace: this.#name });
    const token = this.#shared.newToken();
    for (let poll = 0; ; poll++) {
      await clock.sleep(pollDelaysMs[Math.min(poll, pollDelaysMs.length - 1)] as number);
      const lacking = await this.#fromStore([flight], purpose);
      if (lacking.flights.length === 0) break;
      const key = this.#key(flight.id);
      const grant = lacking.answered ? await this.#shared.lease(key, token, false) : ({ state: 'absent' } as const);
      if (grant.state === 'held') continue;
      if (grant.state === 'failed') this.#flights.land(flight, { error: new ReadError(grant.code) });
      else await this.#readUnlessFilled([{ flight, key, leased: grant.state === 'granted' }], { token, purpose });
      break;
    }
    end();
  }

  /** One upstream batch for what is ours to read. */
  async #read(parts: readonly Part<T>[], { token, purpose }: { token: string; purpose: Purpose }): Promise<void> {
    if (parts.length === 0) return;
    const { follower, telemetry } = this.#engine;
    const stamp = purpose.kind === 'change' ? purpose.asOf : follower.stamp();
    for (const { flight } of parts) flight.stamp = stamp;
    const sentAtMs = follower.now();
    const end = telemetry.metrics.cacheFillDuration.startTimer({ namespace: this.#name });
    const leased = parts.filter((part) => part.leased).map((part) => part.key);
    const hold = leased.length > 0 ? this.#shared.hold(leased, token) : undefined;
    const rows = await this.#readUpstream(
      parts.map(({ flight }) => flight.id),
      purpose,
    );
    await Promise.all(
      parts.map(async (part) => {
        const row = rows instanceof Error ? rows : (rows.get(part.flight.id) ?? null);
        if (row instanceof Error) await this.#settleFailed(part, { token, error: row, stamp });
        else await this.#settleRead(part, { token, row, stamp, sentAtMs, purpose });
      }),
    );
    hold?.end();
    end();
  }

  async #readUpstream(ids: readonly string[], purpose: Purpose): Promise<Map<string, Row<T> | null | Error> | Error> {
    const limit = timeLimit(this.#engine.clock, purpose.kind === 'change' ? changeReadMs : Number.POSITIVE_INFINITY);
    try {
      return await this.#options.read(ids, limit.signal);
    } catch (thrown) {
      return asError(thrown);
    } finally {
      limit.end();
    }
  }

  async #settleRead(
    { flight, key, leased }: Part<T>,
    {
      token,
      row,
      stamp,
      sentAtMs,
      purpose,
    }: { token: string; row: Row<T> | null; stamp: Stamp; sentAtMs: number; purpose: Purpose },
  ): Promise<void> {
    const { follower } = this.#engine;
    const entry = this.#entryOf(row, { stamp, sentAtMs, purpose });
    const stillValid = () => follower.valid(this.#name, flight.id, stamp);
    let commit: 'stored' | 'lost' | 'absent' = 'absent';
    if (leased && stillValid()) {
      const text = encodeEntry(stamp.position, entry, row === null ? 'null' : row.text);
      commit = await this.#shared.commit(key, token, text, entry.errorUntilMs - follower.now());
    } else if (leased) {
      await this.#shared.release(key, token);
    }
    const valid = stillValid();
    const taken = valid ? this.#parts.install(flight.id, entry) : this.#parts.neverBack(flight.id, entry);
    if (!valid) this.#parts.reject('invalidated');
    // Another took the lease over: it knows of a change that this process will learn of, and see its memory by it.
    else if (commit === 'lost') this.#parts.reject('lease_lost');
    const kept = valid && commit !== 'lost';
    this.#failures.clear(flight.id);
    this.#countFill(kept ? 'stored' : 'not_stored');
    this.#flights.land(flight, { entry: taken, tier: 'upstream', stored: kept });
  }

  async #settleFailed(
    { flight, key, leased }: Part<T>,
    { token, error, stamp }: { token: string; error: Error; stamp: Stamp },
  ): Promise<void> {
    // Remembered before the lease is given back: a newcomer in between must not read again.
    this.#fail(flight, error, stamp);
    this.#countFill('failed');
    if (leased) await this.#shared.release(key, token, codeOf(error));
  }

  #fail(flight: Flight<T>, error: Error, stamp: Stamp): void {
    this.#failures.note(flight.id, error, stamp);
    this.#engine.telemetry.log.warn(
      { event: 'cache.fill_failed', namespace: this.#name, id: flight.id, code: codeOf(error), reason: error.message },
      'a row could not be read',
    );
    this.#flights.land(flight, { error });
  }

  #entryOf(
    row: Row<T> | null,
    { stamp, sentAtMs, purpose }: { stamp: Stamp; sentAtMs: number; purpose: Purpose },
  ): Entry<T> {
    const { policy, versionOf } = this.#options;
    const ofRow = purpose.kind === 'change' ? purpose.windows : windowsOf(policy, this.#engine.random);
    return {
      ...timesFrom(sentAtMs, row === null ? notFoundWindows : ofRow),
      value: row === null ? null : row.value,
      version: row === null ? undefined : versionOf(row.value),
      asOf: stamp,
      contentAsOf: stamp,
      size: row === null ? 4 : row.text.length,
    };
  }

  // ── Small things ──────────────────────────────────────────────────────────────────────────────────────────────────

  #key(id: string): StoreKey {
    const { follower, prefix } = this.#engine;
    const place: Place = { prefix, era: follower.era, namespace: this.#name, shape: this.#options.codec.shape };
    return rowKey(place, follower.generation(this.#name), id);
  }

  #countFill(outcome: 'stored' | 'not_stored' | 'failed'): void {
    this.#engine.telemetry.metrics.cacheFills.inc({ namespace: this.#name, outcome });
  }
}
