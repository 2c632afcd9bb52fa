/**
 * What every test of bad input stands on: a gateway whose secrets are known, requests that no client would make, and
 * the checks that hold of every answer and of the whole log.
 */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import type { Parameters as FastCheckParameters } from 'fast-check';
import { expect } from 'vitest';
import type { Clock } from '../../src/cache/clock.ts';
import {
  type EmbeddedUpstream,
  type EmbeddedUpstreamOptions,
  makeCatalogue,
  startEmbeddedUpstream,
} from '../../src/embedded/index.ts';
import { modelPage, type RawRow } from '../data/model.ts';
import { startRealWorld, startWorld, today, type World } from '../support/world.ts';

// ── How long and from which seed ────────────────────────────────────────────────────────────────────────────────────

const factor = Number(process.env.FUZZ_RUNS ?? 1);

/** `FUZZ_RUNS=20` makes 20 times as many, `FUZZ_SEED=7` others. */
export function runs(count: number): FastCheckParameters<unknown> {
  return { seed: Number(process.env.FUZZ_SEED ?? 20_261_123), numRuns: Math.ceil(count * factor) };
}

/** For a test of properties. */
export const timeLimitMs = 30_000 * Math.max(1, factor);

// ── The world ───────────────────────────────────────────────────────────────────────────────────────────────────────

const secrets = {
  admin: 'admin-secret-5f0c7d',
  upstream: 'upstream-secret-91be22',
  query: 'query-secret-44a1f0',
  redis: 'redis-secret-c03e6a',
};

export const adminToken = secrets.admin;
const redisUser = 'gateway';

/** Arguments of a `redis-server` that asks the gateway for a password, and the tests for none. */
export const redisArgs = ['--user', redisUser, 'on', `>${secrets.redis}`, '~*', '&*', '+@all'];

export type HostileWorld<C extends Clock = Clock> = World<C> & {
  /** Of an answer, whatever was sent: right in form, with nothing in it that is not the client's. */
  wellFormed(reply: Reply): Form;
  /** The gateway is alive, answers rightly, has no request under way, and its log is clean. */
  wellAfter(): Promise<void>;
};

type Options = {
  settings?: Record<string, string>;
  upstream?: Partial<EmbeddedUpstreamOptions>;
  /** A proxy between the gateway and the embedded upstream. */
  through?: { readonly url: string; target: string };
  /** A world whose upstream this one reads as well, and does not close. */
  upstreamOf?: World<Clock>;
};

/** On a clock that stands still. */
export function startHostileWorld(options: Options = {}) {
  return start(startWorld, options);
}

/** On the machine's clock, over a Redis that was started with `redisArgs`. */
export function startHostileRealWorld(redis: { port: number }, options: Options = {}) {
  const url = `redis://${redisUser}:${secrets.redis}@127.0.0.1:${redis.port}`;
  const settings = { REDIS_URL: url, REDIS_TIMEOUT_MS: '2000', COHERENCE_MS: '200', ...options.settings };
  return start(startRealWorld, { ...options, settings }, redis.port);
}

async function start<C extends Clock>(
  open: (options: { settings: Record<string, string>; sharedUpstream: EmbeddedUpstream }) => Promise<World<C>>,
  options: Options,
  redisPort?: number,
): Promise<HostileWorld<C>> {
  const upstream =
    options.upstreamOf?.upstream ??
    (await startEmbeddedUpstream({ collections: makeCatalogue(today), token: secrets.upstream, ...options.upstream }));
  if (options.through) options.through.target = upstream.url;
  const upstreamUrl = options.through?.url ?? upstream.url;
  const world = await open({
    sharedUpstream: upstream,
    settings: {
      ADMIN_TOKEN: secrets.admin,
      UPSTREAM_TOKEN: secrets.upstream,
      UPSTREAM_URL: `${upstreamUrl}?key=${secrets.query}`,
      UPSTREAM_PAGINATION: options.upstream?.style ?? 'page',
      ...options.settings,
    },
  });
  const addresses = [new URL(upstreamUrl).host, new URL(upstream.url).host, ...(redisPort ? [`:${redisPort}`] : [])];
  const hidden = [
    ...Object.values(secrets),
    ...addresses,
    process.cwd(),
    'node_modules',
    'file://',
    'ECONN',
    'WRONGTYPE',
  ];
  const log = new LogReader(world);
  return {
    ...world,
    wellFormed: (reply) => wellFormed(reply, hidden),
    wellAfter: async () => {
      log.check();
      await expectRightPage(world);
      // A GraphQL request under way has a deadline running. Others would keep `close` from ending.
      if ('sleeping' in world.clock) expect((world.clock as { sleeping(ms: number): number }).sleeping(10_000)).toBe(0);
    },
    close: async () => {
      await world.close();
      if (options.upstreamOf === undefined) await upstream.close();
      log.check();
    },
  };
}

/** The beginning of the catalogue, as the model has it. */
async function expectRightPage({ query, upstream }: World<Clock>): Promise<void> {
  const rows = upstream.collections.rows('catalogs') as RawRow[];
  const wanted = modelPage(rows, { first: 3, order: 'TITLE', direction: 'DESC', keep: () => true });
  const { data, errors } = await query<{ catalogs: unknown }>(
    '{ catalogs(first: 3, orderBy: {field: TITLE, direction: DESC}) { totalCount nodes { sourceId title startDate } } }',
  );
  expect(errors).toBeUndefined();
  expect(data.catalogs).toEqual({
    totalCount: wanted.totalCount,
    nodes: wanted.rows.map(({ id, title, start_date }) => ({
      sourceId: String(id),
      title,
      startDate: new Date(String(start_date)).toISOString(),
    })),
  });
}

/** What no bad input may bring about: a mistake of the gateway's own. */
const mistakes = new Set(['graphql.error', 'http.error', 'cache.fill_broken', 'apollo']);

/** Reads on where it stopped the last time. */
class LogReader {
  readonly #world: World<Clock>;
  #read = 0;

  constructor(world: World<Clock>) {
    this.#world = world;
  }

  check(): void {
    const text = this.#world.logText();
    const fresh = text.slice(this.#read);
    this.#read = text.length;
    for (const secret of Object.values(secrets)) expect(fresh).not.toContain(secret);
    for (const line of fresh.split('\n').filter(Boolean)) {
      const entry = JSON.parse(line) as Record<string, unknown>;
      expect(Object.keys(entry)).toContain('event');
      if (mistakes.has(String(entry.event))) throw new Error(`logged as a mistake of ours: ${line}`);
    }
  }
}

// ── Answers ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export type Reply = { status: number; headers: Record<string, string | string[] | undefined>; text: string };

/** What an answer says: of GraphQL its errors' codes, of a problem document its status. */
type Form = {
  status: number;
  codes: string[];
  messages: string[];
  data: Record<string, unknown> | null | undefined;
  body: Record<string, unknown>;
};

type GraphqlError = { message: unknown; extensions: { code: unknown; requestId: unknown } };

/** The list that clients are told. */
const codes = new Set(
  [...readFileSync('docs/errors.md', 'utf8').matchAll(/^\| `([A-Z_]+)`/gm)].map(([, code]) => code),
);

function wellFormed({ status, headers, text }: Reply, hidden: readonly string[]): Form {
  const all = `${text}\n${JSON.stringify(headers)}`;
  for (const word of hidden) expect(all).not.toContain(word);
  expect(all).not.toMatch(/(\\n|\n)\s+at \S|\.[jt]s:\d+/);
  expect([200, 400, 401, 404, 405, 406, 408, 413, 415, 431, 502, 503, 504]).toContain(status);
  expect(headers['content-type']).toMatch(/^application\/(problem\+|graphql-response\+)?json; charset=utf-8$/);
  expect(headers['x-request-id']).toMatch(/^[A-Za-z0-9._-]{1,128}$/);
  const body = JSON.parse(text) as Record<string, unknown>;
  if (String(headers['content-type']).includes('problem')) return problemForm(body, status, headers['x-request-id']);
  const { data, errors = [] } = body as { data?: Record<string, unknown> | null; errors?: GraphqlError[] };
  if ('errors' in body) expect(errors.length).toBeGreaterThan(0);
  for (const { message, extensions } of errors) {
    expect(message).toEqual(expect.stringMatching(/./));
    expect(extensions.requestId).toBe(headers['x-request-id']);
    expect(codes).toContain(extensions.code);
    expect(extensions.code).not.toBe('INTERNAL_SERVER_ERROR');
  }
  if (status !== 200 && 'errors' in body) expect(data ?? null).toBeNull();
  const messages = errors.map(({ message }) => String(message));
  return { status, codes: errors.map(({ extensions }) => String(extensions.code)), messages, data, body };
}

function problemForm(body: Record<string, unknown>, status: number, requestId: unknown): Form {
  expect(body).toMatchObject({ status, requestId, title: expect.any(String), detail: expect.stringMatching(/./) });
  expect(status).toBeGreaterThanOrEqual(400);
  return { status, codes: [], messages: [], data: undefined, body };
}

// ── Requests ────────────────────────────────────────────────────────────────────────────────────────────────────────

const agent = new Agent({ keepAlive: true, maxSockets: 8 });

export type Sent = { method?: string; path?: string; headers?: Record<string, string>; body?: string | Buffer };

/** One request as it is; `path` is sent unchanged. */
export function send(base: string, { method = 'POST', path = '/graphql', headers = {}, body }: Sent): Promise<Reply> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const sent = request({ hostname, port, path, method, agent, headers: { ...length, ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status = 0, headers: answered } = response;
        resolve({ status, headers: answered, text: Buffer.concat(chunks).toString() });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const json = { 'content-type': 'application/json' };

export function ask(base: string, query: unknown, variables?: unknown): Promise<Reply> {
  return send(base, { headers: json, body: JSON.stringify({ query, variables }) });
}

export const globalId = (type: string, id: string) => Buffer.from(`${type}:${id}`).toString('base64url');
