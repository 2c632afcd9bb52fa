/**
 * One round of measuring: each cost once, from what processes used while that was done which costs it.
 *
 * Rounds follow each other, so that what else the machine does falls on all costs alike; the median is taken of each.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from '@redis/client';
import { controlKeys } from '../../src/cache/keys.ts';
import { scripts } from '../../src/cache/redis-scripts.ts';
import type { CatalogRow } from '../../src/embedded/index.ts';
import { encodeNodeId } from '../../src/graphql/node-id.ts';
import type { GatewayProcess, HttpReply } from '../../tests/coherence/gateway.ts';
import type { Costs } from './model.ts';
import { pageQuery, pages, rowQuery } from './questions.ts';
import type { Stage } from './stage.ts';
import { type Used, usedWhile } from './use.ts';

/** How many of each; enough for a tenth of a second of CPU time. */
const counts = { kept: 4_000, compiled: 1_500, rows: 400, fills: 400, changes: 80, redis: 3_000 };
const idleSeconds = 3;
const connections = 8;
const coherenceMs = 1_000;

export type Sample = Omit<Costs, 'processBytes' | 'rowInMemory' | 'movedRowNs' | 'sortedRowUs'> & {
  /** For the table alone: how often a process looks for one change. */
  looksPerChange: number;
};

/** @param stage - Three gateways, the last of which keeps no answers. */
export class Probes {
  readonly #stage: Stage;
  readonly #a: GatewayProcess;
  readonly #b: GatewayProcess;
  readonly #c: GatewayProcess;
  readonly #rows: CatalogRow[];
  #serial = 0;

  constructor(stage: Stage) {
    this.#stage = stage;
    const [a, b, c] = stage.gateways;
    if (a === undefined || b === undefined || c === undefined) throw new Error('three gateways are needed');
    [this.#a, this.#b, this.#c] = [a, b, c];
    this.#rows = [...stage.rows];
  }

  /** Until each has sorted and compiled what it is asked for. */
  async warm(): Promise<void> {
    for (const gateway of this.#stage.gateways) {
      for (let index = 0; index < 2 * pages.length; index++) await this.#page(gateway, index);
    }
  }

  async round(): Promise<Sample> {
    const idle = await this.#idle();
    const answers = await this.#answers();
    const fill = await this.#fills();
    const changes = await this.#changes(idle.idleUsPerSecond);
    const drain = await this.#drains();
    return {
      ...idle,
      ...answers,
      ...fill,
      ...changes,
      ...drain,
      ...(await this.#redisAlone()),
      ...(await this.#bytes()),
    };
  }

  // ── Gateways ──────────────────────────────────────────────────────────────────────────────────────────────────────

  async #idle() {
    const used = await this.#while(() => delay(1_000 * idleSeconds));
    const [a, b] = used.gatewayUs as [number, number];
    return { idleUsPerSecond: (a + b) / 2 / used.seconds };
  }

  async #answers() {
    await this.warm();
    const kept = await this.#while(() => this.#askAll(counts.kept, (index) => this.#page(this.#a, index)));
    const compiled = await this.#while(() => this.#askAll(counts.compiled, (index) => this.#page(this.#c, index)));
    return {
      keptAnswerUs: (kept.gatewayUs[0] as number) / counts.kept,
      compiledAnswerUs: (compiled.gatewayUs[2] as number) / counts.compiled,
    };
  }

  /** Rows that upstream has had since the last drain are known to nobody; they are asked for once, as are others. */
  async #fills() {
    const [template] = this.#rows as [CatalogRow];
    const fresh = Array.from({ length: counts.fills }, () => `new${this.#serial++}`);
    for (const id of fresh) await this.#stage.upstream.put({ ...template, id });
    const held = this.#take(counts.rows).map(({ id }) => String(id));
    const ask = (ids: readonly string[]) => this.#askAll(ids.length, (index) => this.#row(this.#c, ids[index]));
    const ofHeld = await this.#while(() => ask(held));
    const ofFresh = await this.#while(() => ask(fresh));
    const filledUs = (ofFresh.gatewayUs[2] as number) / counts.fills;
    return {
      fillUs: filledUs - (ofHeld.gatewayUs[2] as number) / counts.rows,
      redisFillUs: (ofFresh.redis.cpuUs - ofHeld.redis.cpuUs) / counts.fills,
    };
  }

  /** One after the other, so that each is a run of its own; then again with the others paused. */
  async #changes(idleUsPerSecond: number) {
    const all = await this.#while(() => this.#tellAll());
    const others = [this.#b, this.#c];
    for (const gateway of others) gateway.pause();
    const alone = await this.#while(() => this.#tellAll()).finally(() => {
      for (const gateway of others) gateway.resume();
    });
    await Promise.all(others.map((gateway) => this.#page(gateway, 0)));
    const each = (us: number, { seconds }: Used) => (us - idleUsPerSecond * seconds) / counts.changes;
    const [here, b, c] = all.gatewayUs as [number, number, number];
    const ofOthers = (name: 'cpuUs' | 'bytesOut' | 'looks') =>
      (all.redis[name] - alone.redis[name]) / counts.changes / others.length;
    return {
      changeHereUs: each(here, all),
      changeElsewhereUs: (each(b, all) + each(c, all)) / 2,
      redisChangeUs: alone.redis.cpuUs / counts.changes,
      redisChangeReadUs: ofOthers('cpuUs'),
      changeReadBytes: ofOthers('bytesOut'),
      looksPerChange: ofOthers('looks'),
    };
  }

  /** A reset is a drain at the one that is told; the others take it from Redis as soon as a page is asked of them. */
  async #drains() {
    const rows = (await this.#a.readyz()).checks.catalogs?.size ?? Number.NaN;
    const drained = await this.#while(() => succeed(this.#a.invalidate({ type: 'catalog', all: true })));
    await delay(coherenceMs); // Until then the others may go on with what they have.
    const loaded = await this.#while(() =>
      this.#ask(this.#b, rowQuery, { id: 'x' }).then(() => this.#page(this.#b, 3)),
    );
    const sorted = await this.#while(() => this.#page(this.#a, 3));
    await this.#page(this.#c, 3);
    const [drainUs] = drained.gatewayUs as [number];
    const [, loadUs] = loaded.gatewayUs as [number, number];
    return {
      drainedRowUs: drainUs / rows,
      loadedRowUs: (loadUs - (sorted.gatewayUs[0] as number)) / rows,
      redisRowUs: drained.redis.cpuUs / rows,
      redisRowReadUs: loaded.redis.cpuUs / rows,
      rowBytes: loaded.redis.bytesOut / rows,
    };
  }

  // ── Redis ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** What gateways send it again and again, sent from here, with all gateways paused. */
  async #redisAlone() {
    const client = createClient({ url: this.#stage.redis.url.href, scripts });
    await client.connect();
    for (const gateway of this.#stage.gateways) gateway.pause();
    try {
      const { control, log } = controlKeys('vitrine');
      const look = async () => {
        const { era, last } = await client.vitrineLook(control, log, 'none', '', '99999999999999-0', '1000', '60000');
        return { era: String(era), last: String(last) };
      };
      const { era, last } = await look();
      const lookNow = () => client.vitrineLook(control, log, 'none', era, last, '1000', '60000');
      const looks = await this.#while(() => times(counts.redis, lookNow));
      const poll = async () => {
        await client.get('{vitrine}:bench:base');
        await client.vitrineLease(['{vitrine}:bench:lease'], 'bench', '2000', '');
      };
      const polls = await this.#while(() => times(counts.redis, poll));
      return {
        redisLookUs: looks.redis.cpuUs / counts.redis,
        lookBytes: looks.redis.bytesOut / counts.redis,
        redisPollUs: polls.redis.cpuUs / counts.redis,
      };
    } finally {
      for (const gateway of this.#stage.gateways) gateway.resume();
      client.destroy();
    }
  }

  async #bytes() {
    const { redis } = this.#stage;
    const sizeOf = (key: string) => redis.send<number>('MEMORY', 'USAGE', key, 'SAMPLES', '0');
    const era = await redis.send<string>('HGET', '{vitrine}:control', 'era');
    const log = `{vitrine}:log:${era}`;
    const [manifest] = await redis.scan('{vitrine}:*:base:catalogs:*');
    const { drain, chunks, rows } = JSON.parse(
      (await redis.send<string>('GET', manifest as string)).split('\n')[1] as string,
    );
    const chunkKeys = Array.from({ length: chunks }, (_, index) => `{vitrine}:${era}:chunk:catalogs:${drain}:${index}`);
    const chunkBytes = await Promise.all(chunkKeys.map(sizeOf));
    const rowKeys = (await redis.scan('vitrine:{catalog:*')).filter((key) => !key.includes(':lease:')).slice(0, 200);
    const rowBytes = await Promise.all(rowKeys.map(sizeOf));
    return {
      rowInRedis: sum(chunkBytes) / rows,
      rowKeyInRedis: sum(rowBytes) / rowBytes.length,
      recordInLog: (await sizeOf(log)) / (await redis.send<number>('XLEN', log)),
    };
  }

  // ── Doing ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  #while(act: () => Promise<unknown>): Promise<Used> {
    return usedWhile(this.#stage, act);
  }

  async #askAll(count: number, ask: (index: number) => Promise<unknown>): Promise<void> {
    let next = 0;
    const asker = async () => {
      while (next < count) await ask(next++);
    };
    await Promise.all(Array.from({ length: connections }, asker));
  }

  #page(gateway: GatewayProcess, index: number): Promise<HttpReply> {
    const { orderBy, filter } = pages[index % pages.length] as (typeof pages)[number];
    return this.#ask(gateway, pageQuery, { orderBy, filter });
  }

  #row(gateway: GatewayProcess, id = ''): Promise<HttpReply> {
    return this.#ask(gateway, rowQuery, { id: encodeNodeId('Catalog', id) });
  }

  async #ask(gateway: GatewayProcess, query: string, variables: Record<string, unknown>): Promise<HttpReply> {
    const reply = await succeed(gateway.query(query, variables));
    if (reply.text.includes('"errors"')) throw new Error(reply.text);
    return reply;
  }

  async #tellAll(): Promise<void> {
    for (const row of this.#take(counts.changes)) {
      const updated_at = new Date().toISOString();
      await this.#stage.upstream.put({ ...row, lot_count: this.#serial++, updated_at });
      await succeed(this.#a.tell([{ type: 'catalog.updated', id: String(row.id), updatedAt: updated_at }]));
    }
  }

  /** Rows that were not taken before. */
  #take(count: number): CatalogRow[] {
    const rows = this.#rows.splice(0, count);
    if (rows.length < count) throw new Error('too few rows for so many rounds');
    return rows;
  }
}

async function succeed(reply: Promise<HttpReply>): Promise<HttpReply> {
  const { status, text } = await reply;
  if (status >= 300) throw new Error(`${status}: ${text}`);
  return reply;
}

async function times(count: number, act: () => Promise<unknown>): Promise<void> {
  for (let done = 0; done < count; done++) await act();
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
