/**
 * Traffic over two gateways while something happens to Redis: rows by id and in pages, and changes of them all the time.
 *
 * Each row's title says its version. Who asks after a change was acknowledged is given that version or a later one: at
 * the gateway that acknowledged it at once, at the other one when `COHERENCE_MS` is over, as long as that one is told.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Clock } from '../../src/cache/clock.ts';
import type { EmbeddedUpstream } from '../../src/embedded/index.ts';
import { encodeNodeId } from '../../src/graphql/index.ts';
import { eventually } from '../support/redis.ts';
import { startRealWorld, untilWarm, type World } from '../support/world.ts';
import { ready, well } from './redis-checks.ts';

const coherenceMs = 400;
const requestTimeoutMs = 5_000;

/** Rows that no drain has read when it begins, in all sixteen buckets. */
const ids = Array.from({ length: 48 }, (_, index) => String(7_000 + index));
const readers = 6;

export type RealWorld = World<Clock>;
type Found = { catalog: { title: string } | null; catalogs: { nodes: { title: string }[] } };

/** @param redis - Settings by which it is reached. */
export async function startInTraffic(redis: Record<string, string>, upstream: EmbeddedUpstream): Promise<RealWorld> {
  const settings = {
    REDIS_TIMEOUT_MS: '500',
    COHERENCE_MS: String(coherenceMs),
    REQUEST_TIMEOUT_MS: String(requestTimeoutMs),
    ...redis,
  };
  const world = await startRealWorld({ settings, sharedUpstream: upstream });
  await untilWarm(world);
  return world;
}

export class Traffic {
  readonly #worlds: readonly RealWorld[];
  readonly #upstream: EmbeddedUpstream;
  readonly #versions = new Map<string, number>();
  /** By gateway and row: what those who ask from then on are to be given. */
  readonly #floors = new Map<string, number>();
  readonly #running: Promise<void>[] = [];
  #isOver = false;

  /** Whether each gateway hears of changes at the other in time. Not while the log's server is away. */
  isTold = true;
  answered = 0;
  acknowledged = 0;
  deferred = 0;
  readonly #mistakes: string[] = [];
  #slowestMs = 0;

  constructor(worlds: readonly RealWorld[], upstream: EmbeddedUpstream) {
    this.#worlds = worlds;
    this.#upstream = upstream;
    for (const id of ids) this.#put(id);
  }

  /** Resolves once it is under way. */
  async start(): Promise<void> {
    for (let index = 0; index < readers; index++) this.#running.push(this.#until(() => this.#read()));
    this.#running.push(this.#until(() => this.#change()));
    await this.#goesOn();
  }

  /** All well again, by themselves; and no request was answered wrong or late, then or before. */
  async endWell(): Promise<void> {
    for (const world of this.#worlds) await eventually(async () => (await ready(world)).status === 'ok', 12_000);
    this.isTold = true;
    await this.#goesOn();
    await this.stop();
    expect(this.#mistakes).toEqual([]);
    expect(this.#slowestMs).toBeLessThan(requestTimeoutMs);
    await eventually(() => this.#isLevel());
    for (const world of this.#worlds) {
      expect(await ready(world)).toMatchObject(well);
      expect(await world.metric('vitrine_store_up')).toBe(1);
      expect(world.logs().filter(({ level }) => Number(level) >= 50)).toEqual([]);
    }
  }

  async #goesOn(): Promise<void> {
    const { acknowledged, answered } = this;
    await eventually(() => this.acknowledged >= acknowledged + 5 && this.answered >= answered + 100);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
  }

  /** Whether every gateway now gives the last version of every row. */
  async #isLevel(): Promise<boolean> {
    for (const world of this.#worlds) {
      for (const id of ids) {
        const { catalog, catalogs } = (await this.#ask(world, id)).data;
        const last = titleOf(id, this.#versions.get(id) as number);
        if (catalog?.title !== last || catalogs.nodes[0]?.title !== last) return false;
      }
    }
    return true;
  }

  async #until(step: () => Promise<void>): Promise<void> {
    while (!this.#isOver) {
      await step();
      await delay(1);
    }
  }

  async #read(): Promise<void> {
    const [world, id] = [oneOf(this.#worlds), oneOf(ids)];
    const floor = this.#floors.get(this.#placeOf(world, id)) ?? 0;
    const beganAtMs = performance.now();
    const { status, data, errors, text } = await this.#ask(world, id);
    this.#slowestMs = Math.max(this.#slowestMs, performance.now() - beganAtMs);
    this.answered += 1;
    if (status !== 200 || errors !== undefined) {
      this.#mistakes.push(`${status}: ${text}`);
      return;
    }
    // What nobody has read or changed yet is on no page.
    const inPages = data.catalogs.nodes[0]?.title ?? (floor === 0 ? titleOf(id, 0) : undefined);
    for (const title of [data.catalog?.title, inPages]) {
      const version = Number(title?.split(' version ')[1]);
      if (!(version >= floor)) this.#mistakes.push(`gateway ${this.#worlds.indexOf(world)}: ${title}, not ${floor}`);
    }
  }

  async #change(): Promise<void> {
    const [world, id] = [oneOf(this.#worlds), oneOf(ids)];
    const version = this.#put(id);
    const { isTold } = this;
    const { status, body } = await world.invalidate({ type: 'catalog', ids: [id] });
    if (status !== 200 && status !== 503) this.#mistakes.push(`change: ${status} ${JSON.stringify(body)}`);
    this.#raise(world, id, version);
    if (status !== 200) {
      this.deferred += 1;
      return;
    }
    this.acknowledged += 1;
    if (isTold) this.#running.push(this.#raiseAtAll(id, version));
  }

  async #raiseAtAll(id: string, version: number): Promise<void> {
    // The margin is for the machine, which is busy.
    await delay(coherenceMs + 100);
    if (!this.isTold) return;
    for (const world of this.#worlds) this.#raise(world, id, version);
  }

  #ask(world: RealWorld, id: string) {
    return world.query<Found>(
      `query ($id: ID!, $text: String) {
        catalog(id: $id) { title }
        catalogs(first: 1, filter: {titleContains: $text}) { nodes { title } }
      }`,
      { id: encodeNodeId('Catalog', id), text: `row ${id} ` },
    );
  }

  #put(id: string): number {
    const version = (this.#versions.get(id) ?? 0) + 1;
    this.#versions.set(id, version);
    const row = this.#upstream.collections.get('catalogs', '1');
    const updated = new Date(Date.parse('2026-11-23T12:00:00Z') + version * 1000).toISOString();
    this.#upstream.collections.put('catalogs', { ...row, id, title: titleOf(id, version), updated_at: updated });
    return version;
  }

  #raise(world: RealWorld, id: string, version: number): void {
    const place = this.#placeOf(world, id);
    this.#floors.set(place, Math.max(version, this.#floors.get(place) ?? 0));
  }

  #placeOf(world: RealWorld, id: string): string {
    return `${this.#worlds.indexOf(world)} ${id}`;
  }
}

function titleOf(id: string, version: number): string {
  return `row ${id} version ${version}`;
}

function oneOf<T>(list: readonly T[]): T {
  return list[Math.floor(Math.random() * list.length)] as T;
}
