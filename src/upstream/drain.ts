/**
 * Drain: a whole collection, complete or nothing (P3).
 *
 *   first page ─► the others, as many at once as allowed ─► count ─► second look at the first page ─► whole
 *                    │  rows ─► sink, in chunks                │             │
 *                    └──────────── a duplicate id ─────────────┴─────────────┴─► drift: all over again
 *
 * A collection that is cut into pages may change between two of them, and then rows slip from one page to another: read
 * twice or not at all. That shows in what is checked here. What drifts is read anew, three times at most. Only the ids
 * are kept in memory; rows go on to the sink, and no page is asked for while the sink is writing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { InvalidItems } from '../config.ts';
import type { Telemetry } from '../telemetry/index.ts';
import { type ChunkSink, Chunks } from './chunks.ts';
import { type Collection, inParallel } from './collection.ts';
import { UpstreamError } from './errors.ts';
import type { Page, PageToRead } from './pagination.ts';
import { backoffMs } from './policy.ts';
import { describeInvalid, type Endpoint, type InvalidRow, type Row, readRow } from './rows.ts';
import { untilAborted } from './within.ts';

const maxAttempts = 3;

/** A row that was left out; `page` is the number of the page it was on, in the order they were asked for. */
type Quarantined = { id: string | null; page: string; field: string; message: string };

export type Drained<S> = { sink: S; rows: number; pages: number; quarantined: Quarantined[] };

export type DrainRequest<T, S extends ChunkSink<T>> = {
  endpoint: Endpoint<T>;
  collection: Collection;
  /** A fresh sink; called once for each attempt. */
  open: () => S;
  chunkRows: number;
  concurrency: number;
  invalidItems: InvalidItems;
  signal: AbortSignal;
  random: () => number;
  telemetry: Telemetry;
};

/** The collection changed while it was read, or seems to have. */
class Drift extends Error {}

/**
 * @returns The sink that got every row. Sinks of earlier attempts got what they got, and nothing more.
 * @throws {UpstreamError} When a page cannot be read, a row does not decode, or every attempt drifted; the signal's
 * reason when that aborts; whatever the sink throws.
 */
export async function drain<T, S extends ChunkSink<T>>(request: DrainRequest<T, S>): Promise<Drained<S>> {
  const { endpoint, signal, random, telemetry } = request;
  for (let attempt = 1; ; attempt++) {
    try {
      return await timed(request, () => new Attempt(request).run());
    } catch (error) {
      if (!(error instanceof Drift)) throw error;
      telemetry.log.warn({ event: 'upstream.drift', collection: endpoint.name, attempt, reason: error.message });
      if (attempt === maxAttempts) {
        const message = `${endpoint.name}: drifted in each of ${maxAttempts} drains, at last: ${error.message}`;
        throw new UpstreamError('UPSTREAM_INVALID', message);
      }
      await untilAborted(signal, () => sleep(backoffMs(attempt, random), undefined, { signal }));
    }
  }
}

class Attempt<T, S extends ChunkSink<T>> {
  readonly #request: DrainRequest<T, S>;
  readonly #sink: S;
  readonly #chunks: Chunks<T>;
  readonly #tally: Tally<T>;
  readonly #failed = new AbortController();
  readonly #signal: AbortSignal;

  constructor(request: DrainRequest<T, S>) {
    this.#request = request;
    this.#sink = request.open();
    this.#signal = AbortSignal.any([request.signal, this.#failed.signal]);
    this.#chunks = new Chunks(this.#sink, { chunkRows: request.chunkRows, signal: this.#signal });
    this.#tally = new Tally(request.endpoint, request.invalidItems);
  }

  async run(): Promise<Drained<S>> {
    try {
      const pages = await this.#readPages();
      await this.#chunks.flush();
      this.#tally.checkCount();
      this.#tally.checkAgain(await this.#request.collection.readFirst(this.#signal));
      return { sink: this.#sink, rows: this.#tally.rows, pages, quarantined: this.#tally.quarantined };
    } catch (error) {
      this.#failed.abort(); // The pages still under way are of no use, nor is a further write.
      throw error;
    }
  }

  async #readPages(): Promise<number> {
    const { collection, concurrency } = this.#request;
    const frontier = collection.frontier();
    let pages = 0;
    const readNext = async (): Promise<boolean> => {
      while (this.#chunks.writing) await this.#chunks.writing;
      const at = frontier.take();
      if (at === undefined) return false;
      const page = await this.#readPage(at);
      frontier.add(page.next);
      pages += 1;
      await this.#chunks.add(this.#tally.add(page, at.number));
      return true;
    };
    await readNext(); // Alone: it tells which others there are.
    await inParallel(concurrency, readNext);
    return pages;
  }

  async #readPage(at: PageToRead): Promise<Page> {
    const { collection } = this.#request;
    if (at.number === 1) return await collection.readFirst(this.#signal);
    const page = await collection.read(at, this.#signal);
    if (page === null) throw new Drift(`page ${at.number} was promised and is not there`);
    return page;
  }
}

/** What is known of the rows read so far, and what must hold of them. */
class Tally<T> {
  readonly quarantined: Quarantined[] = [];
  rows = 0;
  readonly #endpoint: Endpoint<T>;
  readonly #maxInvalid: number;
  readonly #ids = new Set<string>();
  #total: number | undefined;
  #firstPage: (string | null)[] = [];

  constructor(endpoint: Endpoint<T>, invalidItems: InvalidItems) {
    this.#endpoint = endpoint;
    this.#maxInvalid = invalidItems.mode === 'fail' ? 0 : invalidItems.max;
  }

  /**
   * @returns The rows of the page that decode.
   * @throws {Drift} For an id that was there already, or a total other than before.
   * @throws {UpstreamError} For one row too many that does not decode.
   */
  add(page: Page, number: number): Row<T>[] {
    this.#checkTotal(page);
    const rows: Row<T>[] = [];
    const ids = page.rows.map((wire) => {
      const read = readRow(this.#endpoint, wire);
      if (read.ok) rows.push(read.row);
      else this.#quarantine(read.invalid, number);
      return idOf(read);
    });
    for (const id of ids) this.#addId(id);
    if (number === 1) this.#firstPage = ids;
    this.rows += rows.length;
    return rows;
  }

  /** @throws {Drift} When there are not as many rows as were promised. */
  checkCount(): void {
    const got = this.rows + this.quarantined.length;
    if (this.#total !== undefined && got !== this.#total) {
      throw new Drift(`promised ${this.#total} rows and gave ${got}`);
    }
  }

  /** @throws {Drift} When the first page, read once more after all others, is not what it was. */
  checkAgain(firstPage: Page): void {
    this.#checkTotal(firstPage);
    const ids = firstPage.rows.map((wire) => idOf(readRow(this.#endpoint, wire)));
    const same = ids.length === this.#firstPage.length && ids.every((id, index) => id === this.#firstPage[index]);
    if (!same) throw new Drift('the first page changed while the others were read');
  }

  #checkTotal({ total }: Page): void {
    if (total === undefined) return;
    this.#total ??= total;
    if (total !== this.#total) throw new Drift(`promised ${this.#total} rows, and later ${total}`);
  }

  #addId(id: string | null): void {
    if (id === null) return;
    if (this.#ids.has(id)) throw new Drift(`gave a duplicate id, ${id}`);
    this.#ids.add(id);
  }

  #quarantine(invalid: InvalidRow, number: number): void {
    if (this.quarantined.length === this.#maxInvalid) throw this.#refusal(invalid, number);
    this.quarantined.push({ ...invalid, page: String(number) });
  }

  #refusal(invalid: InvalidRow, number: number): UpstreamError {
    const tolerated = this.#maxInvalid === 0 ? '' : `, the last straw after ${this.#maxInvalid} rows left out`;
    const message = `${this.#endpoint.name}: page ${number}, ${describeInvalid(invalid)}${tolerated}`;
    return new UpstreamError('UPSTREAM_INVALID', message);
  }
}

function idOf<T>(read: ReturnType<typeof readRow<T>>): string | null {
  return read.ok ? read.row.id : read.invalid.id;
}

/** Times one attempt: a drain that is whole at its second attempt is seen as one that drifted and one complete. */
async function timed<T, S extends ChunkSink<T>>(
  { endpoint, signal, telemetry }: DrainRequest<T, S>,
  attempt: () => Promise<Drained<S>>,
): Promise<Drained<S>> {
  const startedAtMs = performance.now();
  const observe = (outcome: 'complete' | 'drifted' | 'failed' | 'aborted') => {
    const seconds = (performance.now() - startedAtMs) / 1000;
    telemetry.metrics.drainDuration.observe({ collection: endpoint.name, outcome }, seconds);
  };
  try {
    const drained = await untilAborted(signal, attempt);
    observe('complete');
    return drained;
  } catch (error) {
    observe(signal.aborted ? 'aborted' : error instanceof Drift ? 'drifted' : 'failed');
    throw error;
  }
}
