/**
 * The follower: keeps what this process knows up to date, tells whether it may be trusted, and makes changes known (P6).
 *
 *   tick:  look ─► another era? forget floors ─► apply each record ─► all of them? proven up to date at the look's start
 *
 *   following ──the log is silent past its deadline──► degraded: age limits alone, the store is left alone,
 *       ▲                                              local changes are counted on locally and their records kept
 *       └──────── kept records appended, read past ◄── the log answers again
 */
import type { Telemetry } from '../telemetry/index.ts';
import type { Clock, Random } from './clock.ts';
import type { Deadline } from './deadline.ts';
import { Knowledge } from './knowledge.ts';
import type { Changed, Ids, Log, LogRecord, Look, Purged } from './log.ts';
import { newEra } from './memory-log.ts';
import { OwnPurges } from './own-purges.ts';
import type { Position, Stamp, Token } from './position.ts';

/** Told of every change in the same turn in which it becomes known. */
export interface Listener {
  /** What lies below its floor is no longer valid; what lies below a hard one must go at once. */
  changed(ids: Ids, at: { floor: Token; hard: boolean }): void;
  /** All that is held counts as changed; it may be kept for stale-if-error. */
  eraBegan(): void;
  /** This process was away for longer than it can learn what it missed: nothing it holds may be used. */
  forget(): void;
}

/** What a change may claim: reads sent from now on are `asOf` this. */
export type Beginning = { stamp: Stamp; local: boolean };

/** What became of a change that was to be made known. */
export type Announced = { state: 'known' | 'unreplicated' | 'kept'; token: Token } | { state: 'overtaken' };

/** What is to be told once the log answers: changes made while it was silent, and purges of an era that is over. */
type Kept = (Changed & { floor: 'own' }) | Purged;

type Options = {
  log: Log;
  clock: Clock;
  random: Random;
  telemetry: Telemetry;
  /** How long nothing proven may be trusted. */
  coherenceMs: number;
  /** How far back the log and the floors reach. */
  horizonMs: number;
  /** How long anything may be served at all, stale-if-error included. */
  longestWindowMs: number;
};

export class Follower extends Knowledge {
  readonly scope: Log['scope'];
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #telemetry: Telemetry;
  readonly #coherenceMs: number;
  readonly #horizonMs: number;
  readonly #longestWindowMs: number;
  readonly #listeners = new Map<string, Listener>();
  readonly #stopped = new AbortController();
  readonly #startedAtMs: number;
  readonly #purges: OwnPurges;

  #offsetMs = 0;
  #provenAtMs = Number.NEGATIVE_INFINITY;
  #degraded = false;
  #kept: Kept[] = [];
  #ticking: Promise<void> | undefined;

  constructor({ log, clock, random, telemetry, coherenceMs, horizonMs, longestWindowMs }: Options) {
    super(`local-${newEra(random)}`);
    this.scope = log.scope;
    this.#log = log;
    this.#clock = clock;
    this.#telemetry = telemetry;
    this.#coherenceMs = coherenceMs;
    this.#horizonMs = horizonMs;
    this.#longestWindowMs = longestWindowMs;
    this.#startedAtMs = clock.mono();
    this.#purges = new OwnPurges({ keptMs: horizonMs });
  }

  listen(namespace: string, listener: Listener): void {
    this.#listeners.set(namespace, listener);
  }

  /** Follows the log until `stop()`: a tick at least every `coherenceMs` / 2.5, and whenever something was appended. */
  async run(): Promise<void> {
    if (this.scope === 'process') return;
    const everyMs = this.#coherenceMs / 2.5;
    while (!this.#stopped.signal.aborted) {
      await this.tick();
      if (this.#degraded) await this.#pause(everyMs);
      else await this.#waitForMore(everyMs);
    }
  }

  stop(): void {
    this.#stopped.abort();
  }

  // ── Asking ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Nothing is read from or written to the store: this process cannot know what changed. */
  get degraded(): boolean {
    return this.#degraded;
  }

  /** Own clock moved to the log's: the one clock that ages are counted on, in ms since the epoch. */
  now(): number {
    return this.#clock.now() + this.#offsetMs;
  }

  status(): { status: 'ok' | 'behind' | 'degraded'; lagMs: number } {
    if (this.#degraded) return { status: 'degraded', lagMs: Math.round(this.#lagMs()) };
    return this.trusted
      ? { status: 'ok', lagMs: this.scope === 'process' ? 0 : Math.round(this.#lagMs()) }
      : { status: 'behind', lagMs: Number.isFinite(this.#lagMs()) ? Math.round(this.#lagMs()) : 0 };
  }

  /** Resolves once what this process holds may be trusted, or the log is silent and age limits alone hold. */
  ready(deadline: Deadline): Promise<void> | undefined {
    return this.trusted ? undefined : deadline.race(this.#untilTrusted());
  }

  /**
   * Resolves once this process has applied what stands at a position that some process acknowledged.
   *
   * @throws {DeadlineError} Also while the log is silent: then nobody can tell.
   */
  async reached(token: Token, deadline: Deadline): Promise<void> {
    if (!this.#degraded && this.standsAt(token)) return;
    for (;;) {
      await deadline.race(this.#tickAnew());
      // What was read in an era that is over is read anew in the present one, which is known now.
      if (!this.#degraded && (token.era !== this.applied.era || this.standsAt(token))) return;
      await deadline.race(this.#pause(this.#coherenceMs / 2.5));
    }
  }

  // ── Changing ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Opens a change: reads sent after this may claim its position. Local when the log is silent. */
  async begin(namespace: string, ids: Ids): Promise<Beginning> {
    for (;;) {
      const stamp = await this.#append({ kind: 'begin', namespace, ids });
      if (stamp !== undefined) return { stamp, local: false };
      if (this.#degraded) return { stamp: this.countOn(), local: true };
    }
  }

  /**
   * Makes a change known, and waits until this process has applied it.
   *
   * @param begun - What the change began with; its position is the floor.
   * @returns Where; `unreplicated` when fewer replicas have it than are asked for; `kept` when the log is silent and
   *   the record waits here; `overtaken` when all must be done again.
   */
  async announce(change: Omit<Changed, 'kind' | 'floor'>, begun: Beginning): Promise<Announced> {
    const isOver = () => begun.stamp.era !== this.stamp().era;
    if (isOver() || (begun.local && this.isOvertaken(begun.stamp.position))) return { state: 'overtaken' };
    if (begun.local) return this.#keep(change, begun.stamp.position);
    const record = { kind: 'changed', ...change, floor: begun.stamp.position } as const;
    const at = this.tokenOf(begun.stamp.position);
    const stamp = await this.#append(record, begun.stamp.era);
    if (stamp !== undefined) this.#noteIfPurge(record, at);
    const isReplicated = stamp !== undefined && (await this.#log.replicated());
    // Only a tick begun after the append proves that it stands in an era that goes on, on the server that was asked.
    if (stamp !== undefined) await this.#tickAnew();
    if (isOver()) return { state: 'overtaken' };
    if (this.#degraded || stamp === undefined) return this.#keep(change, begun.stamp.position);
    return { state: isReplicated ? 'known' : 'unreplicated', token: this.tokenOf(stamp.position) };
  }

  // ── Ticking ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** One look at the log, shared by all who ask at the same time. Never rejects: a silent log is the degraded state. */
  tick(): Promise<void> {
    this.#ticking ??= this.#tick().finally(() => {
      this.#ticking = undefined;
    });
    return this.#ticking;
  }

  async #tickAnew(): Promise<void> {
    await this.#ticking;
    await this.tick();
  }

  async #tick(): Promise<void> {
    try {
      await this.#catchUp();
      if (this.#degraded || this.#kept.length > 0) await this.#recover();
    } catch (error) {
      this.#degrade(error);
    }
  }

  /** Reads to the end of the log and applies it. */
  async #catchUp(): Promise<void> {
    let away = this.scope === 'cluster' && this.#clock.mono() - this.#reachesBackToMs() > this.#horizonMs / 2;
    for (;;) {
      const beganAtMs = this.#clock.mono();
      const { era, position } = this.applied;
      const look = await this.#log.look({ era: away ? undefined : era, position });
      this.#offsetMs = look.timeMs - (this.#clock.now() - (this.#clock.mono() - beganAtMs));
      if (look.era !== era || away) this.#enter(look, away);
      away = false;
      for (const { position, record } of look.records) {
        this.advance(position);
        if (record.kind === 'changed') this.#apply(record, position);
        if (record.kind === 'purged') this.#applyPurged(record, position);
      }
      if (!look.complete) continue;
      for (const [namespace, generation] of look.generations) this.#applyGeneration(namespace, generation);
      this.advance(look.last);
      this.#prove(beganAtMs);
      return;
    }
  }

  /**
   * Tells the others what is kept for them, before anything shared is trusted again. It is kept until a look that began
   * after it was appended: only that proves that it stands in an era that goes on.
   */
  async #recover(): Promise<void> {
    let era = this.stamp().era;
    let told: Token[] = [];
    do {
      for (const record of this.#kept.slice(told.length)) {
        const position = await this.#log.append(this.applied.era, record);
        if (position === undefined) break;
        told.push({ era: this.applied.era, position });
      }
      await this.#catchUp();
      if (this.stamp().era !== era) [era, told] = [this.stamp().era, []];
    } while (told.length < this.#kept.length);
    for (const [place, record] of this.#kept.entries()) this.#noteIfPurge(record, told[place] as Token);
    this.#kept = [];
    if (!this.#degraded) return;
    this.#degraded = false;
    this.#telemetry.log.info({ event: 'coherence.recovered', era: this.applied.era }, 'the change log answers again');
  }

  #enter(look: Look, away: boolean): void {
    const first = this.isAlone && !away;
    this.enter(look.era);
    this.#telemetry.metrics.coherenceEras.inc();
    const level = this.scope === 'process' ? 'debug' : first ? 'info' : 'warn';
    this.#telemetry.log[level]({ event: 'coherence.era', era: look.era, away }, 'a new era');
    const changes = this.#kept.filter(({ kind }) => kind === 'changed');
    this.#kept = [...changes, ...this.#purges.records(this.#clock.mono())];
    for (const listener of this.#listeners.values()) away ? listener.forget() : listener.eraBegan();
  }

  #apply(change: Omit<Changed, 'kind'>, position: Position): void {
    const floor = change.floor === 'own' ? position : change.floor;
    this.raise(change, floor);
    const at = { floor: this.tokenOf(floor), hard: change.hard === true };
    this.#listeners.get(change.namespace)?.changed(change.ids, at);
  }

  #applyPurged(purge: Purged, position: Position): void {
    this.raisePurged(purge, position);
    this.#listeners.get(purge.namespace)?.changed(purge.ids, { floor: purge.at, hard: true });
  }

  /** The control hash may know of a reset whose record was trimmed. */
  #applyGeneration(namespace: string, generation: Position): void {
    if (generation <= this.generation(namespace)) return;
    this.#apply({ namespace, ids: '*', floor: generation }, generation);
  }

  #prove(atMs: number): void {
    const lagMs = atMs - this.#provenAtMs;
    if (Number.isFinite(lagMs) && this.scope === 'cluster') this.#telemetry.metrics.coherenceLag.observe(lagMs / 1000);
    this.#provenAtMs = atMs;
    const horizonAtMs = this.now() - 2 * this.#horizonMs;
    this.forgetBefore({ timeMs: horizonAtMs, hardTimeMs: horizonAtMs - this.#longestWindowMs });
  }

  #degrade(error: unknown): void {
    // Once stopped, the log is not silent: the connection to it is being closed.
    if (!this.#degraded && !this.#stopped.signal.aborted) {
      this.#telemetry.log.warn(
        { event: 'coherence.degraded', err: error },
        'the change log is silent; age limits alone hold until it answers',
      );
    }
    this.#degraded = true;
  }

  // ── Small things ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Whether what this process holds may be trusted now. */
  get trusted(): boolean {
    if (this.#degraded) return true;
    if (this.scope === 'process') return !this.isAlone;
    return this.#lagMs() <= this.#coherenceMs && this.#kept.length === 0;
  }

  async #untilTrusted(): Promise<void> {
    while (!this.trusted) await this.tick();
  }

  /** What changed before this is known, or was when this process began. */
  #reachesBackToMs(): number {
    return Math.max(this.#provenAtMs, this.#startedAtMs);
  }

  #lagMs(): number {
    return this.#clock.mono() - this.#provenAtMs;
  }

  /** @returns Undefined when the log is silent, which is degraded then, or when the era is over, which is another then. */
  async #append(record: LogRecord, eraIndex?: number): Promise<Stamp | undefined> {
    if (this.isAlone || this.#degraded) await this.tick();
    if (this.#degraded) return undefined;
    // A floor of another era may lie above every position of this one.
    if (eraIndex !== undefined && eraIndex !== this.stamp().era) return undefined;
    try {
      const { era } = this.stamp();
      const position = await this.#log.append(this.applied.era, record);
      if (position === undefined) await this.#tickAnew();
      return position === undefined || era !== this.stamp().era ? undefined : this.stampOf(position);
    } catch (error) {
      this.#degrade(error);
      return undefined;
    }
  }

  #noteIfPurge(record: Changed | Purged, at: Token): void {
    if (this.scope === 'process' || record.kind !== 'changed' || record.hard !== true) return;
    const { namespace, ids } = record;
    this.#purges.note({ namespace, ids, at }, this.#clock.mono());
  }

  #keep(change: Omit<Changed, 'kind' | 'floor'>, floor: Position): Announced {
    this.#kept.push({ kind: 'changed', ...change, floor: 'own' });
    this.advanceLocally(floor);
    this.#apply({ ...change, floor }, floor);
    return { state: 'kept', token: this.tokenOf(floor) };
  }

  #waitForMore(ms: number): Promise<void> {
    const { era, position } = this.applied;
    return this.#log.wait(era, position, { ms, signal: this.#stopped.signal });
  }

  #pause(ms: number): Promise<void> {
    return this.#clock.sleep(ms, this.#stopped.signal).catch(() => {});
  }
}
