/** A world to test the gateway in: the embedded upstream, the gateway over it by real HTTP, and a clock moved by hand. */
import { Writable } from 'node:stream';
import { type Clock, systemClock } from '../../src/cache/clock.ts';
import { catalogs } from '../../src/catalog/catalogs.ts';
import { sellers } from '../../src/catalog/sellers.ts';
import { readConfig } from '../../src/config.ts';
import {
  type EmbeddedUpstream,
  type EmbeddedUpstreamOptions,
  makeCatalogue,
  startEmbeddedUpstream,
} from '../../src/embedded/index.ts';
import { type Gateway, type GatewayOptions, startGateway } from '../../src/gateway.ts';
import { buildSchema, loadTypeDefs } from '../../src/graphql/index.ts';
import { resolvers } from '../../src/graphql/resolvers/index.ts';
import { startTelemetry, type Telemetry } from '../../src/telemetry/index.ts';
import { ManualClock } from './clock.ts';

/** The day that made-up catalogues are made around. */
export const today = new Date('2026-11-23T12:00:00Z');

export type WorldOptions = {
  /** Settings besides those of the test; see CONTRACT for the names. */
  settings?: Record<string, string>;
  upstream?: Partial<EmbeddedUpstreamOptions>;
  /** One that other gateways read as well; it outlives this world. */
  sharedUpstream?: EmbeddedUpstream;
  plugins?: NonNullable<GatewayOptions['plugins']>;
};

export type World<C extends Clock = ManualClock> = {
  gateway: Gateway;
  upstream: EmbeddedUpstream;
  telemetry: Telemetry;
  clock: C;
  /** Every log line so far. */
  logs(): Record<string, unknown>[];
  /** The log as it was written. */
  logText(): string;
  query<D = Record<string, unknown>>(query: string, variables?: Record<string, unknown>): Promise<Answer<D>>;
  invalidate(body: Record<string, unknown>): Promise<{ status: number; body: Record<string, unknown> }>;
  /** One metric's value, 0 when it was never counted. */
  metric(name: string, labels?: Record<string, string>): Promise<number>;
  close(): Promise<void>;
};

export type Answer<D> = {
  status: number;
  headers: Headers;
  /** RFC 9211, as sent. */
  cacheStatus: string | null;
  text: string;
  data: D;
  errors:
    | { message: string; path?: (string | number)[]; extensions: { code: string; requestId: string } }[]
    | undefined;
};

const adminToken = 'token-of-the-tests';

const schema = buildSchema({ typeDefs: loadTypeDefs('schema'), resolvers });

/** On a clock that the test moves. */
export function startWorld(options: WorldOptions = {}): Promise<World> {
  return startWorldOn(new ManualClock(), options);
}

/** On the machine's clock: for what needs real deadlines, or several processes on one Redis. */
export function startRealWorld(options: WorldOptions = {}): Promise<World<Clock>> {
  return startWorldOn(systemClock, options);
}

async function startWorldOn<C extends Clock>(clock: C, options: WorldOptions): Promise<World<C>> {
  const { settings = {}, upstream: upstreamOptions = {}, sharedUpstream, plugins = [] } = options;
  const upstream =
    sharedUpstream ?? (await startEmbeddedUpstream({ collections: makeCatalogue(today), ...upstreamOptions }));
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const config = readConfig({
    PORT: '0',
    ADMIN_TOKEN: adminToken,
    LOG_LEVEL: 'debug',
    UPSTREAM_URL: upstream.url,
    UPSTREAM_RETRIES: '0',
    UPSTREAM_PAGINATION: upstreamOptions.style ?? 'page',
    ...settings,
  });
  const telemetry = startTelemetry(config.log, sink);
  const upstreamUrl = config.upstream.url ?? new URL(upstream.url);
  const gateway = await startGateway({
    config,
    telemetry,
    upstreamUrl,
    schema,
    definitions: [catalogs, sellers],
    lingerMs: 0, // Nobody asks on when a world ends.
    plugins,
    clock,
    random: nearlyNoJitter,
  });

  return {
    gateway,
    upstream,
    telemetry,
    clock,
    logText: () => lines.join(''),
    logs: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    query: (query, variables) => post(gateway.url, query, variables),
    invalidate: async (body) => {
      const response = await fetch(`${gateway.adminUrl}/admin/invalidate`, {
        method: 'POST',
        headers: { authorization: `Bearer ${config.adminToken}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    },
    metric: async (name, labels = {}) => {
      const metric = await telemetry.metrics.registry.getSingleMetric(name)?.get();
      const matching = metric?.values.filter((value) =>
        Object.entries(labels).every(([label, wanted]) => String(value.labels[label]) === wanted),
      );
      return matching?.reduce((sum, { value }) => sum + value, 0) ?? 0;
    },
    close: async () => {
      await gateway.close();
      if (sharedUpstream === undefined) await upstream.close();
    },
  };
}

/** Windows are within a thousandth of what the schema says, and no two tokens are the same. */
const nearlyNoJitter = () => 0.999 + Math.random() / 2000;

/** Until both collections have been read, as a started gateway does by itself. */
export async function untilWarm({ gateway }: { gateway: Gateway }): Promise<void> {
  await post(gateway.url, '{ catalogs(first: 0) { totalCount } sellers(first: 0) { totalCount } }');
}

async function post<D>(url: string, query: string, variables?: Record<string, unknown>): Promise<Answer<D>> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, ...(variables ? { variables } : {}) }),
  });
  const text = await response.text();
  const body = JSON.parse(text) as { data: D; errors?: Answer<D>['errors'] };
  const cacheStatus = response.headers.get('cache-status');
  return {
    status: response.status,
    headers: response.headers,
    cacheStatus,
    text,
    data: body.data,
    errors: body.errors,
  };
}
