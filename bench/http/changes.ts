/**
 * Rows that change while they are asked for: so many a second are changed at the API, and Vitrine is told of each.
 *
 *   changed ─► told ─► acknowledged ─► asked for at once, by itself and by a page: no older than the change (P6)
 *
 * In the end all rows are again as they were.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { request } from 'undici';
import type { Random } from '../../src/embedded/random.ts';
import { encodeNodeId } from '../../src/graphql/node-id.ts';
import { ask, type Target } from './answers.ts';

export const webhookSecret = `whsec_${Buffer.from('webhook-secret-of-the-benchmark').toString('base64')}`;

type Changing = {
  upstreamUrl: string;
  target: Target;
  /** Ids are counted from 1. */
  rows: number;
  perSecond: number;
  random: Random;
};

export type Changed = {
  /** What went wrong, if anything did. */
  fault: string | undefined;
  changes: number;
  /** How often one had to be told again, because it was not acknowledged. */
  repeated: number;
};

type Row = { id: string; updated_at: string };

const mostTries = 20;
const betweenTriesMs = 100;
const webhook = new Webhook(webhookSecret);
const rowQuery = 'query Row($id: ID!) { catalog(id: $id) { updatedAt } }';
const latestQuery = '{ catalogs(first: 1, orderBy: { field: UPDATED_AT, direction: DESC }) { nodes { updatedAt } } }';

export class Changes {
  readonly #changing: Changing;
  readonly #before = new Map<string, Row>();
  readonly #underWay = new Set<Promise<void>>();
  #done = 0;
  #repeated = 0;
  #fault: string | undefined;

  constructor(changing: Changing) {
    this.#changing = changing;
  }

  /** For as long as that takes, until the last of them is done. */
  async during<T>(act: () => Promise<T>): Promise<T> {
    const ended = new AbortController();
    const running = this.#run(ended.signal);
    try {
      return await act();
    } finally {
      ended.abort();
      await running;
      await Promise.all(this.#underWay);
    }
  }

  /** So far. */
  get outcome(): Changed {
    return { fault: this.#fault, changes: this.#done, repeated: this.#repeated };
  }

  /** All rows are again as they were. */
  async undo(): Promise<void> {
    for (const row of this.#before.values()) await this.#write('PUT', row.id, row);
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { perSecond } = this.#changing;
    const startedAtMs = performance.now();
    for (let begun = 0; !signal.aborted; ) {
      const due = Math.floor(((performance.now() - startedAtMs) * perSecond) / 1_000);
      for (; begun < due; begun++) this.#start();
      await delay(1_000 / perSecond / 2, undefined, { signal }).catch(() => {}); // Told to stop.
    }
  }

  /** Not waited for: under load one takes longer than the time to the next. */
  #start(): void {
    const change = this.#change().then(
      (fault) => {
        this.#done += 1;
        this.#fault ??= fault;
      },
      (error: Error) => {
        this.#fault ??= `failed at a change: ${error.message}`;
      },
    );
    this.#underWay.add(change);
    void change.then(() => this.#underWay.delete(change));
  }

  /** @returns What was older than the change that had been acknowledged. */
  async #change(): Promise<string | undefined> {
    const { target, rows, random } = this.#changing;
    const id = String(1 + Math.floor(random() * rows));
    if (!this.#before.has(id)) this.#before.set(id, await this.#read(id));
    const { updated_at: updatedAt } = await this.#write('PATCH', id, { lot_count: Math.floor(random() * 600) });
    await this.#tell({ type: 'catalog.updated', id, updatedAt });
    const [row, page] = await Promise.all([
      ask(target, JSON.stringify({ query: rowQuery, variables: { id: encodeNodeId('Catalog', id) } })),
      ask(target, JSON.stringify({ query: latestQuery })),
    ]);
    const { catalog } = (row.data ?? {}) as { catalog?: { updatedAt: string } };
    const { catalogs } = (page.data ?? {}) as { catalogs?: { nodes: { updatedAt: string }[] } };
    const shown = { 'a row': catalog?.updatedAt, 'a page': catalogs?.nodes[0]?.updatedAt };
    const old = Object.entries(shown).find(([, at]) => at === undefined || Date.parse(at) < Date.parse(updatedAt));
    return old && `answered ${old[0]} of ${old[1]}, after it had acknowledged the change of ${updatedAt}`;
  }

  async #tell(event: object): Promise<void> {
    const [id, at, body] = [randomUUID(), new Date(), JSON.stringify({ events: [event] })];
    const { origin } = new URL(this.#changing.target.url);
    const headers = {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
      'webhook-signature': webhook.sign(id, at, body),
    };
    for (let tries = 1; ; tries++) {
      const answer = await request(`${origin}/webhooks/upstream`, { method: 'POST', headers, body });
      const text = await answer.body.text();
      if (answer.statusCode < 300) return;
      if (answer.statusCode !== 503 || tries === mostTries) {
        throw new Error(`it answered ${answer.statusCode}: ${text.slice(0, 200)}`);
      }
      // As upstreams do, until it is acknowledged.
      this.#repeated += 1;
      await delay(betweenTriesMs);
    }
  }

  async #read(id: string): Promise<Row> {
    const answer = await request(`${this.#changing.upstreamUrl}/catalogs/${id}`);
    return (await answer.body.json()) as Row;
  }

  async #write(method: 'PUT' | 'PATCH', id: string, fields: object): Promise<Row> {
    const body = JSON.stringify(fields);
    const answer = await request(`${this.#changing.upstreamUrl}/__rows/catalogs/${id}`, { method, body });
    return (await answer.body.json()) as Row;
  }
}
