/**
 * A collection as it is served: pages from its live view, the reads that bring that up to date, and what is shown while
 * it cannot be.
 *
 * A page waits for the ids that were dirty when it was asked for, then is cut in one turn: were it to wait for what
 * changes meanwhile as well, steady changes would hold it up until its deadline. The base of a view is fresh, stale
 * (served while a drain runs), or good for errors alone.
 */
import { Deadline } from '../cache/deadline.ts';
import type { Engine, RejectReason } from '../cache/engine.ts';
import { freshnessOf } from '../cache/entry.ts';
import { asError, ReadError } from '../cache/errors.ts';
import type { Listener } from '../cache/follower.ts';
import type { Ids } from '../cache/log.ts';
import type { Namespace } from '../cache/namespace.ts';
import type { Outcome, ReadRequest } from '../cache/outcome.ts';
import type { Stamp } from '../cache/position.ts';
import type { Upstream } from '../upstream/index.ts';
import { type Base, BaseStore, type Policies } from './base.ts';
import { BaseFills, Superseded } from './base-fills.ts';
import type { Definition } from './definition.ts';
import type { Journal, PagePart, Part } from './journal.ts';
import { LiveView } from './live-view.ts';
import type { CollectionStatus, MaybePromise, Page, PageQuery, Reading } from './reader.ts';

/** How long the background reads of changed rows may take, in ms. */
const patchDeadlineMs = 30_000;

type Ready<T> = { base: Base<T>; outcome: Outcome };

/** One batch of reads of changed rows: since when, on the monotonic clock, and in the end what could not be read. */
type Cleaning = { askedMs: number; unread: Promise<ReadonlyMap<string, Error>> };

/** How a page that waited came about. */
type Waited = Pick<Outcome, 'kind' | 'tier'>;

type Options<T> = {
  engine: Engine;
  definition: Definition<T>;
  policies: Policies;
  namespace: Namespace<T>;
  upstream: Upstream;
  journal: Journal;
};

export class Collection<T> implements Listener {
  readonly name: string;
  readonly #engine: Engine;
  readonly #namespace: Namespace<T>;
  readonly #view: LiveView<T>;
  readonly #fills: BaseFills<T>;
  readonly #journal: Journal;
  #cleaning: Cleaning | undefined;

  constructor({ engine, definition, policies, namespace, upstream, journal }: Options<T>) {
    this.name = definition.endpoint.name;
    this.#engine = engine;
    this.#namespace = namespace;
    const reject = (reason: RejectReason) =>
      engine.telemetry.metrics.cacheRejected.inc({ namespace: this.name, reason });
    this.#journal = journal;
    const resource = namespace.name;
    this.#view = new LiveView({
      engine,
      namespace,
      reject,
      noteMove: (old, next) => journal.noteMove(resource, { old, next }),
      noteAll: () => journal.note({ kind: 'all', resource }),
      lapsed: () => this.#lapsed(),
    });
    this.#fills = new BaseFills({
      engine,
      definition,
      upstream,
      namespace: namespace.name,
      store: new BaseStore(engine, definition, policies),
      servable: () => (this.#view.base && this.#isServable(this.#view.base) ? this.#view.base : undefined),
      install: (base) => this.#view.install(base),
      reject,
    });
    namespace.beside(this.#view);
    engine.follower.listen(namespace.name, this);
  }

  /**
   * @throws {CursorError} For a cursor that cannot be used.
   * @throws The failure of upstream, when there is nothing to serve instead; `DeadlineError` when the time is over.
   */
  page(query: PageQuery, request: Reading): MaybePromise<Page<T>> {
    const held = this.#held();
    if (held !== undefined) return this.#cut(held, query, request);
    return this.#ready(request).then((ready) => this.#cut(ready, query, request));
  }

  #cut({ base, outcome }: Ready<T>, query: PageQuery, request: Reading): Page<T> {
    const { tier, kind } = outcome;
    this.#engine.telemetry.metrics.cacheRequests.inc({ namespace: this.name, tier, outcome: kind });
    request.note(outcome);
    const page = base.view.page(query);
    const part: PagePart<T> = { kind: 'page', resource: this.#namespace.name, span: page.span, counts: false };
    request.touch?.(part as Part);
    return new TouchedPage(page, part);
  }

  isSettled(): boolean {
    return this.#view.isSettled;
  }

  /** Begins to fill the base, so that the first request need not; as a request would, not right after a failure. */
  warm(): void {
    if (this.#view.base !== undefined || this.#fills.joinable() !== undefined) return;
    if (this.#fills.recentFailure() === undefined) this.#fills.open();
  }

  status(): CollectionStatus {
    const failed = this.#fills.failed;
    const { base } = this.#view;
    if (base === undefined) {
      const status = failed ? 'failed' : this.#fills.joinable() === undefined ? 'empty' : 'filling';
      return { status, size: 0, ageSeconds: null, quarantined: 0 };
    }
    const nowMs = this.#engine.follower.now();
    const fresh = this.#view.isValid(base) && freshnessOf(base.times, nowMs) === 'fresh';
    return {
      status: failed ? 'failed' : fresh ? 'fresh' : 'stale',
      size: base.view.size,
      ageSeconds: Math.max(0, Math.floor((nowMs - base.times.storedAtMs) / 1000)),
      quarantined: base.quarantined,
    };
  }

  // ── Following the log ─────────────────────────────────────────────────────────────────────────────────────────────

  changed(ids: Ids, { hard }: { hard: boolean }): void {
    const held = this.#view.base !== undefined;
    this.#note(ids, hard);
    this.#namespace.changed(ids, { hard });
    if (ids === '*') {
      this.#view.reset();
      this.#fills.abortInvalid();
    } else {
      this.#view.changed(ids);
    }
    this.#catchUp(held);
  }

  eraBegan(): void {
    this.#note('*', false);
    // What is held is of another era now, and so no longer valid; what is dirty in it stays so for those on error.
  }

  forget(): void {
    const held = this.#view.base !== undefined;
    this.#namespace.forget();
    this.#view.drop();
    this.#catchUp(held);
  }

  #note(ids: Ids, hard: boolean): void {
    const resource = this.#namespace.name;
    if (ids === '*') this.#journal.note({ kind: 'all', resource, hard });
    else for (const id of ids) this.#journal.note({ kind: 'row', resource, id, hard });
  }

  /** What changed, or may not be used any more, is read at once: for readiness as much as for those who ask. */
  #catchUp(held: boolean): void {
    if (held) this.warm();
    if (this.#view.dirtyIds.length > 0) this.#clean();
  }

  // ── Serving ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** What a page may be cut from without waiting, and without a read. */
  #held(): Ready<T> | undefined {
    const { clock, follower } = this.#engine;
    const { base } = this.#view;
    if (base === undefined || !follower.trusted || !this.#view.isValid(base)) return undefined;
    if (freshnessOf(base.times, follower.now()) !== 'fresh') return undefined;
    this.#view.markOverdue(base);
    if (this.#view.isDirtyBy(clock.mono())) return undefined;
    return { base, outcome: this.#outcome(base, { kind: 'hit', tier: 'view' }) };
  }

  /** A base that a page may be cut from in this turn. */
  async #ready(request: ReadRequest): Promise<Ready<T>> {
    const { clock, follower } = this.#engine;
    const beganAtMs = follower.now();
    let waited: Waited | undefined;
    let knowsUntilMs: number | undefined;
    for (;;) {
      await follower.ready(request.deadline);
      knowsUntilMs ??= clock.mono();
      const { base } = this.#view;
      if (base === undefined || !this.#isServable(base, waited && beganAtMs)) {
        const filled = await this.#waitForFill(request);
        if (filled instanceof Error && !(filled instanceof Superseded)) return this.#onError(filled);
        waited = filled instanceof Error ? waited : filled;
        continue;
      }
      const freshness = freshnessOf(base.times, follower.now());
      if (freshness !== 'fresh') this.#fills.refresh();
      this.#view.markOverdue(base);
      if (this.#view.isDirtyBy(knowsUntilMs)) {
        const unread = await this.#untilClean(request, knowsUntilMs);
        if (unread !== undefined && this.#view.isDirtyBy(knowsUntilMs)) return this.#onError(unread);
        continue; // The era, the base or what is trusted may be another by now.
      }
      return {
        base,
        outcome: this.#outcome(base, waited ?? { kind: freshness === 'fresh' ? 'hit' : 'stale', tier: 'view' }),
      };
    }
  }

  /** @param sinceMs - Given once the request has waited: what was read after it began is served whatever its age. */
  #isServable(base: Base<T>, sinceMs = Number.POSITIVE_INFINITY): boolean {
    if (!this.#view.isValid(base)) return false;
    const freshness = freshnessOf(base.times, this.#engine.follower.now());
    return freshness === 'fresh' || freshness === 'stale' || base.times.storedAtMs >= sinceMs;
  }

  async #waitForFill(request: ReadRequest): Promise<Waited | Error> {
    const joined = this.#fills.joinable();
    const failure = joined ? undefined : this.#fills.recentFailure();
    if (failure !== undefined) return failure;
    try {
      const landed = await request.deadline.race((joined ?? this.#fills.open()).landed);
      if ('error' in landed) return landed.error;
      if (landed.found) return { kind: 'hit', tier: 'store' };
      return { kind: joined === undefined ? 'miss' : 'coalesced', tier: 'upstream' };
    } catch (thrown) {
      return asError(thrown);
    }
  }

  /** The last word while upstream cannot be read: the view as it is. */
  #onError(error: Error): Ready<T> {
    const { base } = this.#view;
    if (base === undefined || !this.#view.servesOnError(base)) throw error;
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

  /**
   * @param knowsUntilMs - Of a page: what was dirty by then, it must not be without.
   * @returns Why a row that it needs could not be read, if one could not since it was asked for. A batch from before may
   *   have waited long for other rows; what failed in it is read again.
   */
  async #untilClean(request: ReadRequest, knowsUntilMs: number): Promise<Error | undefined> {
    const { askedMs, unread } = this.#clean();
    try {
      const failed = await request.deadline.race(unread);
      if (askedMs < knowsUntilMs) return undefined;
      return failed.entries().find(([id]) => this.#view.isDirty(id, knowsUntilMs))?.[1];
    } catch (thrown) {
      return asError(thrown);
    }
  }

  /** One batch for all dirty ids, shared by all who wait. */
  #clean(): Cleaning {
    if (this.#cleaning === undefined) {
      const askedMs = this.#engine.clock.mono();
      const unread = this.#readDirty(askedMs).finally(() => {
        this.#cleaning = undefined;
      });
      this.#cleaning = { askedMs, unread };
    }
    return this.#cleaning;
  }

  async #readDirty(askedMs: number): Promise<ReadonlyMap<string, Error>> {
    const deadline = new Deadline(this.#engine.clock, patchDeadlineMs);
    const results = await this.#namespace.get(this.#view.dirtyIds, { deadline, note: () => {} });
    deadline.end();
    const unread = new Map<string, Error>();
    for (const [id, result] of results) {
      if ('error' in result) unread.set(id, result.error);
      else if (result.outcome.kind === 'stale_if_error') unread.set(id, new ReadError('UPSTREAM_UNAVAILABLE'));
      else this.#view.wasRead(id, result.entry, askedMs);
    }
    return unread;
  }

  // ── Filling ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Rows of the base are being read by themselves since it is past its age. After as many such reads as a drain takes, a
   * drain: whatever is asked for next, refreshes take at most twice the least (decision 27). After Karlin, Manasse,
   * Rudolph and Sleator, "Competitive Snoopy Caching", Algorithmica 3, 1988 (ski rental).
   *
   * @returns Whether the collection is being read.
   */
  #lapsed(): boolean {
    const { base } = this.#view;
    if (base === undefined) return false;
    base.rowReads += 1;
    // A drain reads its first page twice.
    if (base.rowReads > base.pages) this.#fills.refresh();
    return this.#fills.joinable() !== undefined;
  }

  /**
   * Drains for a reset that began at `asOf`, whatever others are draining; installed once the reset is known.
   *
   * @returns Undefined when a later reset overtook it: then it must begin again.
   */
  async readAnew(asOf: Stamp): Promise<{ rows: number } | undefined> {
    const landed = await this.#fills.open(asOf).landed;
    if ('error' in landed) {
      if (landed.error instanceof Superseded) return undefined;
      throw landed.error;
    }
    this.#view.awaitReset(landed.base);
    return { rows: landed.base.view.size };
  }

  /** Of a purge of all: what is being drained was not read for those who come after it. */
  giveUpDrains(): Promise<void> {
    return this.#fills.revokeLease();
  }
}

/** A page that tells when its count is asked for: then a row anywhere makes it another. */
class TouchedPage<T> implements Page<T> {
  readonly edges: Page<T>['edges'];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly #totalCount: number;
  readonly #part: PagePart<T>;

  constructor({ edges, hasNextPage, hasPreviousPage, totalCount }: Page<T>, part: PagePart<T>) {
    this.edges = edges;
    this.hasNextPage = hasNextPage;
    this.hasPreviousPage = hasPreviousPage;
    this.#totalCount = totalCount;
    this.#part = part;
  }

  get totalCount(): number {
    this.#part.counts = true;
    return this.#totalCount;
  }
}
