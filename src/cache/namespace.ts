/**
 * The read-through cache of one namespace: the view over memory over the store over upstream.
 *
 *   get ─► view or memory, valid ─► fresh: serve · stale: serve, and refresh in the background, unless all of the view is
 *             │ no
 *             ▼
 *          flight, one per id (flights.ts) ─► store, then upstream (fills.ts) ─► memory, if still valid in that turn
 *
 * While upstream cannot be read, what is held serves within its window, unless it was purged: stale-if-error.
 * The two stale windows are those of RFC 5861.
 */
import type { Deadline } from './deadline.ts';
import type { Engine, NamespaceOptions, RejectReason } from './engine.ts';
import { type Entry, freshnessOf, isAhead, isBrief, isReadAfter, isSameRow, seenIn } from './entry.ts';
import { asError } from './errors.ts';
import { FailureMemory } from './failures.ts';
import { Fills } from './fills.ts';
import { type Flight, Flights, type Landed } from './flights.ts';
import type { MemoryPart } from './memory.ts';
import type { Outcome, ReadRequest, Tier } from './outcome.ts';
import type { Stamp } from './position.ts';
import type { Said } from './said.ts';

export type Result<T> = { entry: Entry<T>; outcome: Outcome } | { error: Error };

/** A flight that is waited for; `joined`: another has opened it. */
type Waiting<T> = { flight: Flight<T>; joined: boolean };

/** `results`: by id, for what has landed. */
type Waits<T> = { results: Map<string, Result<T>>; beganAtMs: number; request: ReadRequest };

/** Where else rows lie: the view of the collection. */
export interface Neighbour<T> {
  /** With the windows of an entity. */
  find(id: string): Entry<T> | undefined;
  /** Told of each row that this namespace takes in. */
  installed(id: string, entry: Entry<T>): void;
  /**
   * Told of each read for rows that it has, true as ever but past their age.
   *
   * @returns Whether all of it is being read: then none of them has to be refreshed.
   */
  lapsed(): boolean;
}

export class Namespace<T> {
  readonly name: string;
  readonly #engine: Engine;
  readonly #memory: MemoryPart<T>;
  readonly #failures: FailureMemory;
  readonly #flights: Flights<T>;
  readonly #fills: Fills<T>;
  readonly #changed: ((id: string) => void) | undefined;
  #neighbour: Neighbour<T> | undefined;

  constructor(engine: Engine, options: NamespaceOptions<T>) {
    this.name = options.name;
    this.#engine = engine;
    this.#memory = engine.memory.part<T>(options.name);
    this.#changed = options.changed;
    this.#failures = new FailureMemory(engine.clock, (id, asOf) => engine.follower.valid(options.name, id, asOf));
    this.#flights = new Flights(options.name, engine.follower);
    this.#fills = new Fills({
      engine,
      options,
      flights: this.#flights,
      failures: this.#failures,
      install: (id, entry) => this.#install(id, entry),
      neverBack: (id, entry) => this.#neverBack(id, this.#known(id), entry),
      refresh: (id) => this.#isRefreshable(id) && this.#refresh([id]),
      reject: (reason) => this.#reject(reason),
    });
  }

  /** Rows are looked up there before the store. */
  beside(neighbour: Neighbour<T>): void {
    this.#neighbour = neighbour;
  }

  /**
   * What may be served without waiting, noted with the request.
   *
   * @returns Undefined when it has to be asked for by `get`.
   */
  peek(id: string, request: ReadRequest): Entry<T> | undefined {
    const { follower } = this.#engine;
    const held = follower.trusted ? this.#held(id, follower.now()) : undefined;
    if (held === undefined || held.outcome.kind === 'stale') return undefined;
    this.#tell(held.outcome, request);
    return held.entry;
  }

  /** One result for each id, each noted with the request. Never rejects: what failed is the result of its id. */
  async get(ids: readonly string[], request: ReadRequest): Promise<Map<string, Result<T>>> {
    const results = await this.#gather(ids, request);
    await this.#replacePurged(results, request);
    for (const result of results.values()) if ('outcome' in result) this.#tell(result.outcome, request);
    return results;
  }

  async #gather(ids: readonly string[], request: ReadRequest): Promise<Map<string, Result<T>>> {
    try {
      await this.#engine.follower.ready(request.deadline);
    } catch (thrown) {
      return new Map(ids.map((id) => [id, { error: asError(thrown) }]));
    }
    const beganAtMs = this.#engine.follower.now();
    const results = new Map<string, Result<T>>();
    const waiting: Waiting<T>[] = [];
    const stale: string[] = [];
    for (const id of new Set(ids)) {
      const held = this.#held(id, beganAtMs);
      if (held !== undefined) {
        results.set(id, held);
        if (held.outcome.kind === 'stale' && this.#isRefreshable(id)) stale.push(id);
        continue;
      }
      const failure = this.#failures.recent(id);
      if (failure !== undefined && this.#flights.joinable(id) === undefined) {
        results.set(id, this.#onError(id, failure));
      } else {
        waiting.push(this.#flightTo(id));
      }
    }
    const missing = waiting.flatMap(({ flight, joined }) => (joined ? [] : [flight.id]));
    const left = this.#leftToView([...stale, ...missing]);
    this.#refresh(stale.filter((id) => !left.has(id)));
    await this.#untilLanded(waiting, { results, beganAtMs, request });
    return results;
  }

  /**
   * Reads ids anew for a change that began at `asOf`, whatever others are reading, for at most 2 s.
   *
   * @param said - What upstream said of them; what lags behind that is read again, a few times.
   * @returns What came of each: stored, not there any more, or not to be read.
   */
  async readAnew(
    ids: readonly string[],
    { asOf, said = new Map() }: { asOf: Stamp; said?: ReadonlyMap<string, Said> },
  ): Promise<Map<string, 'refreshed' | 'missing' | 'failed'>> {
    const flights = ids.map((id) => this.#flights.open(id, { kind: 'change', asOf, said: said.get(id) }));
    void this.#fills.fill(flights);
    const landed = await Promise.all(flights.map(async ({ id, landed }) => [id, await landed.promise] as const));
    return new Map(
      landed.map(([id, result]) => {
        if ('error' in result) return [id, 'failed'];
        return [id, result.entry.value === null ? 'missing' : 'refreshed'];
      }),
    );
  }

  /** Of a purge: nothing read before it is left in the store, whoever asks. */
  removeBelow(ids: readonly string[], floor: Stamp): Promise<void> {
    return this.#fills.removeBelow(ids, floor);
  }

  /** A change became known: what lies below it is dropped, or kept for stale-if-error alone. */
  changed(ids: readonly string[] | '*', { hard }: { hard: boolean }): void {
    const { follower } = this.#engine;
    if (ids === '*') {
      // Upstream's word counts from here on: no version from before holds it back, though it was found again since. The
      // reset has just read the collection, so the view serves for errors.
      this.#memory.deleteWhere((_id, { contentAsOf }) => !follower.validAsWhole(this.name, contentAsOf));
      return;
    }
    for (const id of ids) {
      const entry = this.#memory.get(id);
      if (hard && entry !== undefined && follower.purged(this.name, id, entry.contentAsOf)) this.#memory.delete(id);
    }
  }

  /**
   * The view was read anew. Where it and memory differ, what is ahead goes on in both: no row goes back from one to the
   * other. What is past its age says no more than that: least of all that a row is there which the view lacks.
   */
  viewReplaced(): void {
    const { follower } = this.#engine;
    const nowMs = follower.now();
    for (const [id, entry] of this.#memory.entries()) {
      const inView = this.#neighbour?.find(id);
      if (inView !== undefined && isAhead(inView, entry)) this.#memory.delete(id);
      else if (this.#usable(id, entry, nowMs) !== undefined || this.#holdsBack(id, entry, inView)) {
        this.#neighbour?.installed(id, entry);
      } else if (inView !== undefined && follower.valid(this.name, id, inView.asOf)) this.#install(id, inView);
    }
  }

  forget(): void {
    this.#memory.deleteWhere(() => true);
  }

  // ── From what is held ─────────────────────────────────────────────────────────────────────────────────────────────

  /** The view first: it is no further behind than memory, and its rows lie by themselves. */
  #held(id: string, nowMs: number): { entry: Entry<T>; outcome: Outcome } | undefined {
    const view = this.#usable(id, this.#neighbour?.find(id), nowMs);
    if (view?.freshness === 'fresh') return this.#result(view.entry, 'view', { kind: 'hit', nowMs });
    const memory = this.#usable(id, this.#memory.get(id), nowMs);
    if (memory?.freshness === 'fresh') return this.#result(memory.entry, 'memory', { kind: 'hit', nowMs });
    if (memory !== undefined) return this.#result(memory.entry, 'memory', { kind: 'stale', nowMs });
    return view && this.#result(view.entry, 'view', { kind: 'stale', nowMs });
  }

  #usable(id: string, entry: Entry<T> | undefined, nowMs: number) {
    const { follower } = this.#engine;
    if (entry === undefined || !follower.valid(this.name, id, entry.asOf)) return undefined;
    // What was read between the beginning of a change and its end may lag, and did not know it.
    if (!isBrief(entry) && this.#lags(id, entry)) return undefined;
    const freshness = freshnessOf(entry, nowMs);
    return freshness === 'fresh' || freshness === 'stale' ? { entry, freshness } : undefined;
  }

  /** The last word while upstream cannot be read: what is held above the hard floor, within its window. */
  #onError(id: string, error: Error): Result<T> {
    const nowMs = this.#engine.follower.now();
    const serves = (entry: Entry<T> | undefined) =>
      entry !== undefined &&
      nowMs < entry.errorUntilMs &&
      !this.#engine.follower.purged(this.name, id, entry.contentAsOf)
        ? entry
        : undefined;
    const memory = serves(this.#memory.get(id));
    const view = serves(this.#neighbour?.find(id));
    const fromView = view !== undefined && (memory === undefined || isReadAfter(view, memory));
    const entry = fromView ? view : memory;
    if (entry === undefined || entry.value === null) return { error };
    return this.#result(entry, fromView ? 'view' : 'memory', { kind: 'stale_if_error', nowMs });
  }

  #result(
    entry: Entry<T>,
    tier: Tier,
    { kind, nowMs, stored = true }: { kind: Outcome['kind']; nowMs: number; stored?: boolean },
  ): { entry: Entry<T>; outcome: Outcome } {
    const ttlMs = entry.freshUntilMs - nowMs;
    const outcome: Outcome = {
      namespace: this.name,
      kind: kind === 'hit' && entry.value === null ? 'negative' : kind,
      tier,
      // Known to have changed, it is not fresh however young it is: nobody may keep it.
      ttlMs: kind === 'stale_if_error' ? Math.min(ttlMs, 0) : ttlMs,
      ageMs: Math.max(0, nowMs - entry.storedAtMs),
      stored,
    };
    return { entry, outcome };
  }

  /** While the answer for one id is waited for, what answers another may be purged: then that is read again. */
  async #replacePurged(results: Map<string, Result<T>>, request: ReadRequest): Promise<void> {
    const isPurged = ([id, result]: [string, Result<T>]) =>
      'entry' in result && this.#engine.follower.purged(this.name, id, result.entry.contentAsOf);
    for (;;) {
      const purged = [...results].filter(isPurged).map(([id]) => id);
      if (purged.length === 0) return;
      for (const [id, result] of await this.#gather(purged, request)) results.set(id, result);
    }
  }

  // ── Flights ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * Sends off the flights that were opened for this. What is waited for is noted when all of it has landed, or the time is
   * over: upstream hangs, or another process.
   */
  async #untilLanded(waiting: readonly Waiting<T>[], { results, beganAtMs, request }: Waits<T>): Promise<void> {
    for (let left = waiting; left.length > 0; ) {
      void this.#fills.fill(left.flatMap(({ flight, joined }) => (joined ? [] : [flight])));
      const late = await allLanded(left, request.deadline);
      const again: string[] = [];
      for (const { flight, joined } of left) {
        const landed = flight.result ?? { error: late as Error };
        const result = this.#resultOf(flight.id, landed, { joined, beganAtMs });
        if (result === undefined) again.push(flight.id);
        else results.set(flight.id, result);
      }
      left = again.map((id) => this.#flightTo(id));
    }
  }

  #flightTo(id: string): Waiting<T> {
    const flight = this.#flights.joinable(id);
    return { flight: flight ?? this.#flights.open(id, { kind: 'read' }), joined: flight !== undefined };
  }

  /**
   * Those who began to wait before a change get the answer either way, if it is still within its age.
   *
   * @returns Undefined when it is to be read again.
   */
  #resultOf(
    id: string,
    landed: Landed<T>,
    { joined, beganAtMs }: { joined: boolean; beganAtMs: number },
  ): Result<T> | undefined {
    if ('error' in landed) return this.#onError(id, landed.error);
    const { entry, tier, stored } = landed;
    const nowMs = this.#engine.follower.now();
    const freshness = freshnessOf(entry, nowMs);
    const inTime = freshness === 'fresh' || freshness === 'stale' || entry.storedAtMs >= beganAtMs;
    if (!inTime || this.#engine.follower.purged(this.name, id, entry.contentAsOf)) return undefined;
    if (tier === 'store') return this.#result(entry, tier, { kind: freshness === 'stale' ? 'stale' : 'hit', nowMs });
    return this.#result(entry, tier, { kind: joined ? 'coalesced' : 'miss', nowMs, stored });
  }

  /**
   * Of ids that nothing fresh is held of, tells the view of a read for those that it has past their age. What changed is
   * not among them, nor what may not be kept at all: no drain would spare their reads.
   *
   * @returns Those that need not be refreshed, since all of the view is being read.
   */
  #leftToView(ids: readonly string[]): ReadonlySet<string> {
    const lapsed = ids.filter((id) => {
      const entry = this.#neighbour?.find(id);
      if (entry === undefined || isBrief(entry) || entry.storedAtMs === entry.freshUntilMs) return false;
      return this.#isTrue(id, entry);
    });
    return new Set(lapsed.length > 0 && this.#neighbour?.lapsed() ? lapsed : []);
  }

  #isRefreshable(id: string): boolean {
    return !this.#failures.backsOff(id) && this.#flights.joinable(id) === undefined;
  }

  #refresh(ids: readonly string[]): void {
    void this.#fills.fill(ids.map((id) => this.#flights.open(id, { kind: 'refresh' })));
  }

  /** Takes a valid entry into memory, unless a later read is there; rows never go back to a lower version. */
  #install(id: string, entry: Entry<T>): Entry<T> {
    const held = this.#known(id);
    if (held !== undefined && isReadAfter(held, entry) && this.#isTrue(id, held)) return held;
    const next = this.#neverBack(id, held, entry);
    this.#memory.set(id, next);
    if (held === undefined || !isSameRow(held, next)) this.#changed?.(id);
    this.#neighbour?.installed(id, next);
    return next;
  }

  #isTrue(id: string, entry: Entry<T>): boolean {
    return this.#engine.follower.valid(this.name, id, entry.asOf) && !this.#lags(id, entry);
  }

  /** Whatever its age: then the view has it read again. */
  #holdsBack(id: string, entry: Entry<T>, inView: Entry<T> | undefined): boolean {
    if (entry.version === undefined || inView?.version === undefined) return false;
    return inView.version < entry.version && this.#isTrue(id, entry);
  }

  #lags(id: string, entry: Entry<T>): boolean {
    return this.#engine.follower.lags(this.name, id, seenIn(entry));
  }

  #known(id: string): Entry<T> | undefined {
    return this.#memory.get(id) ?? this.#neighbour?.find(id);
  }

  #neverBack(id: string, held: Entry<T> | undefined, entry: Entry<T>): Entry<T> {
    const older = held?.version !== undefined && entry.version !== undefined && entry.version < held.version;
    if (!older || this.#engine.follower.purged(this.name, id, held.contentAsOf)) return entry;
    this.#reject('older_version');
    return { ...entry, value: held.value, version: held.version, size: held.size, contentAsOf: held.contentAsOf };
  }

  // ── Small things ──────────────────────────────────────────────────────────────────────────────────────────────────

  #tell(outcome: Outcome, request: ReadRequest): void {
    const { namespace, tier, kind } = outcome;
    this.#engine.telemetry.metrics.cacheRequests.inc({ namespace, tier, outcome: kind });
    request.note(outcome);
  }

  #reject(reason: RejectReason): undefined {
    this.#engine.telemetry.metrics.cacheRejected.inc({ namespace: this.name, reason });
  }
}

/** @returns Why not, when the time was over first. */
async function allLanded<T>(waiting: readonly Waiting<T>[], deadline: Deadline): Promise<Error | undefined> {
  try {
    await deadline.race(Promise.all(waiting.map(({ flight }) => flight.landed.promise)));
    return undefined;
  } catch (thrown) {
    return asError(thrown);
  }
}
