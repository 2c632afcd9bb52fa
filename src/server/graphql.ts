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
import type { Config } from '../config.ts';
import type { Resource } from '../data/reader.ts';
import { defaultLimits, type ErrorCode, formatError, parseOptions } from '../graphql/index.ts';
import type { Telemetry } from '../telemetry/index.ts';
import { problemOf } from './app.ts';
import { noStore } from './cache-control.ts';
import { contextOf, type Exchange, openExchange, type ServerContext } from './exchange.ts';
import { explorerPolicy, landingPage, sandboxOrigins } from './explorer.ts';
import { operationPlugin } from './operation.ts';
import type { Problem } from './problems.ts';

/** What a page of another origin may read besides the body. */
const exposedHeaders = ['Age', 'Cache-Status', 'Retry-After', 'X-Request-Id'];

export type GraphqlOptions = {
  config: Config;
  telemetry: Telemetry;
  clock: Clock;
  schema: GraphQLSchema;
  resources: readonly Resource<unknown>[];
};

/** @returns How to stop Apollo, once no request is under way. */
export async function serveGraphql(app: FastifyInstance, options: GraphqlOptions): Promise<() => Promise<void>> {
  const { config, telemetry, clock, resources } = options;
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
      const body = await exchanges.run(exchange, () => execute.call(this, request, reply));
      if (String(reply.getHeader('content-type')).startsWith('text/html')) {
        reply.header('content-security-policy', explorerPolicy);
      }
      return body;
    } finally {
      exchange.deadline.end();
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

/** What did not come as far as Apollo, in Apollo's form. */
function refuse(reply: FastifyReply, { status, detail }: Problem): FastifyReply {
  const code = status < 500 ? 'BAD_REQUEST' : 'INTERNAL_SERVER_ERROR';
  const errors = [{ message: detail, extensions: { code, requestId: reply.request.id } }];
  return reply.code(status).header('cache-control', noStore).send({ errors });
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
