/**
 * The oracle: what the promises say of every answer, held against what was really read upstream, and when.
 *
 * It knows the truth that no process knows: when each upstream read was sent and what it gave, when each record entered
 * the log, and which process has applied it. Each check names the promise it holds.
 */
import type { Ids } from '../../src/cache/log.ts';
import type { Outcome } from '../../src/cache/outcome.ts';
import type { Page } from '../../src/data/reader.ts';
import { settings } from './process.ts';
import type { Catalogue, Item, UpstreamRead } from './upstream.ts';

/** A promise that did not hold. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/** What one process knows, as it came to know it. */
export type Knowledge = {
  slot: number;
  name: string;
  /** By id: nothing read upstream before this may be given to those who ask from now on (P5). */
  applied: Map<string, number>;
  appliedToAll: number;
  /** By id: nothing read before this may be served at all. */
  purged: Map<string, number[]>;
  purgedAll: number[];
  /** The highest version answered so far, by id, for "never back". */
  highest: Map<string, { version: string; sentAtMs: number; answeredAtMs: number }>;
  /** How often any of them was forgotten, for a reset or a purge. */
  forgotten: number;
  degradations: number;
  /** The last pause. */
  paused: { ms: number; endedAtMs: number };
  isDegraded: () => boolean;
};

/** From a moment on, at one process or at all that follow the log, no answer may have been read before another. */
type Obligation = { fromMs: number; readSinceMs: number; slot: number | undefined; by: Knowledge | undefined };

export type Asked = {
  knowledge: Knowledge;
  atMs: number;
  deadlineMs: number;
  degradations: number;
  degraded: boolean;
  forgotten: number;
  /** For several rows at once. */
  together: boolean;
  /** What upstream had said by then. */
  words: readonly Word[];
};

/** Upstream said, by an event, that a row had come to this version, or gone as of it. */
type Word = Obligation & { id: string; stamp: string };

type Change = {
  ids: Ids;
  beganAtMs: number;
  endedAtMs: number;
  purged: boolean;
  /** A purge that this one was told of. */
  toldTo: Knowledge | undefined;
};

const { policies, coherenceMs } = settings;

/** By how much a process may misjudge Redis' clock, in ms: the way to Redis, once, however slow. */
const clockErrorMs = 1_300;
/** How far apart the clocks of machines that have not seen Redis yet may be, in ms. */
const clockSkewMs = 1_600;
const notFoundMs = 5_000;
/** How long what is known to lag is good for, in ms. */
const lagKeptMs = 1_000;

type Options = { catalogue: Catalogue; now: () => number; behindMs: () => number; calm: boolean };

export class Oracle {
  readonly #catalogue: Catalogue;
  readonly #now: () => number;
  /** How far the clock of Redis has gone back so far, from one master to the next. */
  readonly #behindMs: () => number;
  readonly #obligations = new Map<string, Obligation[]>();
  readonly #obligationsOfAll: Obligation[] = [];
  readonly #changes: Change[] = [];
  /** Never changed, but replaced. */
  #words: readonly Word[] = [];
  /** When words of these ended: also those that were told before, and are acknowledged later. */
  readonly #endings: { ids: Ids; atMs: number }[] = [];
  /** No fault ever in this run. */
  readonly #calm: boolean;
  checks = 0;

  constructor({ catalogue, now, behindMs, calm }: Options) {
    this.#behindMs = behindMs;
    this.#catalogue = catalogue;
    this.#now = now;
    this.#calm = calm;
  }

  // ── What it is told ───────────────────────────────────────────────────────────────────────────────────────────────

  changeBegins(ids: Ids, { ends = ids === '*' }: { ends?: boolean } = {}): Change {
    if (ends) this.wordsEnd(ids);
    const change = {
      ids,
      beganAtMs: this.#now(),
      endedAtMs: Number.POSITIVE_INFINITY,
      purged: false,
      toldTo: undefined,
    };
    this.#changes.push(change);
    return change;
  }

  changeEnds(change: Change): void {
    change.endedAtMs = this.#now();
  }

  /** P6b at the acknowledging process; P6c when only this process, as long as it lives, could apply it. */
  acknowledged(
    change: Change,
    by: Knowledge,
    { deferred, purge, event }: { deferred: boolean; purge: boolean; event?: { id: string; updatedAt: string } },
  ): void {
    change.purged = purge && !deferred;
    if (purge) change.toldTo = by;
    const readSinceMs = change.beganAtMs;
    const obligation = { fromMs: this.#now(), readSinceMs, slot: by.slot, by: deferred ? by : undefined };
    this.#oblige(change.ids, obligation);
    if (event === undefined) return;
    const { id, updatedAt: stamp } = event;
    const isOver = this.#endings.some(({ ids, atMs }) => atMs >= readSinceMs && (ids === '*' || ids.includes(id)));
    if (isOver) return;
    const word = { ...obligation, id, stamp };
    const elsewhere = { ...word, fromMs: this.#now() + coherenceMs, slot: undefined, by: undefined };
    this.#words = [...this.#words, word, ...(deferred ? [] : [elsewhere])];
  }

  /** What upstream said before says nothing in another era, in which all is read anew, nor after a reset or a purge. */
  wordsEnd(ids: Ids = '*'): void {
    this.#endings.push({ ids, atMs: this.#now() });
    this.#words = ids === '*' ? [] : this.#words.filter(({ id }) => !ids.includes(id));
  }

  /** P6b at every other process: a record in the log is known everywhere within `COHERENCE_MS`. */
  recorded(ids: Ids, { readSinceMs }: { readSinceMs: number }): void {
    this.#oblige(ids, { fromMs: this.#now() + coherenceMs, readSinceMs, slot: undefined, by: undefined });
  }

  /** P5: this process has applied it. */
  applied(knowledge: Knowledge, ids: Ids, at: { readSinceMs: number; hard: boolean }): void {
    const { readSinceMs, hard } = at;
    // One that a process told later than it began, as the log was silent, stands after the word in the log.
    if (ids === '*' || hard) this.wordsEnd(ids);
    if (ids === '*') {
      knowledge.appliedToAll = Math.max(knowledge.appliedToAll, readSinceMs);
      forgetHighest(knowledge);
      if (hard) knowledge.purgedAll.push(readSinceMs);
      return;
    }
    for (const id of ids) {
      knowledge.applied.set(id, Math.max(knowledge.applied.get(id) ?? 0, readSinceMs));
      if (!hard) continue;
      forgetHighest(knowledge, id);
      const bars = knowledge.purged.get(id) ?? [];
      knowledge.purged.set(id, [...bars, readSinceMs]);
    }
  }

  #oblige(ids: Ids, obligation: Obligation): void {
    if (ids === '*') this.#obligationsOfAll.push(obligation);
    else for (const id of ids) this.#obligations.set(id, [...(this.#obligations.get(id) ?? []), obligation]);
  }

  // ── What it holds against it ──────────────────────────────────────────────────────────────────────────────────────

  asks(knowledge: Knowledge, { deadlineMs, together }: { deadlineMs: number; together: boolean }): Asked {
    const { degradations, forgotten } = knowledge;
    const degraded = knowledge.isDegraded();
    const words = this.#words;
    return { knowledge, atMs: this.#now(), deadlineMs, degradations, degraded, forgotten, together, words };
  }

  /** What those who ask at this moment must be given; taken when they ask. */
  boundsOf(asked: Asked, ids: readonly string[]): (id: string) => Bound {
    const bounds = new Map(ids.map((id) => [id, this.#boundOf(asked, id)]));
    return (id) => bounds.get(id) ?? { own: 0, shared: 0 };
  }

  #boundOf({ knowledge, atMs }: Asked, id: string): Bound {
    let own = Math.max(knowledge.appliedToAll, knowledge.applied.get(id) ?? 0);
    let shared = 0;
    for (const { fromMs, readSinceMs, slot, by } of [...this.#obligationsOfAll, ...(this.#obligations.get(id) ?? [])]) {
      if (fromMs > atMs) continue;
      if (slot === undefined) shared = Math.max(shared, readSinceMs);
      else if (slot === knowledge.slot && (by === undefined || by === knowledge)) own = Math.max(own, readSinceMs);
    }
    return { own, shared };
  }

  row(
    asked: Asked,
    id: string,
    { value, outcome, bound }: { value: Item | null; outcome: Outcome; bound: Bound },
  ): void {
    this.checks++;
    const sie = outcome.kind === 'stale_if_error';
    if (sie) this.#checkReasonOfError(asked, id);
    if (value === null) {
      if (!sie) this.#checkAbsent(asked, id, { bound, withinMs: Math.max(notFoundMs, windowMs('entity')) });
    } else {
      this.#checkRow(asked, value, { sie, stored: outcome.stored, bound, limits: 'entity' });
      if (value.id !== id) throw new Violation(`P2: asked for ${id}, got ${value.id}`);
    }
  }

  page(
    asked: Asked,
    { page, outcome, bounds }: { page: Page<Item>; outcome: Outcome; bounds: (id: string) => Bound },
  ): void {
    this.checks++;
    const sie = outcome.kind === 'stale_if_error';
    if (sie) this.#checkReasonOfError(asked, 'the page');
    const rows = page.edges.map(({ node }) => node);
    const shown = rows.map(({ id, name }) => `${name}${id}`);
    if (new Set(rows.map(({ id }) => id)).size !== rows.length) throw new Violation(`P2: an id twice: ${shown}`);
    if ([...shown].sort().join() !== shown.join()) throw new Violation(`P2: rows not in their order: ${shown}`);
    if (page.totalCount !== rows.length) throw new Violation(`P2: ${rows.length} rows of ${page.totalCount}`);
    for (const row of rows) this.#checkRow(asked, row, { sie, stored: true, bound: bounds(row.id), limits: 'page' });
    const absent = sie ? [] : this.#catalogue.ids.filter((id) => rows.every((row) => row.id !== id));
    for (const id of absent) this.#checkAbsent(asked, id, { bound: bounds(id), withinMs: windowMs('entity') });
  }

  /** What was purged is not kept either, from the turn in which the purge is applied. */
  holds(knowledge: Knowledge, { id, version, read }: Item): void {
    const sentAtMs = this.#catalogue.reads[read]?.sentAtMs ?? 0;
    this.#checkNotPurged(knowledge, id, { name: `${id} of ${version} in memory`, sentAtMs });
  }

  /** Whoever was told of a purge, and is there, has told all of it by now, whatever became of the log. */
  holdsAtLast({ id, version, read }: Item, { isThere }: { isThere(knowledge: Knowledge): boolean }): void {
    const sentAtMs = this.#catalogue.reads[read]?.sentAtMs ?? 0;
    const sinceMs = this.#now() - settings.horizonMs;
    for (const { ids, toldTo, beganAtMs } of this.#changes) {
      if (toldTo === undefined || !isThere(toldTo) || (ids !== '*' && !ids.includes(id))) continue;
      if (beganAtMs < sinceMs || sentAtMs >= beganAtMs) continue;
      const purge = `${toldTo.name} told at ${beganAtMs}`;
      throw new Violation(`purge: ${id} of ${version} still in memory, sent at ${sentAtMs}, of which ${purge}`);
    }
  }

  /** Once a purge of ids is acknowledged nothing from before it stands in Redis either, while nothing fails. */
  stored({ id, version, read }: Item): void {
    const sentAtMs = this.#catalogue.reads[read]?.sentAtMs ?? 0;
    for (const { ids, purged, beganAtMs } of this.#changes) {
      if (!purged || ids === '*' || !ids.includes(id) || sentAtMs >= beganAtMs) continue;
      throw new Violation(`purge: ${id} of ${version} in Redis, sent at ${sentAtMs}, purged at ${beganAtMs}`);
    }
  }

  failed(asked: Asked, what: string): void {
    this.#checkReasonOfError(asked, what);
  }

  /** P7: within its deadline, unless the process itself did not run. */
  answered({ atMs, deadlineMs }: Asked, what: string, { pausedMs }: { pausedMs: number }): void {
    const tookMs = this.#now() - atMs - pausedMs;
    if (tookMs > deadlineMs + 1) throw new Violation(`P7: ${what} was answered after ${tookMs} ms`);
  }

  /** P4: while nothing fails one key has one upstream read under way, and one more for each change that reaches someone. */
  sending(read: UpstreamRead): void {
    if (!this.#calm || read.kind !== 'rows') return;
    for (const id of read.ids) {
      const others = this.#catalogue.reads.filter((other) => !other.over && other.ids.includes(id));
      const sinceMs = Math.min(...others.map(({ sentAtMs }) => sentAtMs));
      const changes = this.#changes.filter(
        ({ ids, endedAtMs }) => (ids === '*' || ids.includes(id)) && endedAtMs + coherenceMs >= sinceMs,
      );
      if (others.length > 1 + changes.length) {
        throw new Violation(`P4: ${others.length} reads of ${id} under way with ${changes.length} changes`);
      }
    }
  }

  // ── Checks ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #checkRow(
    asked: Asked,
    row: Item,
    { sie, stored, bound, limits }: { sie: boolean; stored: boolean; bound: Bound; limits: 'entity' | 'page' },
  ): void {
    const { knowledge } = asked;
    const { id, version } = row;
    const name = `${id} of ${version} from read ${row.read}`;
    const read = this.#catalogue.reads[row.read];
    if (read?.gave.get(id) !== version || !this.#catalogue.everHad(id, version)) {
      throw new Violation(`P1: ${name}: upstream never gave that`);
    }
    this.#checkNotPurged(knowledge, id, { name, sentAtMs: read.sentAtMs });
    const sentAtMs = this.#asGoodAs(row, read);
    if (!sie) this.#checkBound(asked, name, { sentAtMs, bound });
    this.#checkAge(asked, name, { sie, sentAtMs, limits });
    if (!sie) this.#checkNotLagging(asked, row, { name, sentAtMs: read.sentAtMs });
    if (!sie) this.#checkNeverBack(asked, row, { name, sentAtMs: read.sentAtMs, binds: stored });
  }

  /** A later read that gave a lower version was not taken instead: rows never go back. */
  #asGoodAs({ id, version }: Item, read: UpstreamRead): number {
    let { sentAtMs } = read;
    for (const said of this.#catalogue.said(id)) {
      if (said.version !== null && said.version < version) sentAtMs = Math.max(sentAtMs, said.sentAtMs);
    }
    return sentAtMs;
  }

  /** P5, P6b, P6c */
  #checkBound(asked: Asked, name: string, { sentAtMs, bound }: { sentAtMs: number; bound: Bound }): void {
    if (sentAtMs < bound.own) {
      throw new Violation(`P5: ${name}, sent at ${sentAtMs}, before a change of ${bound.own} known here`);
    }
    if (sentAtMs < bound.shared && !this.#wasDegraded(asked)) {
      throw new Violation(`P6b: ${name}, sent at ${sentAtMs}, before a change of ${bound.shared} made known elsewhere`);
    }
  }

  /** P6a */
  #checkAge(
    asked: Asked,
    name: string,
    { sie, sentAtMs, limits }: { sie: boolean; sentAtMs: number; limits: 'entity' | 'page' },
  ): void {
    if (sentAtMs >= asked.atMs) return; // Read for this request or during it.
    const policy = policies[limits];
    const limitMs = sie ? policy.maxAgeMs + policy.staleIfErrorMs + clockSkewMs + this.#behindMs() : windowMs('entity');
    const ageMs = this.#foundAtMs(asked) - sentAtMs;
    if (ageMs > limitMs + (this.#calm ? 10 : clockErrorMs)) throw new Violation(`P6a: ${name} is ${ageMs} ms old`);
  }

  /** What lags behind upstream's own word, where that is known, is good for a second. */
  #checkNotLagging(asked: Asked, { id, version }: Item, { name, sentAtMs }: { name: string; sentAtMs: number }): void {
    const { knowledge, atMs } = asked;
    const ageMs = this.#foundAtMs(asked) - sentAtMs;
    if (ageMs <= lagKeptMs + (this.#calm ? 10 : clockErrorMs) || sentAtMs >= atMs) return;
    for (const word of asked.words) {
      if (word.id !== id || word.fromMs > atMs || version >= word.stamp || !this.#words.includes(word)) continue;
      // The log is read back to the horizon, and no further.
      if (atMs - word.fromMs > settings.horizonMs / 2) continue;
      const isBound =
        word.slot === undefined
          ? !this.#wasDegraded(asked)
          : word.slot === knowledge.slot && (word.by === undefined || word.by === knowledge);
      if (isBound) throw new Violation(`lag: ${name} is ${ageMs} ms old, and upstream had said ${word.stamp}`);
    }
  }

  /** A purge is for ever, at the process that has applied it: over eras, and as stale-if-error too. */
  #checkNotPurged(knowledge: Knowledge, id: string, { name, sentAtMs }: { name: string; sentAtMs: number }): void {
    for (const beforeMs of [...knowledge.purgedAll, ...(knowledge.purged.get(id) ?? [])]) {
      if (sentAtMs < beforeMs) throw new Violation(`purge: ${name}, sent at ${sentAtMs}, purged at ${beforeMs}`);
    }
  }

  /** What was read for those who waited, and then not kept, binds nobody; nor what was looked up before a reset. */
  #checkNeverBack(
    asked: Asked,
    { id, version }: Item,
    { name, sentAtMs, binds }: { name: string; sentAtMs: number; binds: boolean },
  ): void {
    const { highest } = asked.knowledge;
    const before = highest.get(id);
    if (before !== undefined && version < before.version) {
      const wentAway = this.#catalogue
        .said(id)
        .some((said) => said.version === null && said.doneAtMs >= before.sentAtMs);
      if (!wentAway && before.answeredAtMs < asked.atMs) {
        throw new Violation(`never back: ${name} after ${before.version}, answered at ${before.answeredAtMs}`);
      }
      if (!wentAway) return;
    }
    const foundNow = !asked.together || asked.forgotten === asked.knowledge.forgotten;
    if (binds && foundNow) highest.set(id, { version, sentAtMs, answeredAtMs: this.#now() });
  }

  #checkAbsent(asked: Asked, id: string, { bound, withinMs }: { bound: Bound; withinMs: number }): void {
    const sinceMs = Math.max(bound.own, this.#wasDegraded(asked) ? 0 : bound.shared);
    const oldestMs = Math.min(asked.atMs, this.#foundAtMs(asked) - withinMs - (this.#calm ? 10 : clockErrorMs));
    const isRight = (sentAtMs: number) => sentAtMs >= sinceMs && sentAtMs >= oldestMs;
    if (this.#catalogue.said(id).some((said) => said.version === null && isRight(said.sentAtMs))) return;
    if (isRight(this.#catalogue.createdAtMs(id))) return;
    throw new Violation(`P5/P6: ${id} is missing, which no read since ${Math.max(sinceMs, oldestMs)} says`);
  }

  /** Stale-if-error, and errors, only when upstream could not be read, or the time of the request was over. */
  #checkReasonOfError({ knowledge, atMs, deadlineMs }: Asked, what: string): void {
    const nowMs = this.#now();
    // A process that was paused learns of a failure as late as it wakes.
    const late = knowledge.paused.endedAtMs >= atMs - 1_500 ? knowledge.paused.ms : 0;
    const rememberedMs = 1_000 + 500 + late + (this.#calm ? 0 : clockSkewMs + this.#behindMs());
    if (this.#catalogue.lastFailureAtMs >= atMs - rememberedMs || nowMs - atMs >= deadlineMs) return;
    throw new Violation(`P6a: ${what} on error, and upstream had not failed since ${this.#catalogue.lastFailureAtMs}`);
  }

  /** When the age of an answer counts: rows that are asked for together wait for the last of them. */
  #foundAtMs({ together, atMs }: Asked): number {
    return together ? atMs : this.#now();
  }

  #wasDegraded({ knowledge, degraded, degradations }: Asked): boolean {
    return degraded || knowledge.degradations !== degradations || knowledge.isDegraded();
  }
}

/** A reset, a purge, or a long absence: rows may go back from there, of that id or of all. */
export function forgetHighest(knowledge: Knowledge, id?: string): void {
  knowledge.forgotten++;
  if (id === undefined) knowledge.highest.clear();
  else knowledge.highest.delete(id);
}

/** No answer to the one who asks may have been read before: by what this process knows, and by what the log has told. */
export type Bound = { own: number; shared: number };

function windowMs(of: 'entity' | 'page'): number {
  return policies[of].maxAgeMs + policies[of].staleWhileRevalidateMs;
}
