/**
 * The server: one request's way from the socket to an answer.
 *
 *   request ─► control? ─► log ─► token ─► instead of an answer? ─► read ─► latency, holds ─► bytes
 *
 * Rows are read when the request arrives; whatever delays an answer delays one that is already made. So a slow answer
 * is an old answer, which is the hard case for whoever caches it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { type Answer, bytesOf, json, problem, Refusal } from './answer.ts';
import { type Collection, LiveCollections, type Row, sortRows } from './collections.ts';
import { control, isControl, noSuchRow, notAllowed } from './control.ts';
import { Faults } from './faults.ts';
import { type Hold, Holds } from './holds.ts';
import * as misbehave from './misbehave.ts';
import { badParameter, type Page, type PageRequest, pageAnswer, readPageRequest, type Style } from './pages.ts';
import { type Random, seededRandom } from './random.ts';
import { RequestLog } from './requests.ts';

type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

export type EmbeddedUpstreamOptions = {
  /** The rows of each resource, by its name; served at `/<name>`. Names are fixed from then on, rows are not. */
  collections: Readonly<Record<string, readonly Row[]>>;
  /** Address to listen on, 127.0.0.1 when absent. */
  host?: string;
  /** 0, or absent: any free one. */
  port?: number;
  /** How collections are cut into pages; `page` when absent. */
  style?: Style;
  /** What `page_size` is cut down to; 500 when absent. */
  maxPageSize?: number;
  /** Redirects `/catalogs` to `/catalogs/` (301), as Django does. */
  trailingSlash?: boolean;
  /** Asks for this bearer token, else 401. */
  token?: string;
  /** Where `errorRate` gets its chance from; seeded when absent. */
  random?: Random;
  /** How `latencyMs` waits; by the clock when absent. It ends early, or fails, when the signal fires. */
  sleep?: Sleep;
};

export type EmbeddedUpstream = {
  /** The origin, without a slash at the end. */
  url: string;
  /** The rows, to be read and changed while they are served. */
  collections: LiveCollections;
  /** What misbehaves now. */
  faults: Faults;
  /** What was asked. */
  requests: RequestLog;
  /** Holds back the answers of a route (such as `/catalogs/{id}`), or of all, until released. */
  hold(route?: string): Hold;
  /** Ends all connections, idle or not, and stops listening. Once is enough; more does no harm. */
  close(): Promise<void>;
};

/** What a request asks for, by its path and query. */
type Target =
  | { kind: 'index'; route: string }
  | { kind: 'page'; route: string; name: string; collection: Collection }
  | { kind: 'row'; route: string; name: string; id: string }
  | { kind: 'unknown'; route: 'unknown' };

/** @throws {Error} If the address cannot be listened on. */
export async function startEmbeddedUpstream(options: EmbeddedUpstreamOptions): Promise<EmbeddedUpstream> {
  const upstream = new Upstream(options);
  await upstream.listen(options.port ?? 0, options.host ?? '127.0.0.1');
  return upstream;
}

class Upstream implements EmbeddedUpstream {
  readonly collections: LiveCollections;
  readonly faults: Faults;
  readonly requests = new RequestLog();
  url = '';

  readonly #style: Style;
  readonly #maxPageSize: number;
  readonly #trailingSlash: boolean;
  readonly #token: string | undefined;
  readonly #random: Random;
  readonly #sleep: Sleep;
  readonly #holds = new Holds();
  readonly #server: Server;
  #frozen: LiveCollections;
  #closing: Promise<void> | undefined;

  constructor(options: EmbeddedUpstreamOptions) {
    this.collections = new LiveCollections(options.collections);
    this.#frozen = this.collections;
    this.faults = new Faults(routesOf(this.collections), (name) => {
      if (name === 'freeze') this.#frozen = this.collections.snapshot();
    });
    this.#style = options.style ?? 'page';
    this.#maxPageSize = options.maxPageSize ?? 500;
    this.#trailingSlash = options.trailingSlash ?? false;
    this.#token = options.token;
    this.#random = options.random ?? seededRandom(1);
    this.#sleep = options.sleep ?? ((ms, signal) => wait(ms, undefined, { signal }));
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  listen(port: number, host: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        const { port: taken } = this.#server.address() as AddressInfo;
        this.url = `http://${host.includes(':') ? `[${host}]` : host}:${taken}`;
        resolve();
      });
    });
  }

  hold(route?: string): Hold {
    return this.#holds.add(route);
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve, reject) => {
      this.#server.close((error) => (error === undefined ? resolve() : reject(error)));
      this.#server.closeAllConnections();
    });
    return this.#closing;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = URL.parse(`http://${request.headers.host ?? new URL(this.url).host}${request.url}`);
    try {
      if (url === null) throw new Refusal(400, 'Expected a path.');
      if (isControl(url.pathname)) send(response, await control(request, url.pathname, this));
      else await this.#serveData(request, url, response);
    } catch (error) {
      if (response.destroyed) return; // Whoever asked is gone: nobody is left to tell.
      if (response.headersSent) response.destroy();
      else send(response, error instanceof Refusal ? error.answer : problem(500, String(error)));
    }
  }

  async #serveData(request: IncomingMessage, url: URL, response: ServerResponse): Promise<void> {
    const target = this.#targetOf(url);
    const { route } = target;
    const query = Object.fromEntries(url.searchParams);
    this.requests.add({ method: request.method ?? '', path: url.pathname, query, route, headers: request.headers });
    if (!this.#isAllowed(request)) return send(response, unauthorized());

    const place = { faults: this.faults, route };
    const instead = misbehave.insteadOfAnswer(place, this.#random);
    if (instead === 'hang') return;
    if (instead === 'drop') {
      response.destroy();
      return;
    }

    const answer = instead ?? answerOrRefusal(() => this.#answer(request, target, url));
    await this.#delay(route, response);
    if (response.destroyed) return; // Whoever asked is gone.
    await misbehave.sendBytes(place, response, misbehave.spoilAnswer(place, answer));
  }

  #isAllowed(request: IncomingMessage): boolean {
    return this.#token === undefined || request.headers.authorization === `Bearer ${this.#token}`;
  }

  async #delay(route: string, response: ServerResponse): Promise<void> {
    const latencyMs = this.faults.take('latencyMs', route);
    if (latencyMs !== undefined) {
      const gone = new AbortController();
      const leave = () => gone.abort();
      response.once('close', leave);
      await this.#sleep(latencyMs, gone.signal);
      response.off('close', leave);
    }
    await this.#holds.pass(route);
  }

  /** Where a path leads, with or without the slash at its end: which of the two is right is told when it is answered. */
  #targetOf(url: URL): Target {
    const [name = '', id, ...rest] = url.pathname.replace(/^\//, '').replace(/\/$/, '').split('/');
    if (name === '' && id === undefined) return { kind: 'index', route: '/' };
    const collection = this.collections.find(name);
    if (collection === undefined || id === '' || rest.length > 0) return { kind: 'unknown', route: 'unknown' };
    if (id !== undefined) return { kind: 'row', route: `/${name}/{id}`, name, id };
    return { kind: 'page', route: url.searchParams.has('ids') ? `/${name}?ids` : `/${name}`, name, collection };
  }

  #answer(request: IncomingMessage, target: Target, url: URL): Answer {
    if (request.method !== 'GET') throw notAllowed('GET');
    if (target.kind === 'index') return json(this.#index());
    if (target.kind === 'unknown') throw new Refusal(404, 'There is nothing here.');

    const hasSlash = url.pathname.endsWith('/');
    if (this.#trailingSlash && !hasSlash) {
      return { status: 301, headers: { location: `${url.pathname}/${url.search}` }, body: undefined };
    }
    if (!this.#trailingSlash && hasSlash) throw new Refusal(404, 'There is nothing here: paths end without a slash.');
    return target.kind === 'row' ? this.#answerRow(target) : this.#answerPage(target, url);
  }

  #index(): unknown {
    const collections = this.collections.names().map((name) => ({
      name,
      url: `${this.url}/${name}${this.#trailingSlash ? '/' : ''}`,
      total: this.collections.find(name)?.size,
    }));
    return { collections, pagination: this.#style, max_page_size: this.#maxPageSize };
  }

  #answerRow({ route, name, id }: Target & { kind: 'row' }): Answer {
    const place = { faults: this.faults, route };
    const row = misbehave.chooseTime(place, this.collections, this.#frozen).get(name, id);
    if (row === undefined) throw noSuchRow(name, id);
    return json(misbehave.spoilRows(place, [row])[0]);
  }

  #answerPage({ route, name, collection }: Target & { kind: 'page' }, url: URL): Answer {
    const place = { faults: this.faults, route };
    const asked = readPageRequest(url.searchParams, this.#style, this.#maxPageSize);
    const { ordering } = asked;
    if (ordering !== undefined && !collection.hasField(ordering.field)) {
      throw badParameter('ordering', 'a field of the rows', ordering.field);
    }
    const source = misbehave.chooseTime(place, this.collections, this.#frozen).find(name) ?? collection;
    const rows = selectRows(source, asked);
    const page = misbehave.spoilPage(place, cutPage(rows, asked), rows[asked.offset - 1]);
    const answer = pageAnswer(this.#style, { ...page, items: misbehave.spoilRows(place, page.items) }, url);
    misbehave.drift(place, collection, ordering);
    return answer;
  }
}

/** All routes that faults can be set on. */
function routesOf(collections: LiveCollections): string[] {
  return ['/', ...collections.names().flatMap((name) => [`/${name}`, `/${name}?ids`, `/${name}/{id}`]), 'unknown'];
}

function selectRows(source: Collection, { ids, ordering }: PageRequest): readonly Row[] {
  if (ids === undefined) return source.rows(ordering);
  const rows = ids.map((id) => source.get(id)).filter((row) => row !== undefined);
  return ordering === undefined ? rows : sortRows(rows, ordering);
}

function cutPage(rows: readonly Row[], { offset, pageSize }: PageRequest): Page {
  const end = offset + pageSize;
  const total = rows.length;
  const nextOffset = end < total ? end : null;
  return { items: rows.slice(offset, end), offset, pageSize, total, statedTotal: total, nextOffset };
}

function answerOrRefusal(make: () => Answer): Answer {
  try {
    return make();
  } catch (error) {
    if (error instanceof Refusal) return error.answer;
    throw error;
  }
}

function unauthorized(): Answer {
  const answer = problem(401, 'Expected the bearer token.');
  return { ...answer, headers: { ...answer.headers, 'www-authenticate': 'Bearer' } };
}

function send(response: ServerResponse, answer: Answer): void {
  const body = bytesOf(answer);
  response.writeHead(answer.status, { ...answer.headers, 'content-length': body.length });
  response.end(body);
}
