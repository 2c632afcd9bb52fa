/**
 * One GET, one try: from an address to parsed JSON, or a `FailedTry` that says how it went wrong.
 *
 *   url ─► request ─┬─ 3xx ─► the next address, within the origin, at most 3 times
 *                   ├─ 404 ─► null
 *                   ├─ other ─► FailedTry
 *                   └─ 2xx ─► bytes, counted against the cap ─► JSON
 *
 * The token goes to one origin only, because requests do. Time is not kept here: the caller's signal ends a try.
 */
import { Agent, type Dispatcher } from 'undici';
import { FailedTry, type Route } from './errors.ts';

/** Far above any page of rows; a body beyond it would be held in memory whole before it could be refused. */
export const MAX_BODY_BYTES = 64 * 1024 * 1024;

type Response = Dispatcher.ResponseData;

const maxRedirects = 3;
const redirectStatuses = new Set([301, 302, 303, 307, 308]);

export type Answer = {
  status: number;
  /** Where it came from in the end, redirects followed: links are relative to it. */
  url: URL;
  /** A header sent several times is joined with commas (RFC 9110, section 5.3). */
  header(name: string): string | undefined;
  body: unknown;
};

export type HttpOptions = {
  token: string | undefined;
  timeoutMs: number;
  maxBodyBytes: number;
  /** Connections kept open at most; further requests wait for one. */
  connections: number;
};

export class Http {
  readonly #agent: Agent;
  readonly #options: HttpOptions;

  constructor(options: HttpOptions) {
    this.#options = options;
    this.#agent = new Agent({
      connections: options.connections,
      connect: { timeout: options.timeoutMs },
      // The caller's signal covers headers and body together; undici's own limits would only blur the error.
      headersTimeout: 0,
      bodyTimeout: 0,
      // One request a connection, so that `connections` bounds what is under way.
      allowH2: false,
    });
  }

  /**
   * @returns Null for 404.
   * @throws {FailedTry} For everything else that is not JSON with a status of 2xx.
   */
  async get(route: Route, from: URL, signal: AbortSignal): Promise<Answer | null> {
    let url = from;
    for (let redirects = 0; ; redirects++) {
      const response = await this.#send(route, url, signal);
      const { statusCode: status } = response;
      if (status >= 200 && status < 300) return await this.#read(route, url, response);
      // Read to its end, so that the connection can be used again; undici cuts off what is long.
      await response.body.dump();
      if (status === 404) return null;
      if (!redirectStatuses.has(status)) throw this.#refusal(route, response);
      if (redirects === maxRedirects) throw invalid(route, status, `redirects more than ${maxRedirects} times`);
      url = redirectTarget(route, url, response);
    }
  }

  async close(): Promise<void> {
    await this.#agent.close();
  }

  async #send(route: Route, url: URL, signal: AbortSignal): Promise<Response> {
    const { token } = this.#options;
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const headers = { accept: 'application/json', 'user-agent': 'vitrine', ...authorization };
    const { origin, pathname, search } = url;
    try {
      return await this.#agent.request({ origin, path: pathname + search, method: 'GET', headers, signal });
    } catch (error) {
      throw networkFailure(route, error);
    }
  }

  async #read(route: Route, url: URL, response: Response): Promise<Answer> {
    const { statusCode: status } = response;
    const bytes = await this.#readBytes(route, response);
    return { status, url, header: (name) => headerOf(response, name), body: parseJson(route, status, bytes) };
  }

  async #readBytes(route: Route, { statusCode, body }: Response): Promise<Buffer> {
    const { maxBodyBytes } = this.#options;
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > maxBodyBytes) break; // Counted, not believed: content-length may be missing or a lie.
        chunks.push(chunk);
      }
    } catch (error) {
      throw networkFailure(route, error);
    }
    if (size > maxBodyBytes) throw invalid(route, statusCode, `gave a body of more than ${maxBodyBytes} bytes`);
    return Buffer.concat(chunks, size);
  }

  #refusal(route: Route, response: Response): FailedTry {
    const { statusCode: status } = response;
    return new FailedTry(route, status, `answered ${status}${this.#tokenHint(status)}`, {
      retryAfterMs: parseRetryAfter(headerOf(response, 'retry-after'), Date.now()),
    });
  }

  #tokenHint(status: number): string {
    if (status !== 401 && status !== 403) return '';
    return this.#options.token === undefined
      ? ': it asks for a token, and none is set'
      : ': the token was not accepted';
  }
}

/** @returns The address a target leads to, seen from `at`; null when it is none, or of another origin. */
export function followWithinOrigin(target: string, at: URL): URL | null {
  const url = URL.parse(target, at);
  return url?.origin === at.origin ? url : null;
}

/** An address as a message may show it: without path, query or user. */
export function shownOrigin(target: string, at: URL): string {
  return URL.parse(target, at)?.origin ?? 'no address at all';
}

/**
 * @param header - `Retry-After`: seconds or an HTTP date (RFC 9110, section 10.2.3).
 * @returns Milliseconds from now, never negative; undefined when there is none that can be read.
 */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const isHttpDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(header);
  const atMs = isHttpDate ? Date.parse(header) : Number.NaN;
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}

function redirectTarget(route: Route, at: URL, response: Response): URL {
  const { statusCode: status } = response;
  const location = headerOf(response, 'location');
  if (location === undefined) throw invalid(route, status, `redirects (${status}) without saying where`);
  const target = followWithinOrigin(location, at);
  if (target !== null) return target;
  throw invalid(route, status, `redirects to ${shownOrigin(location, at)}; only ${at.origin} is followed`);
}

function headerOf({ headers }: Response, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

function parseJson(route: Route, status: number, bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw invalid(route, status, 'gave a body that is not JSON', cause);
  }
}

/** Whatever undici throws; a body that ends too early is among it. */
function networkFailure(route: Route, cause: unknown): FailedTry {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
  const status = code === 'UND_ERR_CONNECT_TIMEOUT' ? 'timeout' : 'network';
  return new FailedTry(route, status, `did not get through (${code})`, { cause });
}

function invalid(route: Route, status: number, what: string, cause?: unknown): FailedTry {
  return new FailedTry(route, status, what, { code: 'UPSTREAM_INVALID', cause });
}
