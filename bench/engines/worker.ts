/** One engine in a process of its own, which does what messages tell it to. `host.ts` is the other side. */
import { isDeepStrictEqual } from 'node:util';
import { request } from 'undici';
import type { Row } from '../../src/cache/engine.ts';
import type { Catalog } from '../../src/catalog/catalogs.ts';
import type { Engine, OpenEngine, Opening } from './engine.ts';
import type { Subject } from './engines.ts';
import { makeTexts, rowOf, versionOf } from './rows.ts';
import { type Timed, time } from './time.ts';
import type { Work } from './works.ts';

export type Settings = Pick<Opening, 'redisUrl' | 'memoryRows' | 'place'> & {
  subject: Subject;
  /** How many rows there are, all of them in this process. */
  rowCount: number;
  /** Where rows are read instead. */
  upstreamUrl?: string;
};

/** What a call finds out about the rows that an engine gives. */
/** `bytes`: nothing is decoded. */
type DatesAre = 'dates' | 'texts' | 'bytes';

export type Checked = { fault?: string; datesAre: DatesAre };

const fillAtOnce = 100;

class Worker {
  readonly #engine: Engine;
  readonly #texts: ReadonlyMap<string, string>;
  readonly #mayBeBytes: boolean;
  readonly #reads: () => number;
  #calls = 0;

  private constructor(engine: Engine, texts: ReadonlyMap<string, string>, mayBeBytes: boolean, reads: () => number) {
    this.#engine = engine;
    this.#texts = texts;
    this.#mayBeBytes = mayBeBytes;
    this.#reads = reads;
  }

  static async open({ subject, rowCount, upstreamUrl, ...opening }: Settings): Promise<Worker> {
    const texts = makeTexts(rowCount);
    let reads = 0;
    const read = async (id: string): Promise<Row<Catalog>> => {
      reads += 1;
      if (upstreamUrl === undefined) return rowOf(texts.get(id) as string);
      const answer = await request(`${upstreamUrl}/${id}`);
      return rowOf(await answer.body.text());
    };
    const { open } = (await import(subject.module)) as { open: OpenEngine };
    return new Worker(await open({ ...opening, read }), texts, subject.kind === 'floor', () => reads);
  }

  /** Asks for every row that there is, so that it is stored. */
  async fill(): Promise<void> {
    for (const ids of this.#pages(fillAtOnce)) await this.#engine.getMany(ids);
  }

  /** Asks for every row, each by itself, and compares. */
  async check(): Promise<Checked> {
    let datesAre: DatesAre = 'texts';
    for (const ids of this.#pages(fillAtOnce)) {
      const rows = await Promise.all(ids.map((id) => this.#engine.get(id)));
      const wrong = rows.find((row, index) => !this.#isRight(row, this.#texts.get(ids[index] as string) as string));
      if (wrong !== undefined) return { fault: `answered with ${JSON.stringify(wrong)}`, datesAre };
      datesAre = datesIn(rows[0]);
    }
    return { datesAre };
  }

  async time(work: Work, ms: number): Promise<Timed> {
    const timed = await time(this.#engine, { ...work, ids: [...this.#texts.keys()], from: this.#calls, ms });
    this.#calls += timed.calls;
    return timed;
  }

  /** How often upstream was read. */
  async reads(): Promise<number> {
    return this.#reads();
  }

  async version(id: string): Promise<number> {
    return versionOf(await this.#engine.get(id));
  }

  /** So many ask for the same in one moment. @returns The versions that they were given. */
  async crowd(id: string, callers: number): Promise<number[]> {
    const rows = await Promise.all(Array.from({ length: callers }, () => this.#engine.get(id)));
    return [...new Set(rows.map(versionOf))];
  }

  async invalidate(id: string): Promise<void> {
    await this.#engine.invalidate(id);
  }

  /** Compared as JSON: some give dates as texts, and some give fields in another order. */
  #isRight(row: unknown, text: string): boolean {
    if (typeof row === 'string') return this.#mayBeBytes && row.endsWith(text);
    return isDeepStrictEqual(asJson(row), asJson(rowOf(text).value));
  }

  *#pages(size: number): Generator<string[]> {
    const ids = [...this.#texts.keys()];
    for (let from = 0; from < ids.length; from += size) yield ids.slice(from, from + size);
  }
}

function datesIn(row: unknown): DatesAre {
  if (typeof row === 'string') return 'bytes';
  return (row as Partial<Catalog> | null)?.startDate instanceof Date ? 'dates' : 'texts';
}

export type { Worker };

/** A method of the worker, and how it is called. */
export type Message = { call: number; method: string; args: unknown[] };
export type Reply = { call: number; value?: unknown; error?: string };

let worker: Worker | undefined;

process.on('message', ({ call, method, args }: Message) => {
  answer(method, args).then(
    (value) => process.send?.({ call, value } satisfies Reply),
    (error: Error) => process.send?.({ call, error: error.message } satisfies Reply),
  );
});
process.once('disconnect', () => process.exit());

async function answer(method: string, args: unknown[]): Promise<unknown> {
  if (method === 'open') {
    worker = await Worker.open(args[0] as Settings);
    return undefined;
  }
  const act = worker?.[method as keyof Worker] as ((...args: unknown[]) => Promise<unknown>) | undefined;
  if (act === undefined) throw new Error(`It cannot ${method}.`);
  return act.apply(worker, args);
}

function asJson(row: unknown): unknown {
  return JSON.parse(JSON.stringify(row));
}
