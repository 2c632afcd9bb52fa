/**
 * The way of a GraphQL request.
 *
 *   Fastify: body, cap, content type ─► Apollo: CSRF, parse, validate ─► limits ─► execute ─► headers, metric, log
 *
 * A refusal on any step is a GraphQL answer: `{"errors":[{"message","extensions":{"code","requestId"}}]}`.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginCacheControlDisabled } from '@apollo/server/plugin/disabled';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import cors from '@fastify/cors';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { GraphQLFormattedError, GraphQLSchema } from 'graphql';
import type { Clock } from '../cache/clock.ts';
import { type Deadline, DeadlineError } from '../cache/deadline.ts';
import { parseToken, type Token } from '../cache/position.ts';
import type { Config } from '../config.ts';
import type { Resource } from '../data/reader.ts';
import { defaultLimits, type ErrorCode, formatError, parseOptions } from '../graphql/index.ts';
import type { Telemetry } from '../telemetry/index.ts';
import { problemOf } from './app.ts';
import { noStore } from './cache-control.ts';
import { contextOf, type Exchange, openExchange, type ServerContext } from './exchange.ts';
import { explorerPolicy, landingPage, sandboxOrigins } from './explorer.ts';
import { operationPlugin, retryAfterSeconds } from './operation.ts';
import type { Problem } from './problems.ts';

/** What a page of another origin may read besides the body. */
const exposedHeaders = ['Age', 'Cache-Status', 'Retry-After', 'X-Request-Id'];

export type GraphqlOptions = {
  config: Config;
  telemetry: Telemetry;
  clock: Clock;
  schema: GraphQLSchema;
  resources: readonly Resource<unknown>[];
  reached: (token: Token, deadline: Deadline) => Promise<void>;
};

/** @returns How to stop Apollo, once no request is under way. */
export async function serveGraphql(app: FastifyInstance, options: GraphqlOptions): Promise<() => Promise<void>> {
  const { config, telemetry, clock, resources, reached } = options;
  /** Apollo formats errors without a word on whose they are. */
  const exchanges = new AsyncLocalStorage<Exchange>();
  const apollo = createApollo(options, () => exchanges.getStore()?.requestId ?? '');
  await apollo.start();

  const execute = fastifyApolloHandler(apollo, {
    context: async () => contextOf(exchanges.getStore() as Exchange, resources),
  });

  async function handle(this: FastifyInstance, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const exchange = openExchange(request.id, clock, config.requestTimeoutMs);
    reply.header('cache-control', noStore);
    try {
      const refusal = await untilReached(request.headers['vitrine-position'], exchange);
      if (refusal) return refuse(reply, refusal);
      const body = await exchanges.run(exchange, () => execute.call(this, request, reply));
      if (String(reply.getHeader('content-type')).startsWith('text/html')) {
        reply.header('content-security-policy', explorerPolicy);
      }
      return body;
    } finally {
      exchange.deadline.end();
    }
  }

  /** Read-your-writes on any process: a request that carries a position waits until it is applied here. */
  async function untilReached(header: string | string[] | undefined, { deadline }: Exchange) {
    if (header === undefined) return undefined;
    const token = parseToken(String(header));
    if (token === undefined) return badPosition;
    try {
      await reached(token, deadline);
      return undefined;
    } catch (error) {
      if (error instanceof DeadlineError) return notReached;
      throw error;
    }
  }

  await app.register(async (scope) => {
    // Before CORS adds to it: what is not compressed varies as well (RFC 9110, section 12.5.5).
    scope.addHook('onRequest', async (request, reply) => {
      reply.header('vary', 'accept-encoding');
      // RFC 9112, section 3.2; Apollo's integration makes a URL of it.
      if (!URL.canParse(`http://${request.hostname}/`)) return refuse(reply, { status: 400, detail: 'Host is none.' });
    });
    const origins = [...config.corsOrigins, ...(config.production ? [] : sandboxOrigins)];
    if (origins.length > 0) {
      // Strict, it would refuse an OPTIONS that is no preflight in a form of its own.
      const methods = ['GET', 'POST'];
      await scope.register(cors, { origin: origins, methods, exposedHeaders, strictPreflight: false });
    }
    scope.setErrorHandler((error, request, reply) => refuse(reply, problemOf(error, request, telemetry.log)));
    // All methods, so that Apollo says which ones it takes.
    scope.route({ method: ['DELETE', 'GET', 'PATCH', 'POST', 'PUT'], url: '/graphql', handler: handle });
  });
  return () => apollo.stop();
}

type Refusal = Problem & { code?: ErrorCode };

const badPosition: Refusal = {
  status: 400,
  detail: 'Vitrine-Position is none that a change was acknowledged with.',
  code: 'BAD_USER_INPUT',
};
const notReached: Refusal = {
  status: 504,
  detail: 'This process has not come to that position within the deadline.',
  code: 'UPSTREAM_TIMEOUT',
};

/** What did not come as far as Apollo, in Apollo's form. */
function refuse(reply: FastifyReply, { status, detail, code = codeOfStatus(status) }: Refusal): FastifyReply {
  if (status === 504) reply.header('retry-after', retryAfterSeconds);
  const errors = [{ message: detail, extensions: { code, requestId: reply.request.id } }];
  return reply.code(status).header('cache-control', noStore).send({ errors });
}

function codeOfStatus(status: number): ErrorCode {
  return status < 500 ? 'BAD_REQUEST' : 'INTERNAL_SERVER_ERROR';
}

function createApollo(options: GraphqlOptions, requestId: () => string): ApolloServer<ServerContext> {
  const { config, telemetry, clock, schema } = options;
  return new ApolloServer<ServerContext>({
    schema,
    introspection: config.introspection,
    csrfPrevention: true,
    includeStacktraceInErrorResponses: false,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    stopOnTerminationSignals: false,
    parseOptions: parseOptions(defaultLimits),
    logger: telemetry.log.child({ event: 'apollo' }),
    formatError: (formatted, error) =>
      formatError(formatted, error, {
        requestId: requestId(),
        introspection: config.introspection,
        report: (thrown, code) => report(thrown, code, formatted.path),
      }),
    plugins: [
      ApolloServerPluginCacheControlDisabled(),
      landingPage(config.introspection),
      operationPlugin(telemetry, clock),
    ],
  });

  /** What nobody foresaw, with its stack. What upstream did is in the operation's own line, and in upstream's. */
  function report(err: unknown, code: ErrorCode, path: GraphQLFormattedError['path']): void {
    if (code !== 'INTERNAL_SERVER_ERROR') return;
    telemetry.log.error({ event: 'graphql.error', requestId: requestId(), path, err }, 'a field failed unforeseen');
  }
}
