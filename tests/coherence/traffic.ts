/**
 * Traffic: readers at every gateway, so that one that hangs holds up nobody but its own, and writers that change rows
 * and tell a gateway of it, or do not.
 *
 * Everything is written down as it happens; nothing is judged here.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Chance } from '../simulation/random.ts';
import type { Deployment } from './deployment.ts';
import type { GatewayProcess, HttpReply } from './gateway.ts';
import { anyQuestion, documentOf, type PageQuestion, type Question, type ShownPage } from './questions.ts';
import type { Change, ProcessId, Recorder, Reply } from './record.ts';

export type Writing = {
  /** Gateways are told of a change first, and it comes so much later; else it comes, and then they are told. */
  lagMs?: number;
  /** No row comes or goes. */
  onlyRewrites?: boolean;
};

type Options = { deployment: Deployment; recorder: Recorder; seed: number };

const readersPerReplica = 3;
const writers = 2;
/** Between two questions of a reader, and two changes of a writer, in ms. */
const readerPauseMs = [5, 25] as const;
const writerPauseMs = [60, 140] as const;
/** So that the whole collection fits on one page of 100. */
const rowsAtMost = 85;
const rowsAtLeast = 45;

export class Traffic {
  readonly #options: Options;
  readonly #over = new AbortController();
  readonly #running: Promise<void>[];
  /** As whatever is at fault has it. */
  writing: Writing = {};

  constructor(options: Options) {
    this.#options = options;
    const { replicas } = options.deployment;
    const loops = [
      ...replicas.flatMap((_, replica) => Array.from({ length: readersPerReplica }, () => this.#reads(replica))),
      ...Array.from({ length: writers }, () => this.#writes()),
    ];
    this.#running = loops.map((loop, index) => this.#repeat(loop, new Chance(options.seed * 1_000 + index)));
  }

  /** Resolves once whatever is under way has come to its end. */
  async stop(): Promise<void> {
    this.#over.abort();
    await Promise.all(this.#running);
  }

  async #repeat(loop: Loop, chance: Chance): Promise<void> {
    while (!this.#over.signal.aborted) {
      await loop.act(chance);
      const [shortestMs, longestMs] = loop.pauseMs;
      await delay(chance.between(shortestMs, longestMs), undefined, { signal: this.#over.signal }).catch(() => {});
    }
  }

  // ── Readers ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #reads(replica: number): Loop {
    let next: Question | undefined;
    return {
      pauseMs: readerPauseMs,
      act: async (chance) => {
        const { deployment, recorder } = this.#options;
        const question = next ?? anyQuestion(chance, deployment.catalogue.ids);
        const reply = await ask({ deployment, recorder }, replica, question);
        next = this.#next(chance, question, reply);
      },
    };
  }

  /** The page after this one; the same once more, for what is kept of answers; or another. */
  #next(chance: Chance, question: Question, reply: Reply | undefined): Question | undefined {
    switch (chance.weighted({ pageBehind: 4, same: 3, another: 3 })) {
      case 'pageBehind':
        return this.#pageBehind(question, reply);
      case 'same':
        return question;
      case 'another':
        return undefined;
    }
  }

  /** The page after the one that was just shown, if there is one. */
  #pageBehind(question: Question, reply: Reply | undefined): Question | undefined {
    if (question.kind !== 'page' || !('first' in question.page.take) || reply === undefined) return undefined;
    const after = this.#endOf(reply);
    return after && { kind: 'page', page: { ...question.page, after } };
  }

  #endOf({ text }: Reply): PageQuestion['after'] {
    const { data } = JSON.parse(text) as { data?: { catalogs?: ShownPage | null } };
    const page = data?.catalogs;
    const last = page?.edges.at(-1);
    if (page?.pageInfo.hasNextPage !== true || last === undefined) return undefined;
    const state = this.#options.deployment.catalogue.version(last.node.sourceId, last.node.lotCount);
    return state && { row: state.row, cursor: last.cursor };
  }

  // ── Writers ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #writes(): Loop {
    return { pauseMs: writerPauseMs, act: (chance) => this.#writeAndTell(chance) };
  }

  async #writeAndTell(chance: Chance): Promise<void> {
    const { lagMs } = this.writing;
    const writes = Array.from({ length: chance.is(0.2) ? 3 : 1 }, () => this.#anyWrite(chance));
    const write = () => {
      for (const { make } of writes) make();
    };
    const tell = this.#anyTelling(chance, [...new Set(writes.map(({ id }) => id))]);
    if (lagMs === undefined) {
      write();
      await tell();
    } else {
      await Promise.all([tell(), delay(lagMs).then(write)]);
    }
  }

  #anyWrite(chance: Chance): { id: string; make(): void } {
    const { catalogue } = this.#options.deployment;
    const { onlyRewrites = false } = this.writing;
    const there = catalogue.present.length;
    const putting = (id: string) => ({ id, make: () => void catalogue.put(id) });
    const removing = (id: string) => ({ id, make: () => catalogue.remove(id) });
    const mayGo = there > rowsAtLeast && !onlyRewrites;
    const mayCome = there < rowsAtMost && !onlyRewrites;
    const kind = chance.weighted({
      put: 10,
      remove: mayGo ? 2 : 0,
      makeAnew: mayCome ? 1 : 0,
      create: mayCome ? 1 : 0,
    });
    const present = catalogue.present.map((row) => row.id);
    const gone = catalogue.ids.filter((id) => catalogue.now(id) === undefined);
    if (kind === 'remove') return removing(chance.pick(present));
    if (kind === 'makeAnew' && gone.length > 0) return putting(chance.pick(gone));
    return putting(kind === 'put' ? chance.pick(present) : catalogue.freshId());
  }

  /** Nobody is told, or one gateway is: by an operator, or by upstream, which says what became of each row. */
  #anyTelling(chance: Chance, ids: readonly string[]): () => Promise<void> {
    const how = chance.weighted({ byAnOperator: 3, byUpstream: 3, untold: 3, purged: 1 });
    const replicas = this.#options.deployment.replicas.length;
    const [told, asked] = [chance.between(0, replicas - 1), chance.between(0, replicas - 1)];
    const isAsked = chance.is(0.5);
    return async () => {
      if (how === 'untold') return;
      // Of what is still to come upstream cannot say what it is.
      const byUpstream = how === 'byUpstream' && this.writing.lagMs === undefined;
      const change = await this.#tell(told, { ids, purge: how === 'purged', byUpstream });
      if (change.position !== undefined && isAsked) await this.#askAfter(asked, change);
    };
  }

  async #tell(replica: number, { ids, purge, byUpstream }: Telling): Promise<Change> {
    const { deployment, recorder } = this.#options;
    const { gateway } = deployment.replicas[replica] as (typeof deployment.replicas)[number];
    const change = recorder.tells({ by: { replica, life: gateway.life }, ids, purge });
    try {
      const reply = byUpstream
        ? await gateway.tell(ids.map((id) => this.#eventOf(id)))
        : await gateway.invalidate({ type: 'catalog', ids, mode: purge ? 'purge' : 'refresh' });
      noteAcknowledgement(change, reply);
    } catch {
      // Nobody was promised anything.
    }
    return change;
  }

  #eventOf(id: string): Record<string, unknown> {
    const row = this.#options.deployment.catalogue.now(id);
    return row ? { type: 'catalog.updated', id, updatedAt: row.updated_at } : { type: 'catalog.deleted', id };
  }

  /** Who made the change asks another gateway for what it became. */
  async #askAfter(replica: number, change: Change): Promise<void> {
    const [id] = change.ids;
    await ask(this.#options, replica, { kind: 'row', id: id as string }, change);
  }
}

type Telling = { ids: readonly string[]; purge: boolean; byUpstream: boolean };

type Loop = { pauseMs: readonly [number, number]; act(chance: Chance): Promise<void> };

/** Acknowledged, it binds everybody; 503 with this scope, the one process that was told until it can tell the others. */
function noteAcknowledgement(change: Change, { status, text }: HttpReply): void {
  const nowMs = performance.now();
  const { scope, position } = JSON.parse(text) as { scope?: unknown; position?: string };
  const isKnown = status === 200 || status === 202;
  if (isKnown || scope === 'process') change.acknowledgedMs = nowMs;
  if (!isKnown) return;
  change.knownElsewhereMs = nowMs;
  if (position !== undefined) change.position = position;
}

/**
 * @param after - A change that the answer is to know of.
 * @returns The answer, if there was a whole one.
 */
export async function ask(
  { deployment, recorder }: Pick<Options, 'deployment' | 'recorder'>,
  replica: number,
  question: Question,
  after?: Change,
): Promise<Reply | undefined> {
  const { gateway } = deployment.replicas[replica] as (typeof deployment.replicas)[number];
  const by: ProcessId = { replica, life: gateway.life };
  const askedMs = performance.now();
  const reply = await replyOf(gateway, question, after).catch((error: Error) => ({
    cut: String(error.cause ?? error),
  }));
  recorder.answers.push({ by, question, after, askedMs, answeredMs: performance.now(), reply });
  return 'cut' in reply ? undefined : reply;
}

async function replyOf(gateway: GatewayProcess, question: Question, after?: Change): Promise<Reply> {
  const { query, variables } = documentOf(question);
  const { status, headers, text } = await gateway.query(query, variables, after?.position);
  const header = (name: string) => (typeof headers[name] === 'string' ? headers[name] : undefined);
  return { status, text, requestId: header('x-request-id'), cacheStatus: header('cache-status') };
}
