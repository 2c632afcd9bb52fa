/**
 * What happened, as the judge is told it: questions with their answers, changes with their acknowledgements, and when
 * what was at fault. All times are of `performance.now()` in this process.
 */
import type { GatewayLog, Span } from './gateway-log.ts';
import type { Question } from './questions.ts';

/** One process: the place it stands in, and which one in that place. */
export type ProcessId = { replica: number; life: number };

export type Reply = {
  status: number;
  requestId: string | undefined;
  cacheStatus: string | undefined;
  text: string;
};

export type Answer = {
  readonly by: ProcessId;
  readonly question: Question;
  /** A change that the answer was asked to know of, by its position. */
  readonly after?: Change | undefined;
  readonly askedMs: number;
  readonly answeredMs: number;
  /** Or why no whole answer came. */
  readonly reply: Reply | { cut: string };
};

/** A change that a gateway was told of. */
export type Change = {
  readonly by: ProcessId;
  readonly ids: readonly string[];
  readonly purge: boolean;
  /** Just before it was sent. */
  readonly beganMs: number;
  /** Whose answers are bound by it from when on: nobody's until it was acknowledged. */
  acknowledgedMs: number;
  /** At the other processes; by how it was acknowledged, at once or when the one that was told is coherent again. */
  knownElsewhereMs: number;
  /** By which a request to any process can ask to be answered with it. */
  position?: string;
};

/** Where upstream fails: rows and collections alike, or collections alone, which change while they are read. */
export type Unreadable = 'all' | 'collections';

export type Recorded = {
  /** Of this row, in the order in which they began. */
  changesOf(id: string): readonly Change[];
  /** Upstream could not be read, whole collections or anything at all, or what follows from that was not over yet. */
  upstreamFailedIn(span: Span, what: Unreadable): boolean;
  /** By how much what upstream gave may have been out of date as it was read, in ms. */
  upstreamLagMsIn(span: Span): number;
  /** The process of this place was stopped, or not there. */
  wasAwayIn(replica: number, span: Span): boolean;
  /** It had said that the change log was silent, and so that only age limits hold. */
  wasDegradedIn(replica: number, span: Span): boolean;
  /** It came to know of another era: what the log of the one before still had to tell it never will. */
  enteredEraIn(replica: number, span: Span): boolean;
  /** When any gave up on a collection that changed under each of its drains. */
  driftedIn(span: Span): readonly number[];
};

/** What gateways said of themselves. */
type SaidOfItself = Pick<GatewayLog, 'wasDegradedIn' | 'enteredEraIn' | 'drifts'>;

/** Writes it down as it goes on. */
export class Recorder implements Recorded {
  readonly answers: Answer[] = [];
  readonly #changes: Change[] = [];
  readonly #changesOf = new Map<string, Change[]>();
  readonly #upstreamFailed: (Span & { what: Unreadable })[] = [];
  readonly #lags: (Span & { lagMs: number })[] = [];
  readonly #away: (Span & { replica: number })[] = [];
  readonly #logs: readonly SaidOfItself[];

  constructor(logs: readonly SaidOfItself[]) {
    this.#logs = logs;
  }

  /** A gateway is told of it now; what it says to that is written into the change. */
  tells(told: Pick<Change, 'by' | 'ids' | 'purge'>): Change {
    const never = Number.POSITIVE_INFINITY;
    const change = { ...told, beganMs: performance.now(), acknowledgedMs: never, knownElsewhereMs: never };
    this.#changes.push(change);
    for (const id of change.ids) this.#changesOf.set(id, [...this.changesOf(id), change]);
    return change;
  }

  get counts(): { told: number; acknowledged: number } {
    const acknowledged = this.#changes.filter(({ acknowledgedMs }) => Number.isFinite(acknowledgedMs));
    return { told: this.#changes.length, acknowledged: acknowledged.length };
  }

  changesOf(id: string): readonly Change[] {
    return this.#changesOf.get(id) ?? [];
  }

  /** @returns The span, whose end is to be set once it is over. */
  upstreamFails(what: Unreadable, fromMs: number): Span {
    const span = { what, fromMs, untilMs: Number.POSITIVE_INFINITY };
    this.#upstreamFailed.push(span);
    return span;
  }

  upstreamLags(lagMs: number, fromMs: number): Span {
    const span = { lagMs, fromMs, untilMs: Number.POSITIVE_INFINITY };
    this.#lags.push(span);
    return span;
  }

  goesAway(replica: number, fromMs: number): Span {
    const span = { replica, fromMs, untilMs: Number.POSITIVE_INFINITY };
    this.#away.push(span);
    return span;
  }

  /** A process was asked and said that it follows the log: what it had kept to itself the log has by then. */
  wasCoherent({ replica, life }: ProcessId, { askedMs, answeredMs }: { askedMs: number; answeredMs: number }): void {
    for (const change of this.#changes) {
      const isKept = change.by.replica === replica && change.by.life === life && change.acknowledgedMs <= askedMs;
      if (isKept) change.knownElsewhereMs = Math.min(change.knownElsewhereMs, answeredMs);
    }
  }

  upstreamFailedIn(span: Span, what: Unreadable): boolean {
    return this.#upstreamFailed.some(
      (failed) => overlap(failed, span) && (failed.what === 'all' || failed.what === what),
    );
  }

  upstreamLagMsIn(span: Span): number {
    return Math.max(0, ...this.#lags.filter((lag) => overlap(lag, span)).map(({ lagMs }) => lagMs));
  }

  wasAwayIn(replica: number, span: Span): boolean {
    return this.#away.some((away) => away.replica === replica && overlap(away, span));
  }

  wasDegradedIn(replica: number, span: Span): boolean {
    return this.#logs[replica]?.wasDegradedIn(span) ?? false;
  }

  enteredEraIn(replica: number, span: Span): boolean {
    return this.#logs[replica]?.enteredEraIn(span) ?? false;
  }

  driftedIn({ fromMs, untilMs }: Span): readonly number[] {
    return this.#logs.flatMap(({ drifts }) => drifts).filter((atMs) => fromMs <= atMs && atMs <= untilMs);
  }
}

function overlap(a: Span, b: Span): boolean {
  return a.fromMs <= b.untilMs && b.fromMs <= a.untilMs;
}
