/**
 * Upstream: the REST API, as a client that reads it safely.
 *
 *   one, many, drain ─► pages in their style ─► budget( retry( breaker( timeout( GET )))) ─► rows, decoded
 *
 * `http.ts` is one GET; `policy.ts` what surrounds it; `pagination.ts` the four styles; `drain.ts` a whole collection,
 * complete or nothing; `batch.ts` rows by id; `gathering.ts` those of several callers together.
 */
import type { Config } from '../config.ts';
import type { Telemetry } from '../telemetry/index.ts';
import { type BatchResult, invalidRow, readBatch } from './batch.ts';
import type { ChunkSink } from './chunks.ts';
import { Collection, inParallel } from './collection.ts';
import { type Drained, drain } from './drain.ts';
import { type Route, UpstreamError } from './errors.ts';
import { Gathering } from './gathering.ts';
import { type Answer, Http, MAX_BODY_BYTES } from './http.ts';
import { Policy } from './policy.ts';
import { type Endpoint, type Row, readRow } from './rows.ts';

export type { ChunkSink } from './chunks.ts';
export { UpstreamError } from './errors.ts';
export type { Endpoint, Row } from './rows.ts';

export type UpstreamOptions = {
  /** The base; its path and query go before those of every request. */
  url: URL;
  settings: Config['upstream'];
  /** For all tries of one request together, the waits between them included. */
  budgetMs: number;
  telemetry: Telemetry;
  /** From 0 to 1, without 1; spreads the waits. */
  random?: () => number;
  /** What a body may have at most, 64 MiB when absent. */
  maxBodyBytes?: number;
};

type DrainOptions<S> = {
  /** Makes a sink; called anew when the drain starts again. */
  open: () => S;
  signal: AbortSignal;
  /** Rows of a chunk, 1,000 when absent; the last may have fewer. */
  chunkRows?: number;
};

/**
 * All reads reject with the signal's reason as soon as it aborts, else with an {@link UpstreamError}. Rows by id that
 * several ask for in one turn of the event loop are read in one request.
 */
export interface Upstream {
  /** @returns Null when upstream has no such row. */
  one<T>(endpoint: Endpoint<T>, id: string, signal: AbortSignal): Promise<Row<T> | null>;
  /** @returns For each id its row, null when upstream does not give it, or why it could not be read. */
  many<T>(endpoint: Endpoint<T>, ids: readonly string[], signal: AbortSignal): Promise<BatchResult<T>>;
  /**
   * Reads a whole collection, or throws: never a part. The sink gets its rows in no certain order, and none at all for
   * an empty collection. What the sink throws is thrown on.
   */
  drain<T, S extends ChunkSink<T>>(endpoint: Endpoint<T>, options: DrainOptions<S>): Promise<Drained<S>>;
  /** By the breaker and the last try; `ok` before the first. */
  status(): 'ok' | 'down';
  /** Aborts what is under way. */
  close(): Promise<void>;
}

export function openUpstream(options: UpstreamOptions): Upstream {
  return new RestUpstream(options);
}

class RestUpstream implements Upstream {
  readonly #options: UpstreamOptions;
  readonly #random: () => number;
  readonly #policy: Policy;
  readonly #http: Http;
  /** By endpoint; each of its rows. */
  readonly #gatherings = new Map<object, unknown>();
  readonly #closing = new AbortController();

  constructor(options: UpstreamOptions) {
    const { settings, budgetMs, telemetry, random = Math.random, maxBodyBytes = MAX_BODY_BYTES } = options;
    const { timeoutMs, retries, token, concurrency } = settings;
    this.#options = options;
    this.#random = random;
    this.#policy = new Policy({ timeoutMs, budgetMs, retries, random, telemetry });
    // Two drains, batches and single reads at once do not wait for each other.
    this.#http = new Http({ token, timeoutMs, maxBodyBytes, connections: 4 * concurrency + 16 });
  }

  async one<T>(endpoint: Endpoint<T>, id: string, signal: AbortSignal): Promise<Row<T> | null> {
    const alone = async () => new Map([[id, await this.#one(endpoint, id, signal)]]);
    const row = (await this.#gatheringOf(endpoint).read([id], signal, alone)).get(id) ?? null;
    if (row instanceof Error) throw row;
    return row;
  }

  many<T>(endpoint: Endpoint<T>, ids: readonly string[], signal: AbortSignal): Promise<BatchResult<T>> {
    return this.#gatheringOf(endpoint).read(ids, signal, () => this.#many(endpoint, ids, signal));
  }

  async drain<T, S extends ChunkSink<T>>(endpoint: Endpoint<T>, options: DrainOptions<S>): Promise<Drained<S>> {
    const { telemetry, settings } = this.#options;
    const { concurrency, invalidItems, order } = settings;
    const query = order === undefined ? '' : `ordering=${encodeURIComponent(order)}`;
    return await drain({
      endpoint,
      collection: this.#collection(endpoint, query),
      open: options.open,
      signal: options.signal,
      chunkRows: options.chunkRows ?? 1000,
      concurrency,
      invalidItems,
      random: this.#random,
      telemetry,
    });
  }

  status(): 'ok' | 'down' {
    return this.#policy.status();
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(new UpstreamError('UPSTREAM_UNAVAILABLE', 'the client of upstream is closed'));
    await this.#http.close();
  }

  #gatheringOf<T>(endpoint: Endpoint<T>): Gathering<T> {
    const known = this.#gatherings.get(endpoint) as Gathering<T> | undefined;
    if (known !== undefined) return known;
    const { idsLimit } = this.#options.settings;
    const gathering = new Gathering<T>(idsLimit, (ids, signal) => this.#many(endpoint, ids, signal));
    this.#gatherings.set(endpoint, gathering);
    return gathering;
  }

  async #one<T>(endpoint: Endpoint<T>, id: string, signal: AbortSignal): Promise<Row<T> | null> {
    const route = { name: endpoint.name, template: `${endpoint.path}/{id}` };
    const answer = await this.#ask(route, this.#url(`${endpoint.path}/${encodeURIComponent(id)}`), signal);
    if (answer === null) return null;
    const read = readRow(endpoint, answer.body);
    if (!read.ok) throw invalidRow(endpoint, { ...read.invalid, id });
    if (read.row.id === id) return read.row;
    throw new UpstreamError('UPSTREAM_INVALID', `${endpoint.name}: asked for ${id}, got ${read.row.id}`);
  }

  async #many<T>(endpoint: Endpoint<T>, ids: readonly string[], signal: AbortSignal): Promise<BatchResult<T>> {
    const { idsLimit, concurrency } = this.#options.settings;
    const unread = [...new Set(ids)];
    const result: BatchResult<T> = new Map();
    await inParallel(concurrency, async () => {
      const batch = unread.splice(0, idsLimit);
      if (batch.length === 0) return false;
      for (const [id, row] of await this.#batch(endpoint, batch, signal)) result.set(id, row);
      return true;
    });
    return result;
  }

  /** A batch that fails is told by id, so that the others are still of use. */
  async #batch<T>(endpoint: Endpoint<T>, ids: readonly string[], signal: AbortSignal): Promise<BatchResult<T>> {
    const query = endpoint.batchQuery?.(ids) ?? `ids=${ids.map(encodeURIComponent).join(',')}`;
    try {
      return await readBatch(endpoint, this.#collection(endpoint, query), { ids, signal });
    } catch (error) {
      if (signal.aborted || !(error instanceof UpstreamError)) throw error;
      return new Map(ids.map((id) => [id, error]));
    }
  }

  #collection<T>({ name, path }: Endpoint<T>, query: string): Collection {
    const { pagination: style, pageSize } = this.#options.settings;
    return new Collection({
      route: { name, template: path },
      url: this.#url(path, query),
      style,
      pageSize,
      ask: (route, url, signal) => this.#ask(route, url, signal),
    });
  }

  async #ask(route: Route, url: URL, signal: AbortSignal): Promise<Answer | null> {
    const either = AbortSignal.any([signal, this.#closing.signal]);
    return await this.#policy.run(route, either, (trySignal) => this.#http.get(route, url, trySignal));
  }

  #url(path: string, query = ''): URL {
    const url = new URL(this.#options.url);
    url.pathname = url.pathname.replace(/\/+$/, '') + path;
    url.search = [url.search.slice(1), query].filter((part) => part !== '').join('&');
    return url;
  }
}
