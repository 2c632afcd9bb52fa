/**
 * The simulated API: rows with versions, and everything that was ever read of them.
 *
 * Each row that is given carries the number of the read that gave it, in its own wire text. So whatever the engine does
 * with it, an answer tells from which upstream read it came, and when that was sent.
 */
import { type Codec, versionOfTime } from '../../src/cache/codec.ts';
import { Superseded } from '../../src/data/base-fills.ts';
import type { Definition } from '../../src/data/definition.ts';
import { type ChunkSink, type Endpoint, type Row, type Upstream, UpstreamError } from '../../src/upstream/index.ts';
import { call, type Fate } from './network.ts';
import type { Chance } from './random.ts';
import type { Actor, Scheduler } from './scheduler.ts';
import type { Story } from './story.ts';

export type Item = { id: string; name: string; version: string; read: number };

const codec: Codec<Item> = {
  shape: 'simulate',
  decode: (wire) => {
    const item = wire as Item;
    if (typeof item.version !== 'string') throw new TypeError('no version');
    return item;
  },
};

export const items: Definition<Item> = {
  name: 'item',
  type: 'Item',
  endpoint: { name: 'items', path: '/items', codec, idOf: ({ id }) => id },
  versionOf: ({ version }) => versionOfTime(version),
  orders: { NAME: ({ name }) => name },
  filters: {},
};

/** As `updated_at`: sorts. */
export function versionText(version: number): string {
  return new Date(Date.UTC(2026, 0, 1) + version).toISOString();
}

type Moment = { atMs: number; version: string | null };

/** One upstream read. */
export type UpstreamRead = {
  number: number;
  by: string;
  kind: 'rows' | 'page';
  ids: readonly string[];
  sentAtMs: number;
  /** What it gave, once it was carried out; null for a row that was not there. */
  gave: Map<string, string | null>;
  over: boolean;
};

/** How upstream answers at present. */
export type UpstreamMood = { slowMs: number; failing: number; hanging: number; lagMs: number };

export const calmMood: UpstreamMood = { slowMs: 30, failing: 0, hanging: 0, lagMs: 0 };

export class Catalogue {
  readonly reads: UpstreamRead[] = [];
  /** Reads that said something of an id, in the order they were sent; of absence as of presence. */
  readonly #said = new Map<string, { sentAtMs: number; doneAtMs: number; version: string | null }[]>();
  readonly #history = new Map<string, Moment[]>();
  #version = 0;
  lastFailureAtMs = Number.NEGATIVE_INFINITY;
  lastChangeAtMs = 0;

  get ids(): string[] {
    return [...this.#history.keys()];
  }

  /** @returns The stamp that upstream's own event of it carries: the version, or that of its going. */
  write(id: string, atMs: number, what: 'put' | 'delete'): string {
    const stamp = versionText(++this.#version);
    const version = what === 'put' ? stamp : null;
    const history = this.#history.get(id) ?? [];
    history.push({ atMs, version });
    this.#history.set(id, history);
    this.lastChangeAtMs = atMs;
    return stamp;
  }

  versionAt(id: string, atMs: number): string | null {
    const history = this.#history.get(id) ?? [];
    for (let i = history.length - 1; i >= 0; i--) {
      const moment = history[i] as Moment;
      if (moment.atMs <= atMs) return moment.version;
    }
    return null;
  }

  createdAtMs(id: string): number {
    return this.#history.get(id)?.[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  everHad(id: string, version: string): boolean {
    return this.#history.get(id)?.some((moment) => moment.version === version) ?? false;
  }

  present(atMs: number): string[] {
    return this.ids.filter((id) => this.versionAt(id, atMs) !== null).sort();
  }

  read(by: string, kind: UpstreamRead['kind'], ids: readonly string[], sentAtMs: number): UpstreamRead {
    const read = { number: this.reads.length, by, kind, ids, sentAtMs, gave: new Map(), over: false };
    this.reads.push(read);
    return read;
  }

  say(id: string, said: { sentAtMs: number; doneAtMs: number; version: string | null }): void {
    const all = this.#said.get(id) ?? [];
    all.push(said);
    this.#said.set(id, all);
  }

  said(id: string): readonly { sentAtMs: number; doneAtMs: number; version: string | null }[] {
    return this.#said.get(id) ?? [];
  }

  rowOf(id: string, version: string, read: UpstreamRead): Item {
    // The order of rows changes with their versions.
    const name = String.fromCharCode(97 + ((Number(version.slice(-4, -1)) * 7 + id.charCodeAt(0) * 3) % 26));
    return { id, name, version, read: read.number };
  }
}

/** Rows on the first page of a drain. */
const pageRows = 2;

/** For all tries of a request together. */
const timeoutMs = 1_500;

type Options = {
  name: string;
  actor: Actor;
  catalogue: Catalogue;
  scheduler: Scheduler;
  chance: Chance;
  story: Story;
  mood: () => UpstreamMood;
  /** Told of each read as it is sent. */
  sending(read: UpstreamRead): void;
  count(branch: string): void;
};

/** What one process reads upstream through. */
export class SimUpstream implements Upstream {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  async one<T>(endpoint: Endpoint<T>, id: string, signal: AbortSignal): Promise<Row<T> | null> {
    const row = (await this.#rows(endpoint, [id], signal)).get(id);
    if (row instanceof UpstreamError) throw row;
    return row ?? null;
  }

  many<T>(endpoint: Endpoint<T>, ids: readonly string[], signal: AbortSignal) {
    return this.#rows(endpoint, ids, signal);
  }

  async #rows<T>(endpoint: Endpoint<T>, ids: readonly string[], signal: AbortSignal) {
    const { catalogue, scheduler, name, mood, sending } = this.#options;
    const read = catalogue.read(name, 'rows', ids, scheduler.nowMs);
    sending(read);
    const { lagMs } = mood();
    return this.#get(read, signal, () => {
      const result = new Map<string, Row<T> | null | UpstreamError>();
      for (const id of ids) {
        const version = catalogue.versionAt(id, scheduler.nowMs - lagMs);
        read.gave.set(id, version);
        catalogue.say(id, { sentAtMs: read.sentAtMs, doneAtMs: scheduler.nowMs, version });
        result.set(id, version === null ? null : rowAs(endpoint, catalogue.rowOf(id, version, read)));
      }
      return result;
    });
  }

  /** Two pages by offset, the total with each, and a second look at the first: what drifts is read again. */
  async drain<T, S extends ChunkSink<T>>(
    endpoint: Endpoint<T>,
    { open, signal }: { open: () => S; signal: AbortSignal; chunkRows?: number },
  ) {
    const { scheduler, catalogue, count } = this.#options;
    for (let attempt = 1; attempt <= 3; attempt++) {
      const sentAtMs = scheduler.nowMs;
      const sink = open();
      const first = await this.#page(endpoint, [0, pageRows], signal);
      await sink.write(first.rows);
      const second = await this.#page(endpoint, [pageRows, Number.POSITIVE_INFINITY], signal);
      await sink.write(second.rows);
      const again = await this.#page(endpoint, [0, pageRows], signal);
      if (first.total === second.total && idsOf(first) === idsOf(again) && again.total === first.total) {
        const rows = [...first.rows, ...second.rows];
        for (const id of catalogue.ids) {
          if (!rows.some((row) => row.id === id))
            catalogue.say(id, { sentAtMs, doneAtMs: scheduler.nowMs, version: null });
        }
        return { sink, rows: rows.length, pages: 2, quarantined: [] };
      }
      count('drain drifted');
    }
    catalogue.lastFailureAtMs = scheduler.nowMs;
    throw new UpstreamError('UPSTREAM_INVALID', 'drifted');
  }

  status(): 'ok' {
    return 'ok';
  }

  async close(): Promise<void> {}

  #page<T>(endpoint: Endpoint<T>, [from, to]: [number, number], signal: AbortSignal) {
    const { catalogue, scheduler, name, mood } = this.#options;
    const read = catalogue.read(name, 'page', [], scheduler.nowMs);
    const { lagMs } = mood();
    return this.#get(read, signal, () => {
      const atMs = scheduler.nowMs - lagMs;
      const present = catalogue.present(atMs);
      const rows = present.slice(from, to).map((id) => {
        const version = catalogue.versionAt(id, atMs) as string;
        read.gave.set(id, version);
        catalogue.say(id, { sentAtMs: read.sentAtMs, doneAtMs: scheduler.nowMs, version });
        return rowAs(endpoint, catalogue.rowOf(id, version, read));
      });
      return { rows, total: present.length };
    });
  }

  async #get<T>(read: UpstreamRead, signal: AbortSignal, execute: () => T): Promise<T> {
    const { actor, scheduler, chance, story, catalogue, mood } = this.#options;
    const what = `read ${read.number} of ${read.kind === 'page' ? 'a page' : read.ids.join(',')} for ${read.by}`;
    const { slowMs, failing, hanging } = mood();
    const fails = chance.is(failing);
    const legMs = () => chance.between(1, Math.ceil(slowMs / 2));
    const fate: Fate = chance.is(hanging) ? {} : { executeMs: legMs(), answerMs: legMs() };
    try {
      return await call(scheduler, actor, {
        fate,
        timeoutMs,
        signal,
        onTimeout: () => new UpstreamError('UPSTREAM_TIMEOUT', 'silent'),
        execute: () => {
          story.tell('upstream', `${what}${fails ? ': fails' : ''}`);
          if (fails) throw new UpstreamError('UPSTREAM_UNAVAILABLE', 'answered 503');
          return execute();
        },
      });
    } catch (error) {
      // What a reset made needless is no failure of upstream.
      if (!(error instanceof Superseded)) catalogue.lastFailureAtMs = scheduler.nowMs;
      throw error;
    } finally {
      read.over = true;
    }
  }
}

function rowAs<T>({ codec }: Endpoint<T>, item: Item): Row<T> {
  return { id: item.id, value: codec.decode(item), text: JSON.stringify(item) };
}

function idsOf({ rows }: { rows: readonly { id: string }[] }): string {
  return rows.map(({ id }) => id).join();
}
