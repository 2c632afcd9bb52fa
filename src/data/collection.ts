/**
 * A collection: the view that pages are cut from, and how it is kept true.
 *
 *   base (the last complete drain) + patches (rows read since) + dirty (ids known to have changed, not read yet)
 *
 * A page waits for the ids that were dirty when it was asked for, then is cut in one turn: were it to wait for what
 * changes meanwhile as well, steady changes would hold it up until its deadline. A base is valid while no reset lies
 * above its `asOf` and its era goes on; then it is fresh, stale (served while a drain runs), or good for errors alone.
 *
 * Rows never go back to a lower version within a generation, over eras too.
 */
import { Deadline } from '../cache/deadline.ts';
import type { Engine, RejectReason } from '../cache/engine.ts';
import { type Entry, freshnessOf, isAhead } from '../cache/entry.ts';
import { asError, ReadError } from '../cache/errors.ts';
import type { Listener } from '../cache/follower.ts';
import type { Ids } from '../cache/log.ts';
import type { Namespace, Neighbour } from '../cache/namespace.ts';
import type { Outcome, ReadRequest } from '../cache/outcome.ts';
import type { Position, Stamp } from '../cache/position.ts';
import type { Upstream } from '../upstream/index.ts';
import { type Base, BaseStore, type Policies } from './base.ts';
import { BaseFills, Superseded } from './base-fills.ts';
import type { Definition } from './definition.ts';
import type { CollectionStatus, Page, PageQuery } from './reader.ts';
import type { ViewRow } from './view.ts';

/** How long the background reads of changed rows may take, in ms. */
const patchDeadlineMs = 30_000;

/** Since when a row is dirty that no page may be without. */
const ever = Number.NEGATIVE_INFINITY;

type Ready<T> = { base: Base<T>; outcome: Outcome };

/** How a page that waited came about. */
type Waited = Pick<Outcome, 'kind' | 'tier'>;

type Options<T> = {
  engine: Engine;
  definition: Definition<T>;
  policies: Policies;
  namespace: Namespace<T>;
  upstream: Upstream;
};

export class Collection<T> implements Listener, Neighbour<T> {
  readonly name: string;
  readonly #engine: Engine;
  readonly #namespace: Namespace<T>;
  readonly #fills: BaseFills<T>;
  #base: Base<T> | undefined;
  /** A reset lies above the base: its rows no longer hold newer reads back. */
  #superseded = false;
  /** Read by this process's own reset, installed when that becomes known. */
  #coming: Base<T> | undefined;
  #patches = new Map<string, Entry<T>>();
  /** By id, since when, on the monotonic clock: a page asked for before may show the row as it was. */
  #dirty = new Map<string, number>();
  /** When the first of the patches has to be read again. */
  #recheckAtMs = Number.POSITIVE_INFINITY;
  #cleaning: Promise<Error | undefined> | undefined;

  constructor({ engine, definition, policies, namespace, upstream }: Options<T>) {
    this.name = definition.endpoint.name;
    this.#engine = engine;
    this.#namespace = namespace;
    this.#fills = new BaseFills({
      engine,
      definition,
      upstream,
      namespace: namespace.name,
      store: new BaseStore(engine, definition, policies),
      servable: () => this.#base !== undefined && this.#isServable(this.#base, undefined),
      install: (base) => this.#install(base),
      reject: (reason) => this.#reject(reason),
    });
    namespace.beside(this);
    engine.follower.listen(namespace.name, this);
  }

  /**
   * @throws {CursorError} For a cursor that cannot be used.
   * @throws The failure of upstream, when there is nothing to serve instead; `DeadlineError` when the time is over.
   */
  async page(query: PageQuery, request: ReadRequest): Promise<Page<T>> {
    const { base, outcome } = await this.#ready(request);
    const { tier, kind } = outcome;
    this.#engine.telemetry.metrics.cacheRequests.inc({ namespace: this.name, tier, outcome: kind });
    request.note(outcome);
    return base.view.page(query);
  }

  /** Begins to fill the base, so that the first request need not. */
  warm(): void {
    if (this.#base === undefined && this.#fills.joinable() === undefined) this.#fills.open();
  }

  status(): CollectionStatus {
    const failed = this.#fills.failed;
    const base = this.#base;
    if (base === undefined) {
      const status = failed ? 'failed' : this.#fills.joinable() === undefined ? 'empty' : 'filling';
      return { status, size: 0, ageSeconds: null, quarantined: 0 };
    }
    const nowMs = this.#engine.follower.now();
    const fresh = this.#isValid(base) && freshnessOf(base.times, nowMs) === 'fresh';
    return {
      status: failed ? 'failed' : fresh ? 'fresh' : 'stale',
      size: base.view.size,
      ageSeconds: Math.max(0, Math.floor((nowMs - base.times.storedAtMs) / 1000)),
      quarantined: base.quarantined,
    };
  }

  // ── Following the log ─────────────────────────────────────────────────────────────────────────────────────────────

  changed(ids: Ids, { floor, hard }: { floor: Position; hard: boolean }): void {
    this.#namespace.changed(ids, { hard });
    if (ids === '*') this.#onReset(floor, hard);
    else this.#onChanged(ids, hard);
  }

  eraBegan(): void {
    // What is held is of another era now, and so no longer valid; what is dirty in it stays so for those on error.
  }

  forget(): void {
    this.#namespace.forget();
    this.#drop();
  }

  #onReset(floor: Position, hard: boolean): void {
    if (this.#base !== undefined && this.#isValid(this.#base)) {
      // Of two resets the one that began first may be told last: then the base has it behind it, if not each of its rows.
      if (hard)
        this.#onChanged(
          [...this.#base.view.rows()].map(({ id }) => id),
          hard,
        );
      return;
    }
    this.#superseded = true;
    this.#patches.clear();
    this.#fills.abortInvalid();
    const coming = this.#coming;
    if (coming !== undefined && coming.from.asOf.position >= floor) this.#install(coming);
    else if (this.#base && this.#engine.follower.purgedAsWhole(this.#namespace.name, this.#base.from.asOf))
      this.#drop();
  }

  #onChanged(ids: readonly string[], hard: boolean): void {
    const base = this.#base;
    if (base === undefined) return;
    const nowMs = this.#engine.clock.mono();
    for (const id of ids) {
      const isPurged = hard && this.#isPurged(id, base);
      // A view without a purged row is of no moment, so nobody is shown it.
      if (isPurged || !this.#isCurrent(id, base)) this.#markDirty(id, isPurged ? ever : nowMs);
      if (isPurged) this.#remove(id, base);
    }
    if (this.#dirty.size > 0) void this.#clean();
  }

  /** One that is dirty already stays so for those who wait for it. */
  #markDirty(id: string, sinceMs: number): void {
    this.#dirty.set(id, Math.min(sinceMs, this.#dirty.get(id) ?? sinceMs));
  }

  #remove(id: string, base: Base<T>): void {
    this.#patches.delete(id);
    base.view.delete(id);
  }

  /** Nothing of it may be used any more: it is read anew at once, for readiness as much as for those who ask. */
  #drop(): void {
    const held = this.#base !== undefined;
    this.#base = undefined;
    this.#patches.clear();
    this.#dirty.clear();
    if (held) this.warm();
  }

  // ── Beside the entities ───────────────────────────────────────────────────────────────────────────────────────────

  find(id: string): Entry<T> | undefined {
    const row = this.#base?.view.get(id);
    const entry = this.#patches.get(id) ?? (row && entryOf(row));
    // What stands below a reset says nothing about what may come after it.
    return entry && this.#superseded ? { ...entry, version: undefined } : entry;
  }

  installed(id: string, entry: Entry<T>): void {
    const base = this.#base;
    if (base === undefined) return;
    const known = this.find(id) ?? entryOfNothing(base);
    const differs = entry.version !== known.version || (entry.value === null) !== (known.value === null);
    const news = differs && !isAhead(known, entry);
    if (news || this.#dirty.has(id)) this.#patch(base, id, entry);
  }

  #patch(base: Base<T>, id: string, entry: Entry<T>): void {
    if (!this.#engine.follower.valid(this.#namespace.name, id, entry.asOf)) return;
    this.#dirty.delete(id);
    this.#patches.set(id, entry);
    if (entry.value === null) {
      base.view.delete(id);
      return;
    }
    const { asOf, contentAsOf, version, size } = entry;
    base.view.put({ id, value: entry.value, version, size, from: { times: entry, asOf, contentAsOf } });
    this.#recheckAtMs = Math.min(this.#recheckAtMs, entry.staleUntilMs);
  }

  // ── Serving ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** A base that a page may be cut from in this turn. */
  async #ready(request: ReadRequest): Promise<Ready<T>> {
    const { clock, follower } = this.#engine;
    const beganAtMs = follower.now();
    let waited: Waited | undefined;
    let knowsUntilMs: number | undefined;
    for (;;) {
      await follower.ready(request.deadline);
      knowsUntilMs ??= clock.mono();
      const base = this.#base;
      if (base === undefined || !this.#isServable(base, waited && beganAtMs)) {
        const filled = await this.#waitForFill(request);
        if (filled instanceof Error && !(filled instanceof Superseded)) return this.#onError(filled);
        waited = filled instanceof Error ? waited : filled;
        continue;
      }
      const freshness = freshnessOf(base.times, follower.now());
      if (freshness !== 'fresh') this.#fills.refresh();
      this.#markOverdue(follower.now());
      if (this.#isDirtyUntil(knowsUntilMs)) {
        const unread = await this.#untilClean(request);
        if (unread !== undefined && this.#isDirtyUntil(knowsUntilMs)) return this.#onError(unread);
        continue; // The era, the base or what is trusted may be another by now.
      }
      return {
        base,
        outcome: this.#outcome(base, waited ?? { kind: freshness === 'fresh' ? 'hit' : 'stale', tier: 'view' }),
      };
    }
  }

  /** @param sinceMs - Given once the request has waited: what was read after it began is served whatever its age. */
  #isServable(base: Base<T>, sinceMs: number | undefined): boolean {
    if (!this.#isValid(base)) return false;
    const freshness = freshnessOf(base.times, this.#engine.follower.now());
    return (
      freshness === 'fresh' || freshness === 'stale' || (sinceMs !== undefined && base.times.storedAtMs >= sinceMs)
    );
  }

  async #waitForFill(request: ReadRequest): Promise<Waited | Error> {
    const joined = this.#fills.joinable();
    const failure = joined ? undefined : this.#fills.recentFailure();
    if (failure !== undefined) return failure;
    try {
      const landed = await request.deadline.race((joined ?? this.#fills.open()).landed);
      if ('error' in landed) return landed.error;
      if (landed.how === 'found') return { kind: 'hit', tier: 'store' };
      return { kind: joined === undefined ? 'miss' : 'coalesced', tier: 'upstream' };
    } catch (thrown) {
      return asError(thrown);
    }
  }

  /** The last word while upstream cannot be read: the view as it is, if nothing in it was purged, within its window. */
  #onError(error: Error): Ready<T> {
    const base = this.#base;
    const { follower } = this.#engine;
    if (base === undefined || follower.now() >= base.times.errorUntilMs) throw error;
    if (follower.purgedAsWhole(this.#namespace.name, base.from.asOf)) throw error;
    for (const id of this.#dirty.keys()) if (this.#isPurged(id, base)) throw error;
    return { base, outcome: this.#outcome(base, { kind: 'stale_if_error', tier: 'view' }) };
  }

  #outcome({ times }: Base<T>, { kind, tier }: Waited): Outcome {
    const nowMs = this.#engine.follower.now();
    const ttlMs = times.freshUntilMs - nowMs;
    return {
      namespace: this.name,
      kind,
      tier,
      ttlMs: kind === 'stale_if_error' ? Math.min(ttlMs, 0) : ttlMs,
      ageMs: Math.max(0, nowMs - times.storedAtMs),
      stored: true,
    };
  }

  // ── Rows that changed ─────────────────────────────────────────────────────────────────────────────────────────────

  /** What was read right after a change is good until upstream has settled; then it is read once more. */
  #markOverdue(nowMs: number): void {
    if (nowMs < this.#recheckAtMs) return;
    this.#recheckAtMs = Number.POSITIVE_INFINITY;
    for (const [id, { staleUntilMs, value }] of this.#patches) {
      if (value === null) continue;
      if (nowMs >= staleUntilMs) this.#markDirty(id, this.#engine.clock.mono() - (nowMs - staleUntilMs));
      else this.#recheckAtMs = Math.min(this.#recheckAtMs, staleUntilMs);
    }
  }

  #isDirtyUntil(monoMs: number): boolean {
    return this.#dirty.values().some((sinceMs) => sinceMs <= monoMs);
  }

  /** @returns Why a changed row could not be read, if one could not. */
  async #untilClean(request: ReadRequest): Promise<Error | undefined> {
    try {
      return await request.deadline.race(this.#clean());
    } catch (thrown) {
      return asError(thrown);
    }
  }

  /** One batch for all dirty ids, shared by all who wait. */
  #clean(): Promise<Error | undefined> {
    this.#cleaning ??= this.#readDirty().finally(() => {
      this.#cleaning = undefined;
    });
    return this.#cleaning;
  }

  async #readDirty(): Promise<Error | undefined> {
    const deadline = new Deadline(this.#engine.clock, patchDeadlineMs);
    const results = await this.#namespace.get([...this.#dirty.keys()], { deadline, note: () => {} });
    deadline.end();
    let unread: Error | undefined;
    for (const [id, result] of results) {
      if ('error' in result) unread = result.error;
      else if (result.outcome.kind === 'stale_if_error') unread = new ReadError('UPSTREAM_UNAVAILABLE');
      else this.installed(id, result.entry);
    }
    return unread;
  }

  // ── Filling ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Drains for a reset that began at `asOf`, whatever others are draining; installed once the reset is known. */
  async readAnew(asOf: Stamp): Promise<{ rows: number }> {
    const landed = await this.#fills.open(asOf).landed;
    if ('error' in landed) throw landed.error;
    this.#coming = landed.base;
    return { rows: landed.base.view.size };
  }

  /** Of a purge of all: what is being drained was not read for those who come after it. */
  giveUpDrains(): Promise<void> {
    return this.#fills.revokeLease();
  }

  /** @returns Whether it is still valid in this turn, and so was taken in. */
  #install(base: Base<T>): boolean {
    const { follower } = this.#engine;
    const namespace = this.#namespace.name;
    if (!follower.validAsWhole(namespace, base.from.asOf)) {
      this.#reject('invalidated');
      return false;
    }
    if (this.#base !== undefined && !this.#superseded) this.#keepNewerRows(this.#base, base);
    const patches = this.#patches;
    this.#base = base;
    this.#superseded = false;
    if (this.#coming === base) this.#coming = undefined;
    this.#patches = new Map();
    this.#recheckAtMs = Number.POSITIVE_INFINITY;
    this.#dirty = new Map(follower.changedSince(namespace, base.from.asOf).map((id) => [id, ever]));
    for (const [id, patch] of patches) {
      const row = base.view.get(id);
      if (isAhead(patch, row ? entryOf(row) : entryOfNothing(base))) this.#patch(base, id, patch);
    }
    this.#namespace.viewReplaced();
    return true;
  }

  /** Rows never go back: where the new base gives an older version than is held, the held content stays. */
  #keepNewerRows(held: Base<T>, base: Base<T>): void {
    for (const old of held.view.rows()) {
      const row = base.view.get(old.id);
      if (row?.version === undefined || old.version === undefined || old.version <= row.version) continue;
      this.#reject('older_version');
      base.view.put({ ...old, from: { ...row.from, contentAsOf: old.from.contentAsOf } });
    }
  }

  // ── Small things ──────────────────────────────────────────────────────────────────────────────────────────────────

  #isValid(base: Base<T>): boolean {
    return this.#engine.follower.validAsWhole(this.#namespace.name, base.from.asOf);
  }

  #isCurrent(id: string, base: Base<T>): boolean {
    return this.#engine.follower.valid(this.#namespace.name, id, this.find(id)?.asOf ?? base.from.asOf);
  }

  #isPurged(id: string, base: Base<T>): boolean {
    const contentAsOf = this.find(id)?.contentAsOf ?? base.from.contentAsOf;
    return this.#engine.follower.purged(this.#namespace.name, id, contentAsOf);
  }

  #reject(reason: RejectReason): void {
    this.#engine.telemetry.metrics.cacheRejected.inc({ namespace: this.name, reason });
  }
}

function entryOf<T>({ value, version, size, from }: ViewRow<T>): Entry<T> {
  return { ...from.times, value, version, size, asOf: from.asOf, contentAsOf: from.contentAsOf };
}

/** A base says of the ids it lacks that they were not there. */
function entryOfNothing<T>({ from }: Base<T>): Entry<T> {
  return { ...from.times, value: null, version: undefined, size: 0, asOf: from.asOf, contentAsOf: from.contentAsOf };
}
