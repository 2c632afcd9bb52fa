/**
 * The way of a GraphQL request.
 *
 *   front.ts: plain? ─► kept whole, or compiled? (answer-path.ts) ─► its answer
 *               └─ no ───────────┴─ no ─► Fastify: method, content type, cap ─► position ─► Apollo: CSRF, parse, validate,
 *                                                                                           limits, execute
 *
 * A refusal on any step is a GraphQL answer: `{"errors":[{"message","extensions":{"code","requestId"}}]}`.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import { ApolloServerPluginCacheControlDisabled } from '@apollo/server/plugin/disabled';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import cors from '@fastify/cors';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { GraphQLFormattedError, GraphQLSchema } from 'graphql';
import type { Clock } from '../cache/clock.ts';
import { type Deadline, DeadlineError } from '../cache/deadline.ts';
import { parseToken, type Token } from '../cache/position.ts';
import type { Config } from '../config.ts';
import type { Answers } from '../data/answers.ts';
import type { Resource } from '../data/reader.ts';
import {
  CompiledOperations,
  clientError,
  defaultLimits,
  type ErrorCode,
  formatError,
  parseOptions,
  readTrustedDocuments,
  type TrustedDocuments,
} from '../graphql/index.ts';
import type { Telemetry } from '../telemetry/index.ts';
import { AnswerPath } from './answer-path.ts';
import { maxBodyBytes, problemOf } from './app.ts';
import { arrivalOf } from './arrival.ts';
import { Asking, endpoint } from './asking.ts';
import { noStore } from './cache-control.ts';
import { Conclusion, retryAfterSeconds } from './conclusion.ts';
import { begin, contextOf, type Exchange, openExchange, type ServerContext } from './exchange.ts';
import { explorerPolicy, landingPage, sandboxOrigins } from './explorer.ts';
import { Front, isHost } from './front.ts';
import { operationPlugin } from './operation.ts';
import type { Problem } from './problems.ts';
import { ResponseCache } from './response-cache.ts';

/** Of the keys that Apollo asks its cache for. */
const apolloPrefix = 'apq:';
/** What an answer depends on beside what is asked (RFC 9110, section 12.5.5): its media type and its coding. */
const vary = 'accept, accept-encoding';
/** What a page of another origin may read besides the body. */
const exposedHeaders = ['Age', 'Cache-Status', 'Retry-After', 'X-Request-Id'];
const headersByOrigin = { vary: `${vary}, Origin`, 'access-control-expose-headers': exposedHeaders.join(', ') };

export type GraphqlOptions = {
  config: Config;
  telemetry: Telemetry;
  clock: Clock;
  schema: GraphQLSchema;
  resources: readonly Resource<unknown>[];
  answers: Answers;
  reached: (token: Token, deadline: Deadline) => Promise<void>;
  /** Of the user's own. Where one of them follows requests, all go the long way. */
  plugins?: readonly ApolloServerPlugin<ServerContext>[] | undefined;
  /** Of every answer. */
  headers: Readonly<Record<string, string>>;
  isClosing: () => boolean;
};

/** The endpoint in two parts: what is in front of Fastify, and what Fastify is to serve. */
export type GraphqlEndpoint = {
  /** Undefined where every request has to come to Apollo. */
  front: Front | undefined;
  serve(app: FastifyInstance): Promise<void>;
  /** Stops Apollo, once no request is under way. */
  stop(): Promise<void>;
};

/** Of the memory for rows, as much again for whole answers at most. */
const responseShare = 1 / 4;

export async function createGraphql(options: GraphqlOptions): Promise<GraphqlEndpoint> {
  const { config, telemetry, clock, resources, reached, answers, isClosing, plugins: own = [] } = options;
  /** Apollo formats errors without a word on whose they are. */
  const exchanges = new AsyncLocalStorage<Exchange>();
  const operations = new CompiledOperations(options.schema);
  const conclusion = new Conclusion(telemetry, clock);
  const format = errorFormatter(options);
  const trusted = openTrusted(options);
  // Theirs first, so that what they make of an answer at once is seen when it is concluded.
  const plugins = [...own, operationPlugin({ conclusion, operations, trusted })];
  const apollo = createApollo(options, {
    plugins,
    trusted,
    format: (formatted, error) => format(formatted, error, exchanges.getStore()?.requestId),
  });
  await apollo.start();

  const { metrics } = telemetry;
  const maxBytes = config.cache.memoryMaxBytes * responseShare;
  const path = new AnswerPath({
    answers,
    operations,
    conclusion,
    resources,
    metrics,
    cache: config.responseCache ? new ResponseCache({ answers, metrics, maxBytes }) : undefined,
  });
  const asking = new Asking(trusted);
  const origins = [...config.corsOrigins, ...(config.production ? [] : sandboxOrigins)];
  const { requestTimeoutMs: timeoutMs } = config;
  const isFollowed = own.some(({ requestDidStart }) => requestDidStart !== undefined);
  const front = new Front({
    path,
    asking,
    answers,
    clock,
    timeoutMs,
    maxBodyBytes,
    headers: { ...options.headers, ...(origins.length > 0 ? headersByOrigin : { vary }) },
    origins,
    isClosing,
  });
  const apolloHandler = fastifyApolloHandler(apollo, {
    context: async () => contextOf(exchanges.getStore() as Exchange, resources),
  });

  async function handle(this: FastifyInstance, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const arrival = arrivalOf(request.raw);
    const exchange =
      arrival?.exchange ?? openExchange({ requestId: request.id, clock, timeoutMs, basis: answers.begin() });
    try {
      if (arrival?.failure !== undefined) throw arrival.failure;
      const refusal = await untilReached(request.headers['vitrine-position'], exchange);
      if (refusal) return refuse(reply, refusal);
      asking.parse(request);
      if (asking.isUntrusted(request)) return refuseUntrusted(request, reply);
      return await askApollo.call(this, request, reply, exchange);
    } finally {
      exchange.deadline.end();
    }
  }

  async function askApollo(
    this: FastifyInstance,
    request: FastifyRequest,
    reply: FastifyReply,
    exchange: Exchange,
  ): Promise<unknown> {
    reply.header('cache-control', noStore);
    // What changes nothing any page may ask for; only what is trusted comes this far.
    if (trusted !== undefined && request.method === 'GET') request.headers['apollo-require-preflight'] = 'trusted';
    const body = await answers.unpurged(answers.begin(), (basis) => {
      begin(exchange, basis);
      return exchanges.run(exchange, () => apolloHandler.call(this, request, reply));
    });
    const contentType = String(reply.getHeader('content-type'));
    if (contentType.startsWith('text/html')) reply.header('content-security-policy', explorerPolicy);
    else asking.learn(request, contentType);
    return body;
  }

  function refuseUntrusted({ id: requestId }: FastifyRequest, reply: FastifyReply): FastifyReply {
    telemetry.log.info({ event: 'graphql.untrusted', requestId }, 'a document that is not trusted was refused');
    return refuse(reply, notTrusted);
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

  const serve = async (scope: FastifyInstance) => {
    // Before CORS adds to it.
    scope.addHook('onRequest', async (request, reply) => {
      reply.header('vary', vary);
      // Apollo's integration makes a URL of it.
      if (!isHost(request.hostname)) return refuse(reply, { status: 400, detail: 'Host is none.' });
    });
    if (origins.length > 0) {
      // Strict, it would refuse an OPTIONS that is no preflight in a form of its own.
      const methods = ['GET', 'POST'];
      await scope.register(cors, { origin: origins, methods, exposedHeaders, strictPreflight: false });
    }
    asking.receive(scope);
    scope.setErrorHandler((error, request, reply) => refuse(reply, problemOf(error, request, telemetry.log)));
    // All methods, so that Apollo says which ones it takes.
    scope.route({ method: ['DELETE', 'GET', 'PATCH', 'POST', 'PUT'], url: endpoint, handler: handle });
  };
  return {
    front: isFollowed ? undefined : front,
    serve: async (app) => void (await app.register(serve)),
    stop: () => apollo.stop(),
  };
}

type Refusal = Problem & { code?: ErrorCode };

const badPosition: Refusal = {
  status: 400,
  detail: 'Vitrine-Position is none that a change was acknowledged with.',
  code: 'BAD_USER_INPUT',
};
const notTrusted: Refusal = {
  status: 400,
  detail: clientError('PERSISTED_QUERY_REQUIRED').message,
  code: 'PERSISTED_QUERY_REQUIRED',
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

/** Those of the manifest, where one is set; what of them cannot be answered is told, and answered with its mistakes. */
function openTrusted({ config, schema, telemetry }: GraphqlOptions): TrustedDocuments | undefined {
  if (config.trustedDocuments === undefined) return undefined;
  const trusted = readTrustedDocuments(config.trustedDocuments);
  for (const mistake of trusted.mistakes(schema, config)) {
    telemetry.log.warn({ event: 'graphql.trusted_invalid', ...mistake }, 'a trusted document cannot be answered');
  }
  return trusted;
}

/** Where Apollo looks for documents by their ids. Clients add none. */
function cacheOf(trusted: TrustedDocuments) {
  return {
    get: async (key: string) => trusted.textOf(key.slice(apolloPrefix.length)),
    set: async () => {},
    delete: async () => false,
  };
}

type Format = (formatted: GraphQLFormattedError, error: unknown, requestId?: string) => GraphQLFormattedError;

function createApollo(
  { config, telemetry, schema }: GraphqlOptions,
  {
    plugins,
    trusted,
    format,
  }: { plugins: ApolloServerPlugin<ServerContext>[]; trusted: TrustedDocuments | undefined; format: Format },
): ApolloServer<ServerContext> {
  return new ApolloServer<ServerContext>({
    schema,
    introspection: config.introspection,
    csrfPrevention: true,
    includeStacktraceInErrorResponses: false,
    allowBatchedHttpRequests: false,
    persistedQueries: trusted === undefined ? false : { cache: cacheOf(trusted), ttl: null },
    stopOnTerminationSignals: false,
    parseOptions: parseOptions(defaultLimits),
    logger: telemetry.log.child({ event: 'apollo' }),
    formatError: format,
    plugins: [ApolloServerPluginCacheControlDisabled(), landingPage(config.introspection), ...plugins],
  });
}

function errorFormatter({ config, telemetry }: GraphqlOptions): Format {
  return (formatted, error, requestId = '') =>
    formatError(formatted, error, {
      requestId,
      introspection: config.introspection,
      report: (err, code) => {
        // What nobody foresaw, with its stack. What upstream did is in the operation's own line, and in upstream's.
        if (code !== 'INTERNAL_SERVER_ERROR') return;
        const line = { event: 'graphql.error', requestId, path: formatted.path, err };
        telemetry.log.error(line, 'a field failed unforeseen');
      },
    });
}
