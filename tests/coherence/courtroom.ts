/**
 * A judge by himself, for tests of what he notices: time is a number, and what happened is what a test says.
 *
 * Rows 1 to 20 have been there for ever; row 7 is the one that things happen to.
 */
import { type CatalogRow, Catalogue } from './catalogue.ts';
import { Judge } from './judge.ts';
import { type Question, shownOf } from './questions.ts';
import type { Answer, Change, ProcessId } from './record.ts';

export const own: ProcessId = { replica: 0, life: 1 };
export const other: ProcessId = { replica: 1, life: 1 };

export const onError = 'Vitrine; hit; ttl=-3; detail=stale-if-error';

const rowSeven: Question = { kind: 'row', id: '7' };

/** How an answer was given; a hit by the process `own`, at once, when absent. */
type Given = { by?: ProcessId; cacheStatus?: string; errors?: readonly unknown[]; status?: number; tookMs?: number };

export class Courtroom {
  nowMs = 100_000;
  readonly catalogue = new Catalogue({ rows: 20, now: () => this.nowMs });
  readonly changes: Change[] = [];
  /** What was at fault, throughout. */
  failing = false;
  away = false;
  degraded = false;
  inAnotherEra = false;
  /** When a gateway gave up on the collection. */
  readonly drifts: number[] = [];
  /** Where changes are told. */
  ownWasAway = false;
  lagMs = 0;
  readonly #judge = new Judge({
    catalogue: this.catalogue,
    record: {
      changesOf: (id) => this.changes.filter(({ ids }) => ids.includes(id)),
      upstreamFailedIn: () => this.failing,
      upstreamLagMsIn: () => this.lagMs,
      wasAwayIn: (replica) => this.away || (this.ownWasAway && replica === own.replica),
      wasDegradedIn: () => this.degraded,
      enteredEraIn: () => this.inAnotherEra,
      driftedIn: ({ fromMs, untilMs }) => this.drifts.filter((atMs) => fromMs <= atMs && atMs <= untilMs),
    },
  });

  /** Row 7 before and after a write of it. */
  rewrite(): { old: CatalogRow; new: CatalogRow } {
    const old = this.catalogue.now('7') as CatalogRow;
    return { old, new: this.catalogue.put('7') };
  }

  /** A change of row 7, acknowledged in the moment it was begun. */
  tell(told: Partial<Change> = {}): Change {
    const { nowMs } = this;
    const change = {
      by: own,
      ids: ['7'],
      purge: false,
      beganMs: nowMs,
      acknowledgedMs: nowMs,
      knownElsewhereMs: nowMs,
    };
    const whole = { ...change, ...told };
    this.changes.push(whole);
    return whole;
  }

  /** What is said of an answer to a question that is asked now. */
  verdictOn(question: Question, data: unknown, given: Given = {}): string[] {
    const { by = own, cacheStatus = 'Vitrine; hit; ttl=0', errors, status = 200, tookMs = 1 } = given;
    const reply = { status, requestId: 'r1', cacheStatus, text: JSON.stringify({ data, ...(errors && { errors }) }) };
    const askedMs = this.nowMs;
    this.nowMs += tookMs;
    return this.verdict({ by, question, askedMs, answeredMs: this.nowMs, reply });
  }

  /** The same, of an answer that shows this as row 7. */
  verdictOnRow(row: CatalogRow | null, given?: Given): string[] {
    return this.verdictOn(rowSeven, { catalog: row && shownOf(row) }, given);
  }

  verdict(answer: Answer): string[] {
    return this.#judge.judge([answer], { stoodStillMs: 0 }).map(({ kind, says }) => `${kind}: ${says}`);
  }
}
