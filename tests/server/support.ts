/**
 * A gateway over a schema and a resource of the tests' own: the server knows neither catalogs nor sellers.
 *
 * `Things` reads nothing. What a load is to find, fail with or wait for is told beforehand, by id.
 */
import { connect, type Socket } from 'node:net';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { GraphQLError } from 'graphql';
import { request } from 'undici';
import { onTestFinished } from 'vitest';
import { type Clock, systemClock } from '../../src/cache/clock.ts';
import type { Outcome, ReadRequest } from '../../src/cache/outcome.ts';
import { type Config, readConfig } from '../../src/config.ts';
import { Answers } from '../../src/data/answers.ts';
import { Journal } from '../../src/data/journal.ts';
import type { ChangeEvent, CollectionStatus, InvalidationResult, Reader, Resource } from '../../src/data/reader.ts';
import type { Context, Readers } from '../../src/graphql/context.ts';
import { type ListenOptions, listen, type Server } from '../../src/server/index.ts';
import { startTelemetry } from '../../src/telemetry/index.ts';

export type Thing = { id: string; name: string };
type LogLine = Record<string, unknown> & { event: string; level: number };

export const adminToken = 'token-of-the-tests-0123456789';
export const secretAddress = 'http://upstream.internal:8080';

const typeDefs = `
  directive @cacheControl(maxAge: Int, staleWhileRevalidate: Int, staleIfError: Int, scope: CacheControlScope, inheritMaxAge: Boolean) on FIELD_DEFINITION | OBJECT | INTERFACE | UNION
  enum CacheControlScope { PUBLIC PRIVATE }
  "What is read."
  type Thing @cacheControl(maxAge: 60, staleWhileRevalidate: 600, staleIfError: 86400) { id: ID! name: String! }
  type Mine @cacheControl(maxAge: 30, scope: PRIVATE) { id: ID! }
  type Query {
    thing(id: ID!): Thing
    mine: Mine
    uncacheable(id: ID!): Thing @cacheControl(maxAge: 0)
    broken: Thing
    refused: Thing
    readers: [String!]!
    requestId: String!
  }
  type Mutation { touch(id: ID!): Thing }
`;

const resolvers = {
  Query: {
    thing: read,
    uncacheable: read,
    mine: () => ({ id: 'me' }),
    broken: () => {
      throw new Error(`password hunter2 was refused by ${secretAddress}`);
    },
    refused: () => {
      throw new GraphQLError('id has no such form', { extensions: { code: 'BAD_USER_INPUT' } });
    },
    readers: (_: unknown, _args: unknown, { readers }: Context<Readers>) => Object.keys(readers),
    requestId: (_: unknown, _args: unknown, context: Context<Readers>) => context.requestId,
  },
  Mutation: { touch: read },
};

function read(_: unknown, { id }: { id: string }, { readers }: Context<Readers>): unknown {
  return (readers.Thing as Reader<Thing>).load(id);
}

/** Holds a read until it is opened; closed for good unless somebody does. */
export class Gate {
  readonly #opened = Promise.withResolvers<void>();
  readonly #reached = Promise.withResolvers<void>();
  /** Resolves when a read waits here. */
  readonly reached = this.#reached.promise;

  open(): this {
    this.#opened.resolve();
    return this;
  }

  pass(): Promise<void> {
    this.#reached.resolve();
    return this.#opened.promise;
  }
}

export class Things implements Resource<Thing> {
  readonly name: string = 'thing';
  readonly collection: string = 'things';
  readonly type: string = 'Thing';
  readonly #script = new Map<string, Partial<Outcome> | Error | Gate>();
  #state: CollectionStatus = { status: 'fresh', size: 3, ageSeconds: 12, quarantined: 0 };
  readonly calls: unknown[] = [];
  /** Made, and rows asked for by them. */
  readers = 0;
  loads = 0;
  /** What an invalidation comes to. */
  result: Partial<InvalidationResult> | Error = {};

  /** An outcome noted, an error thrown, or a gate waited at under the deadline. */
  when(id: string, then: Partial<Outcome> | Error | Gate): this {
    this.#script.set(id, then);
    return this;
  }

  is(state: Partial<CollectionStatus>): this {
    this.#state = { ...this.#state, ...state };
    return this;
  }

  reader({ deadline, note }: ReadRequest): Reader<Thing> {
    this.readers++;
    return {
      load: async (id) => {
        this.loads++;
        const then = this.#script.get(id) ?? {};
        if (then instanceof Error) throw then;
        if (then instanceof Gate) await deadline.race(then.pass());
        note({ ...hit, ...(then instanceof Gate ? {} : then) });
        return 'kind' in then && then.kind === 'negative' ? null : { id, name: `Thing ${id}` };
      },
      page: () => Promise.reject(new Error('not used here')),
    };
  }

  isSettled(): boolean {
    return true;
  }

  status(): CollectionStatus {
    return this.#state;
  }

  warm(): void {
    this.calls.push('warm');
  }

  async invalidate(ids: readonly string[], how: object): Promise<InvalidationResult> {
    this.calls.push({ ids, ...how });
    return this.#outcome(ids.length);
  }

  async tell(events: readonly ChangeEvent[], how: object): Promise<InvalidationResult> {
    this.calls.push({ events, ...how });
    return this.#outcome(new Set(events.map(({ id }) => id)).size);
  }

  async reset(how: object): Promise<InvalidationResult> {
    this.calls.push({ all: true, ...how });
    return this.#outcome(this.#state.size);
  }

  #outcome(ids: number): InvalidationResult {
    if (this.result instanceof Error) throw this.result;
    return {
      ids,
      refreshed: ids,
      missing: 0,
      scope: 'cluster',
      position: '7-0',
      deferred: false,
      tooFewReplicas: false,
      ...this.result,
    };
  }
}

export const hit: Outcome = {
  namespace: 'thing',
  kind: 'hit',
  tier: 'memory',
  ttlMs: 41_900,
  ageMs: 18_100,
  stored: true,
};

/** A clock that stands still until it is told to go on. */
export class ManualClock implements Clock {
  #nowMs = 0;
  #sleepers: { atMs: number; wake: () => void }[] = [];
  #watchers: { ms: number; seen: () => void }[] = [];

  now(): number {
    return this.#nowMs;
  }

  mono(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener('abort', () => reject(signal.reason));
    this.#sleepers.push({ atMs: this.#nowMs + ms, wake: resolve });
    for (const watcher of this.#watchers) if (watcher.ms === ms) watcher.seen();
    return promise;
  }

  /** Resolves when somebody sleeps for that long. */
  slept(ms: number): Promise<void> {
    return new Promise((seen) => {
      this.#watchers.push({ ms, seen });
    });
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    for (const { atMs, wake } of this.#sleepers) if (atMs <= this.#nowMs) wake();
  }
}

/** In development, on free ports. */
const defaults = readConfig({ PORT: '0', UPSTREAM_URL: secretAddress, ADMIN_TOKEN: adminToken });

export type Gateway = Server & { things: Things; lines: LogLine[]; metrics: ListenOptions['telemetry']['metrics'] };

/** How many answers were kept whole, and given so. */
export async function keptOf({ metrics }: Gateway): Promise<number> {
  const { values } = await metrics.responseCache.get();
  return values.find(({ labels }) => labels.outcome === 'hit')?.value ?? 0;
}

type Settings = {
  config?: Partial<Config>;
  things?: Things;
  options?: Partial<ListenOptions>;
};

/** Listens on a free port until the test is over. */
export async function start({ config = {}, things = new Things(), options = {} }: Settings = {}): Promise<Gateway> {
  const lines: LogLine[] = [];
  const done = new Map<string, string>();
  const telemetry = startTelemetry(
    { level: 'debug', format: 'json' },
    { write: (line: string) => void lines.push(JSON.parse(line)) },
  );
  const server = await listen({
    config: { ...defaults, ...config },
    telemetry,
    clock: systemClock,
    schema: makeExecutableSchema({ typeDefs, resolvers }),
    resources: [things],
    upstream: { status: () => 'ok' },
    lingerMs: 20,
    coherence: () => ({ redis: 'ok', status: 'ok', lagMs: 12.4, scope: 'cluster' }),
    reached: async () => {},
    answers: new Answers({
      follower: { trusted: true, now: () => Date.now() },
      journal: new Journal(),
      resources: [things],
    }),
    deliveries: { done: async (id) => done.get(id), note: async (id, text) => void done.set(id, text) },
    ...options,
  });
  onTestFinished(() => server.close());
  return { ...server, things, lines, metrics: telemetry.metrics };
}

export type Answer = { status: number; headers: Record<string, string | undefined>; text: string; body: GraphqlBody };
type GraphqlBody = {
  data?: Record<string, unknown> | null;
  errors?: { message: string; path?: string[]; extensions: Record<string, unknown> }[];
  [member: string]: unknown;
};

export type Sent = { method?: string; headers?: Record<string, string>; body?: string };

export async function send(url: string, { method = 'GET', headers = {}, body }: Sent = {}): Promise<Answer> {
  const answer = await request(url, { method, headers, body: body ?? null });
  const text = await answer.body.text();
  const type = String(answer.headers['content-type']);
  return {
    status: answer.statusCode,
    headers: answer.headers as Record<string, string | undefined>,
    text,
    body: type.includes('json') && !answer.headers['content-encoding'] ? JSON.parse(text) : {},
  };
}

export function ask(
  gateway: Gateway,
  query: string,
  more: { headers?: Record<string, string>; variables?: object; operationName?: string } = {},
) {
  const { headers = {}, ...rest } = more;
  return send(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, ...rest }),
  });
}

/** A connection one may write to as one likes. */
export class Wire {
  readonly #socket: Socket;
  #received = '';
  readonly closed: Promise<void>;
  #awaited: { text: string; resolve: () => void }[] = [];

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.#socket = connect(Number(port), hostname);
    this.closed = new Promise((resolve) => this.#socket.on('close', () => resolve()));
    this.#socket.on('error', () => {}); // A reset closes it as well.
    this.#socket.on('data', (data) => {
      this.#received += data.toString();
      for (const { text, resolve } of this.#awaited) if (this.#received.includes(text)) resolve();
    });
    onTestFinished(() => void this.#socket.destroy());
  }

  write(text: string): this {
    this.#socket.write(text);
    return this;
  }

  get received(): string {
    return this.#received;
  }

  /** Resolves when this text has come. */
  until(text: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#awaited.push({ text, resolve });
    if (this.#received.includes(text)) resolve();
    return promise;
  }
}
