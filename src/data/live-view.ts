/**
 * A live view: what pages are cut from, and how it is kept true. Nothing here waits.
 *
 *   base (the last complete drain) + patches (rows read since) + dirty (ids known to have changed, not read yet)
 *
 * A base is valid while no reset lies above its `asOf` and its era goes on; single changes make rows dirty instead.
 * Rows never go back to a lower version within a generation, over eras too.
 */
import type { Engine, RejectReason } from '../cache/engine.ts';
import { type Entry, isAhead, isBrief, seenIn } from '../cache/entry.ts';
import type { Namespace, Neighbour } from '../cache/namespace.ts';
import { isBehind, type Said } from '../cache/said.ts';
import type { Base } from './base.ts';
import type { ViewRow } from './view.ts';

/** Since when a row is dirty that no page may be without. */
const ever = Number.NEGATIVE_INFINITY;

type Parts<T> = {
  engine: Engine;
  /** Of the entities, whose changes are the view's. */
  namespace: Namespace<T>;
  reject(reason: RejectReason): void;
  /** A row left its place, took one, or both. */
  noteMove(old: ViewRow<T> | undefined, next: ViewRow<T> | undefined): void;
  /** Anything may be another. */
  noteAll(): void;
  /** As of a `Neighbour`. */
  lapsed(): boolean;
};

export class LiveView<T> implements Neighbour<T> {
  readonly #parts: Parts<T>;
  #base: Base<T> | undefined;
  /** A reset lies above the base: its rows no longer hold newer reads back. */
  #superseded = false;
  /** Drained for this process's own reset, installed when that becomes known. */
  #coming: Base<T> | undefined;
  #patches = new Map<string, Entry<T>>();
  /** By id, since when, on the monotonic clock: a page asked for before may show the row as it was. */
  readonly #dirty = new Map<string, number>();
  /** Purged and not read since. A view that they are in may not be shown, and one without them is of no moment. */
  readonly #purged = new Set<string>();
  /** When the first of the patches has to be read again. */
  #recheckAtMs = Number.POSITIVE_INFINITY;

  constructor(parts: Parts<T>) {
    this.#parts = parts;
  }

  /** Undefined before the first drain, and after a purge of all. */
  get base(): Base<T> | undefined {
    return this.#base;
  }

  isValid(base: Base<T>): boolean {
    return this.#parts.engine.follower.validAsWhole(this.#parts.namespace.name, base.from.asOf);
  }

  /** Whether it may be shown while upstream cannot be read: within its window, with nothing in it that was purged. */
  servesOnError(base: Base<T>): boolean {
    return this.#parts.engine.follower.now() < base.times.errorUntilMs && this.#purged.size === 0;
  }

  // ── Dirty rows ────────────────────────────────────────────────────────────────────────────────────────────────────

  get dirtyIds(): readonly string[] {
    return [...this.#dirty.keys()];
  }

  /** Nothing is dirty, nor overdue. */
  get isSettled(): boolean {
    return this.#dirty.size === 0 && this.#parts.engine.follower.now() < this.#recheckAtMs;
  }

  /** Whether this row was dirty by then, on the monotonic clock. */
  isDirty(id: string, byMs: number): boolean {
    return (this.#dirty.get(id) ?? Number.POSITIVE_INFINITY) <= byMs;
  }

  /** Whether any row was. */
  isDirtyBy(monoMs: number): boolean {
    return this.#dirty.values().some((sinceMs) => sinceMs <= monoMs);
  }

  /** What was read right after a change is good until upstream has settled; then it is read once more. */
  markOverdue(base: Base<T>): void {
    const { clock, follower } = this.#parts.engine;
    const nowMs = follower.now();
    if (nowMs < this.#recheckAtMs) return;
    this.#recheckAtMs = Number.POSITIVE_INFINITY;
    for (const [id, patch] of this.#patches) {
      const overdueAtMs = this.#overdueAtMs(patch, base);
      if (nowMs >= overdueAtMs) this.#markDirty(id, clock.mono() - (nowMs - overdueAtMs));
      else this.#recheckAtMs = Math.min(this.#recheckAtMs, overdueAtMs);
    }
  }

  /**
   * A row that is gone stays so for as long as others stay as they are: else each would be asked for every few seconds.
   * Never before the namespace would read it again: a page would wait for what is as it was.
   */
  #overdueAtMs(entry: Entry<T>, { from: { times } }: Base<T>): number {
    const { value, staleUntilMs, storedAtMs } = entry;
    if (value !== null || isBrief(entry)) return staleUntilMs;
    return Math.max(staleUntilMs, storedAtMs + times.staleUntilMs - times.storedAtMs);
  }

  /** One that is dirty already stays so for those who wait for it. */
  #markDirty(id: string, sinceMs: number): void {
    this.#dirty.set(id, Math.min(sinceMs, this.#dirty.get(id) ?? sinceMs));
  }

  // ── Changes ───────────────────────────────────────────────────────────────────────────────────────────────────────

  changed(ids: Iterable<string>): void {
    const base = this.#base;
    if (base === undefined) return;
    const nowMs = this.#parts.engine.clock.mono();
    for (const id of ids) {
      if (this.#isPurged(id, base)) this.#purge(id, base);
      else if (!this.#isCurrent(id, base) || this.#lags(id, this.find(id) ?? entryOfNothing(base))) {
        this.#markDirty(id, nowMs);
      }
    }
  }

  reset(): void {
    const [base, coming] = [this.#base, this.#coming];
    this.#coming = undefined;
    if (base !== undefined && this.isValid(base)) {
      this.#endHeldBack(base);
      return;
    }
    this.#superseded = true;
    this.#patches.clear();
    if (coming !== undefined && this.install(coming)) return;
    if (base !== undefined) this.#endPurged(base);
  }

  /** A purge of all: of a base that was read since only the rows go that older content was kept of. */
  #endPurged(base: Base<T>): void {
    const { follower } = this.#parts.engine;
    const { name } = this.#parts.namespace;
    if (follower.purgedAsWhole(name, base.from.asOf)) {
      this.drop();
      return;
    }
    for (const { id, from } of [...base.view.rows()]) {
      if (follower.purgedAsWhole(name, from.contentAsOf)) this.#purge(id, base);
    }
  }

  /**
   * The base was read since the reset began, but not each of its rows: from here on none holds upstream's word back, and
   * no page is shown with them, whoever waits for it.
   */
  #endHeldBack(base: Base<T>): void {
    const { follower } = this.#parts.engine;
    const { name } = this.#parts.namespace;
    for (const row of [...base.view.rows()]) {
      const { id, from } = row;
      if (follower.validAsWhole(name, from.contentAsOf)) continue;
      if (follower.purgedAsWhole(name, from.contentAsOf)) {
        this.#purge(id, base);
        continue;
      }
      this.#markDirty(id, ever);
      this.#patches.delete(id);
      base.view.put({ ...row, version: undefined, from: { ...from, asOf: from.contentAsOf } });
    }
  }

  /** Nothing of it may be used any more. */
  drop(): void {
    this.#parts.noteAll();
    this.#base?.view.listen(undefined);
    this.#base = undefined;
    this.#patches.clear();
    this.#dirty.clear();
  }

  #purge(id: string, base: Base<T>): void {
    this.#markDirty(id, ever);
    this.#purged.add(id);
    this.#patches.delete(id);
    base.view.delete(id);
  }

  // ── Rows, beside the entities ─────────────────────────────────────────────────────────────────────────────────────

  find(id: string): Entry<T> | undefined {
    const patch = this.#patches.get(id);
    const row = this.#base?.view.get(id);
    if (patch !== undefined || row === undefined) return patch;
    const entry = entryOf(row);
    const { engine, namespace } = this.#parts;
    const counts = !this.#superseded || engine.follower.validAsWhole(namespace.name, entry.contentAsOf);
    // What stands below a reset says nothing about what comes after it, though it was found again since that began.
    return counts ? entry : { ...entry, version: undefined, asOf: entry.contentAsOf };
  }

  installed(id: string, entry: Entry<T>): void {
    const base = this.#base;
    if (base === undefined) return;
    const known = this.find(id) ?? entryOfNothing(base);
    const differs = entry.version !== known.version || (entry.value === null) !== (known.value === null);
    const news = differs && !isAhead(known, entry);
    if (news || this.#dirty.has(id)) this.#patch(base, id, entry);
  }

  lapsed(): boolean {
    return this.#parts.lapsed();
  }

  /**
   * What a batch gave that was asked for at `askedMs` on the monotonic clock, and is taken in when all of it is there. A
   * row that was read meanwhile, and became dirty again, is still to be read.
   */
  wasRead(id: string, entry: Entry<T>, askedMs: number): void {
    if ((this.#dirty.get(id) ?? ever) <= askedMs) this.installed(id, entry);
  }

  #patch(base: Base<T>, id: string, entry: Entry<T>): void {
    if (!this.#parts.engine.follower.valid(this.#parts.namespace.name, id, entry.asOf)) return;
    if (this.#lags(id, entry)) return;
    this.#dirty.delete(id);
    this.#purged.delete(id);
    this.#patches.set(id, entry);
    this.#recheckAtMs = Math.min(this.#recheckAtMs, this.#overdueAtMs(entry, base));
    if (entry.value === null) {
      base.view.delete(id);
      return;
    }
    const { asOf, contentAsOf, version, size } = entry;
    base.view.put({ id, value: entry.value, version, size, from: { times: entry, asOf, contentAsOf } });
  }

  #isCurrent(id: string, base: Base<T>): boolean {
    return this.#parts.engine.follower.valid(this.#parts.namespace.name, id, this.find(id)?.asOf ?? base.from.asOf);
  }

  /** What was read between the beginning of a change and its end may lag, and did not know it. */
  #lags(id: string, entry: Entry<T>): boolean {
    return !isBrief(entry) && this.#parts.engine.follower.lags(this.#parts.namespace.name, id, seenIn(entry));
  }

  #isPurged(id: string, base: Base<T>): boolean {
    const contentAsOf = this.find(id)?.contentAsOf ?? base.from.contentAsOf;
    return this.#parts.engine.follower.purged(this.#parts.namespace.name, id, contentAsOf);
  }

  // ── Bases ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Keeps a base for the reset it was drained for, until that becomes known, or another one. */
  awaitReset(base: Base<T>): void {
    this.#coming = base;
  }

  /** @returns Whether it is still valid in this turn, and so was taken in. */
  install(base: Base<T>): boolean {
    const { engine, namespace } = this.#parts;
    if (!engine.follower.validAsWhole(namespace.name, base.from.asOf)) {
      this.#parts.reject('invalidated');
      return false;
    }
    if (this.#base !== undefined && !this.#superseded) this.#keepNewerRows(this.#base, base);
    const patches = this.#patches;
    this.#base?.view.listen(undefined);
    this.#base = base;
    this.#superseded = false;
    this.#patches = new Map();
    this.#recheckAtMs = Number.POSITIVE_INFINITY;
    this.#doubtWhatChanged(base);
    this.#doubtWhatLags(base);
    for (const [id, patch] of patches) {
      const row = base.view.get(id);
      if (isAhead(patch, row ? entryOf(row) : entryOfNothing(base))) this.#patch(base, id, patch);
    }
    this.#parts.noteAll();
    base.view.listen(this.#parts.noteMove);
    namespace.viewReplaced();
    return true;
  }

  /** What changed after the base was read is read again; until then what was purged keeps the view from being shown. */
  #doubtWhatChanged(base: Base<T>): void {
    this.#dirty.clear();
    this.#purged.clear();
    for (const id of this.#parts.engine.follower.changedSince(this.#parts.namespace.name, base.from.asOf)) {
      this.#markDirty(id, ever);
      if (this.#isPurged(id, base)) this.#purged.add(id);
    }
  }

  /** A drain of an upstream that lags behind its own word gives rows that it said were changed, gone, or there by now. */
  #doubtWhatLags(base: Base<T>): void {
    const { follower } = this.#parts.engine;
    const { name } = this.#parts.namespace;
    for (const id of follower.idsSaid(name)) {
      const said = follower.said(name, id) as Said;
      const row = base.view.get(id);
      const lags = row === undefined ? said.is !== 'gone' : isBehind({ isThere: true, version: row.version }, said);
      if (lags) this.#markDirty(id, ever);
    }
  }

  /** Rows never go back: where the new base gives an older version than is held, the held content stays. */
  #keepNewerRows(held: Base<T>, base: Base<T>): void {
    for (const old of held.view.rows()) {
      const row = base.view.get(old.id);
      if (row?.version === undefined || old.version === undefined || old.version <= row.version) continue;
      this.#parts.reject('older_version');
      base.view.put({ ...old, from: { ...row.from, contentAsOf: old.from.contentAsOf } });
    }
  }
}

function entryOf<T>({ value, version, size, from }: ViewRow<T>): Entry<T> {
  const { storedAtMs, freshUntilMs, staleUntilMs, errorUntilMs } = from.times;
  const { asOf, contentAsOf } = from;
  // Spelt out: this is made for each row of an answer, and a spread takes several times as long.
  return { storedAtMs, freshUntilMs, staleUntilMs, errorUntilMs, value, version, size, asOf, contentAsOf };
}

/** A base says of the ids it lacks that they were not there. */
function entryOfNothing<T>({ from }: Base<T>): Entry<T> {
  return { ...from.times, value: null, version: undefined, size: 0, asOf: from.asOf, contentAsOf: from.contentAsOf };
}
