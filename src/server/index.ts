/**
 * The HTTP side of the gateway: one port for GraphQL and health; metrics and admin on a port of their own when one is set.
 *
 *   listening ──close()──► draining: no new connections, 503 for new requests, those under way finish ──► closed
 *                              ├── after `lingerMs`: idle connections close
 *                              └── after `drainMs`: what is left is cut off
 */
import { Server as TcpServer } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import compress from '@fastify/compress';
import type { FastifyInstance } from 'fastify';
import type { GraphQLSchema } from 'graphql';
import type { Clock } from '../cache/clock.ts';
import type { Deadline } from '../cache/deadline.ts';
import type { Deliveries } from '../cache/deliveries.ts';
import type { Token } from '../cache/position.ts';
import type { Config } from '../config.ts';
import type { Answers } from '../data/answers.ts';
import type { Resource } from '../data/reader.ts';
import type { Telemetry } from '../telemetry/index.ts';
import { serveAdmin } from './admin.ts';
import { createApp } from './app.ts';
import { serveExplorer } from './explorer.ts';
import { createGraphql, type GraphqlOptions } from './graphql.ts';
import { type Coherence, serveHealth } from './health.ts';
import { type MetricsPage, serveMetrics } from './metrics.ts';
import { compressFromBytes } from './representation.ts';
import { safeHeaders } from './safe-headers.ts';
import { serveWebhooks } from './webhooks.ts';

export type { Coherence } from './health.ts';
export type { MetricsPage } from './metrics.ts';

/** Longer than a request may take by default, shorter than what orchestrators grant (30 s). */
const drainMs = 15_000;
/** Longer than clients that ask one question after another take for the next one. */
const defaultLingerMs = 250;

export type ListenOptions = {
  config: Config;
  telemetry: Telemetry;
  clock: Clock;
  schema: GraphQLSchema;
  resources: readonly Resource<unknown>[];
  upstream: { status(): 'ok' | 'down' };
  coherence: () => Coherence;
  answers: Answers;
  /** Waits until this process has applied a position. */
  reached: (token: Token, deadline: Deadline) => Promise<void>;
  deliveries: Pick<Deliveries, 'done' | 'note'>;
  /** What `/metrics` shows instead of this process' own. */
  metricsPage?: MetricsPage;
  /** How long idle connections stay open at the end, for clients that do not know of it yet. */
  lingerMs?: number;
  plugins?: GraphqlOptions['plugins'];
};

export type Server = {
  /** `http://127.0.0.1:4000`. */
  url: string;
  /** The same as `url` when there is no admin port. */
  adminUrl: string;
  /** No new connections; on those that are open all goes on. For when others listen on the port and are to end as well. */
  stopListening(): void;
  /** Requests under way finish first. Resolves when all connections are closed; calling it again joins the first. */
  close(): Promise<void>;
};

/** @throws When a port cannot be listened on; nothing is left listening then. */
export async function listen(options: ListenOptions): Promise<Server> {
  const { config, telemetry, clock, resources, coherence, deliveries, lingerMs = defaultLingerMs } = options;
  let closing: Promise<void> | undefined;
  const isClosing = () => closing !== undefined;
  const common = { log: telemetry.log, isClosing, headers: await safeHeaders() };

  const graphql = await createGraphql({ ...options, ...common });
  const main = createApp({ ...common, front: graphql.front });
  const admin = config.adminPort === undefined ? main : createApp(common);
  await main.register(compress, {
    threshold: compressFromBytes,
    encodings: ['br', 'gzip'],
    globalDecompression: false,
  });

  await graphql.serve(main);
  serveHealth(main, { ...options, isClosing });
  serveExplorer(main, { schema: options.schema, introspection: config.introspection });
  serveMetrics(admin, options);
  if (config.webhookSecret !== undefined) {
    serveWebhooks(main, { secret: config.webhookSecret, resources, deliveries, log: telemetry.log });
  }
  if (config.adminToken !== undefined) {
    serveAdmin(admin, {
      token: config.adminToken,
      resources,
      scope: () => coherence().scope,
      log: telemetry.log,
    });
  }

  const apps = [...new Set([main, admin])];
  async function close(): Promise<void> {
    await Promise.all(apps.map((app) => drain(app, clock, lingerMs)));
    await graphql.stop();
  }

  try {
    const url = await main.listen({ host: config.host, port: config.port });
    const adminUrl = admin === main ? url : await admin.listen({ host: config.host, port: config.adminPort ?? 0 });
    return {
      url,
      adminUrl,
      stopListening: () => {
        for (const { server } of apps) leavePort(server);
      },
      close: () => {
        closing ??= close();
        return closing;
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function drain(app: FastifyInstance, clock: Clock, lingerMs: number): Promise<void> {
  const drained = new AbortController();
  const cutOff = clock.sleep(drainMs, drained.signal).then(
    () => app.server.closeAllConnections(),
    () => {}, // All were closed before.
  );
  if (app.server.listening) leavePort(app.server);
  if ((await promisify(app.server.getConnections.bind(app.server))()) > 0) await linger(app.server, lingerMs);
  await app.close();
  drained.abort();
  await cutOff;
}

/** Not as HTTP's own server does, which closes the idle connections as well. */
function leavePort(server: FastifyInstance['server']): void {
  TcpServer.prototype.close.call(server);
}

/**
 * A connection that is closed while a request comes in on it is reset, and the client cannot know what became of the
 * request. So those that are open stay open for as long as it takes to tell clients, by an answer, that they end.
 */
async function linger(server: FastifyInstance['server'], lingerMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    // By the machine's clock, whatever that of the gateway: what is waited for is on its way through real sockets.
    const timer = setTimeout(resolve, lingerMs);
    server.once('close', () => {
      clearTimeout(timer); // None is left open.
      resolve();
    });
  });
  await nextTurn(); // What came in while the process was busy is read.
}
