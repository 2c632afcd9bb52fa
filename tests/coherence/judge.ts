/**
 * The judge: holds every answer against what was promised, given the truth and the record of what happened.
 *
 *   answer ─► form (P7): in time, JSON, errors with a code, and only while upstream fails
 *          ─► each row: a version that was, whole (P1, P2) ─► not too old, nor older than a change binds (P5, P6)
 *                                                          ─► not older than this process has shown before
 *          ─► each page: order, filter, completeness, what lies around it (P2, P3)
 *
 * A version is allowed if it was true at some time of [since, answered]: an answer is of a read that was sent at `since`
 * at the earliest, and nobody can tell when between the two upstream carried it out. `since` is the latest of what
 * binds the answer, each of which is named where it is added.
 */
import type { CatalogRow, Catalogue, State } from './catalogue.ts';
import { type Body, checkForm, readBody } from './forms.ts';
import type { Span } from './gateway-log.ts';
import { checkPage } from './pages.ts';
import { type PageQuestion, type ShownPage, type ShownRow, shownOf } from './questions.ts';
import type { Answer, Change, Recorded, Reply } from './record.ts';
import { ages, coherenceMs, rememberedMs, requestTimeoutMs, upstreamBudgetMs } from './settings.ts';
import { Sightings } from './sightings.ts';

export type Violation = { kind: 'wrong' | 'late'; says: string; answer: Answer };

type Options = {
  catalogue: Catalogue;
  record: Recorded;
};

/**
 * How much younger than it is a gateway may take a thing for, in ms. Ages are counted on the clock of Redis, which a
 * gateway knows to the time that a look at the log may take (REDIS_TIMEOUT_MS); and timers of a busy machine are late.
 */
const ageErrorMs = 500;

/** What a busy machine may add to the time of an answer, in ms, besides what it is measured to add in this process. */
const lateMs = 1_000;

/** How long after a change must be known it is told again, where the log that told of it was lost, in ms. */
const toldAgainMs = 2 * coherenceMs;

/** How much sooner than it says a timer may fire, by the clock of another process, in ms. */
const timerErrorMs = 50;

/** How often a collection is read before it counts as drifting. */
const drainsAtMost = 3;

/** An answer of the right form, taken apart. */
type Read = {
  answer: Answer;
  reply: Reply;
  body: Body;
  /** Upstream could not be read for it or a part of it: what is held may be shown within its window, whatever changed. */
  onError: boolean;
};

export class Judge {
  readonly #catalogue: Catalogue;
  readonly #record: Recorded;
  readonly #sightings: Sightings;

  constructor({ catalogue, record }: Options) {
    this.#catalogue = catalogue;
    this.#record = record;
    this.#sightings = new Sightings(catalogue, record);
  }

  /**
   * @param answers - Of which none is answered before one that was judged already.
   * @param stoodStillMs - The longest that this process itself kept an answer waiting.
   */
  judge(answers: readonly Answer[], { stoodStillMs }: { stoodStillMs: number }): Violation[] {
    const inOrder = answers.toSorted((a, b) => a.answeredMs - b.answeredMs);
    return inOrder.flatMap((answer) => [
      ...this.#checkTime(answer, stoodStillMs).map((says) => ({ kind: 'late' as const, says, answer })),
      ...this.#checkAnswer(answer).map((says) => ({ kind: 'wrong' as const, says, answer })),
    ]);
  }

  // ── The answer as a whole ─────────────────────────────────────────────────────────────────────────────────────────

  /** P7: within its deadline, unless the process itself could not run. */
  #checkTime(answer: Answer, stoodStillMs: number): string[] {
    const tookMs = answer.answeredMs - answer.askedMs;
    if (tookMs <= requestTimeoutMs + lateMs + stoodStillMs || this.#wasAway(answer)) return [];
    return [`P7: answered after ${Math.round(tookMs)} ms`];
  }

  #checkAnswer(answer: Answer): string[] {
    const { reply } = answer;
    if ('cut' in reply) return this.#wasAway(answer) ? [] : [`P7: no answer: ${reply.cut}`];
    if (isNotReached(answer, reply))
      return this.#mayNotReach(answer) ? [] : ['P6: 504, and the change log can be read'];
    const wrong = checkForm(reply);
    const body = readBody(reply);
    if (wrong.length > 0 || body === undefined) return wrong;
    const isStale = reply.cacheStatus?.includes('detail=stale-if-error') ?? false;
    // Where a part failed, `Cache-Status` tells of that part; another may have been served on error all the same.
    const onError = isStale || body.errors.length > 0;
    if (onError && !this.#mayFail(answer)) return [`P7: on error, and upstream can be read: ${whyOf(reply, body)}`];
    return this.#checkData({ answer, reply, body, onError });
  }

  /** Upstream fails, or the time of the request was over before anything could be read. */
  #mayFail(answer: Answer): boolean {
    const tookMs = answer.answeredMs - answer.askedMs;
    const what = answer.question.kind === 'page' ? 'collections' : 'all';
    if (this.#record.upstreamFailedIn(spanOf(answer), what) || tookMs >= requestTimeoutMs - timerErrorMs) return true;
    return what === 'collections' && this.#hadDrifted(spanOf(answer));
  }

  /** Without any fault so many rows came and went that no drain was of one moment; the failure is remembered. */
  #hadDrifted({ fromMs, untilMs }: Span): boolean {
    const felt = { fromMs: fromMs - rememberedMs - ageErrorMs, untilMs: untilMs + timerErrorMs };
    return this.#record.driftedIn(felt).some((atMs) => {
      const meanwhile = { fromMs: atMs - upstreamBudgetMs, untilMs: atMs + timerErrorMs };
      return this.#catalogue.turnoversIn(meanwhile) >= drainsAtMost;
    });
  }

  /** What it was to know of is not known there, and cannot be while the change log is silent. */
  #mayNotReach(answer: Answer): boolean {
    return this.#record.wasDegradedIn(answer.by.replica, spanOf(answer)) || this.#wasAway(answer);
  }

  #wasAway(answer: Answer): boolean {
    return this.#record.wasAwayIn(answer.by.replica, spanOf(answer));
  }

  #checkData(read: Read): string[] {
    const { question } = read.answer;
    const { data } = read.body;
    switch (question.kind) {
      case 'row':
        return this.#checkEntity(read, question.id, data.catalog as ShownRow | null, ['catalog']);
      case 'nodes': {
        const nodes = data.nodes as (ShownRow | null)[];
        if (nodes.length !== question.ids.length) return [`P2: ${nodes.length} nodes for ${question.ids.length} ids`];
        return question.ids.flatMap((id, at) => this.#checkEntity(read, id, nodes[at] ?? null, ['nodes', at]));
      }
      case 'page':
        return this.#checkConnection(read, question.page, data.catalogs as ShownPage | null);
    }
  }

  // ── Rows ──────────────────────────────────────────────────────────────────────────────────────────────────────────

  #checkEntity(read: Read, id: string, shown: ShownRow | null, path: readonly (string | number)[]): string[] {
    if (shown !== null) return this.#checkRow(read, id, shown, path);
    if (read.body.failed(path)) return [];
    const isAllowed = this.#allowed(read, id).some(({ row }) => row === undefined);
    return isAllowed ? [] : [`P5/P6: ${id} is said not to be there, and has been since ${this.#sinceText(read, id)}`];
  }

  #checkRow(read: Read, id: string, shown: ShownRow, path: readonly (string | number)[]): string[] {
    const state = this.#catalogue.version(id, shown.lotCount);
    if (state === undefined) return [`P1: ${id} of ${shown.lotCount}, which never was: ${JSON.stringify(shown)}`];
    const torn = tornFields(shown, shownOf(state.row), read.body.failed([...path, 'seller']));
    if (torn.length > 0) return torn.map((field) => `P1/P2: ${id} of ${shown.lotCount} with another ${field}`);
    return [...this.#checkAge(read, id, state), ...this.#sightings.check(read, id, shown.lotCount)];
  }

  #checkAge(read: Read, id: string, state: State & { row: CatalogRow }): string[] {
    const { answer } = read;
    const name = `${id} of ${state.row.lot_count}`;
    if (state.fromMs > answer.answeredMs) return [`P1: ${name} before it was written`];
    if (state.untilMs >= this.#since(read, id)) return [];
    const agoMs = Math.round(answer.askedMs - state.untilMs);
    return [`P5/P6: ${name}, which was over ${agoMs} ms before; bound ${this.#sinceText(read, id)}`];
  }

  // ── What binds ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The states that an answer may show of a row. */
  #allowed(read: Read, id: string): State[] {
    const { answer } = read;
    const fromMs = this.#since(read, id);
    const states = this.#catalogue.statesIn(id, { fromMs, untilMs: answer.answeredMs });
    // That a row is not there has a window of its own.
    const absentSinceMs = this.#since(read, id, Math.max(ages.notFoundMs, ages.staleMs));
    const before = this.#catalogue.statesIn(id, { fromMs: absentSinceMs, untilMs: answer.answeredMs });
    return [...states, ...before.filter(({ row }) => row === undefined)];
  }

  /** What was over before may not be shown of this row. */
  #since(read: Read, id: string, staleMs = ages.staleMs): number {
    const { answer, onError } = read;
    // P6a. Of what is read for the request itself nothing is asked here: it is younger still.
    const oldestMs = answer.askedMs - (onError ? ages.errorMs : staleMs) - ageErrorMs;
    const sentMs = Math.max(oldestMs, ...this.#bindingChanges(read, id).map(({ beganMs }) => beganMs));
    // A read is as good as what upstream knows of itself.
    return sentMs - this.#record.upstreamLagMsIn({ fromMs: sentMs, untilMs: answer.answeredMs });
  }

  #bindingChanges(read: Read, id: string): Change[] {
    return this.#record.changesOf(id).filter((change) => this.#binds(change, read));
  }

  #binds(change: Change, { answer, onError }: Read): boolean {
    // P5: while upstream cannot be read the old may be served, and says so, unless it was purged.
    if (onError && !change.purge) return false;
    // P6b at once, wherever it was told: the request carried its position.
    if (change === answer.after) return true;
    const { by, askedMs } = answer;
    // P6b, P6c: at the process that acknowledged it, whether it could tell the others or not.
    const isOwn = change.by.replica === by.replica && change.by.life === by.life;
    if (isOwn && askedMs >= change.acknowledgedMs) return true;
    // P6b: at every other within COHERENCE_MS, or it stops trusting its memory; P6c: unless it cannot know.
    const knownMs = change.knownElsewhereMs + coherenceMs;
    if (askedMs < knownMs || this.#record.wasDegradedIn(by.replica, spanOf(answer))) return false;
    // In another era all is read anew, but on error. A log that was lost before it had to be read tells of no purge.
    if (!onError || !this.#record.enteredEraIn(by.replica, { fromMs: change.beganMs, untilMs: knownMs })) return true;
    return askedMs >= knownMs + toldAgainMs && this.#tellsAgain(change, askedMs);
  }

  /** Whether the gateway that was told of a change was there, and followed the change log, all the time since. */
  #tellsAgain({ by, acknowledgedMs }: Change, untilMs: number): boolean {
    const since = { fromMs: acknowledgedMs, untilMs };
    return !this.#record.wasAwayIn(by.replica, since) && !this.#record.wasDegradedIn(by.replica, since);
  }

  #sinceText(read: Read, id: string): string {
    const agoMs = (ms: number) => `${Math.round(read.answer.askedMs - ms)} ms before`;
    const changes = this.#bindingChanges(read, id).map(
      ({ by, beganMs, purge }) => `${purge ? 'purge' : 'change'} told to ${by.replica} ${agoMs(beganMs)}`,
    );
    return [agoMs(this.#since(read, id)), ...changes.slice(-1)].join(', by the ');
  }

  // ── Pages ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #checkConnection(read: Read, question: PageQuestion, shown: ShownPage | null): string[] {
    if (shown === null) return read.body.failed(['catalogs']) ? [] : ['P7: no page, and no error'];
    const wrong = shown.edges.flatMap(({ node }, at) =>
      this.#checkRow(read, node.sourceId, node, ['catalogs', 'edges', at, 'node']),
    );
    const rows = shown.edges.flatMap(({ node }) => this.#catalogue.version(node.sourceId, node.lotCount)?.row ?? []);
    // Rows that never were have no place in an order.
    if (rows.length < shown.edges.length) return wrong;
    const isShown = new Set(rows.map(({ id }) => id));
    const ids = this.#catalogue.ids.filter((id) => !isShown.has(id));
    const others = new Map(ids.map((id) => [id, this.#allowed(read, id)]));
    return [...wrong, ...checkPage({ question, shown, rows, others }).map((says) => `P2/P3: ${says}`)];
  }
}

function isNotReached({ after }: Answer, { status, text }: Reply): boolean {
  return after !== undefined && status === 504 && text.includes('"UPSTREAM_TIMEOUT"');
}

/** Fields that are not those of the version. */
function tornFields(shown: ShownRow, version: ShownRow, withoutSeller: boolean): string[] {
  const fields = Object.keys(version) as (keyof ShownRow)[];
  return fields.filter(
    (field) =>
      !(withoutSeller && field === 'seller') && JSON.stringify(shown[field]) !== JSON.stringify(version[field]),
  );
}

function whyOf({ cacheStatus }: Reply, { errors }: Body): string {
  return [cacheStatus, ...errors.map(({ extensions }) => extensions.code)].join(' ');
}

function spanOf({ askedMs, answeredMs }: Answer) {
  return { fromMs: askedMs, untilMs: answeredMs };
}
