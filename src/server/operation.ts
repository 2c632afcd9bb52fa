/**
 * What happens around the execution of an operation: limits before it; headers, metric and log line after it.
 *
 * All three read the same outcomes (P8), so an answer, the dashboard and the log cannot disagree.
 */
import type { ApolloServerPlugin, GraphQLRequestContextWillSendResponse, GraphQLRequestListener } from '@apollo/server';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { Clock } from '../cache/clock.ts';
import type { Outcome } from '../cache/outcome.ts';
import { cachePolicyOf, checkKind, checkLimits } from '../graphql/index.ts';
import type { Telemetry } from '../telemetry/index.ts';
import { cacheHeadersOf } from './cache-control.ts';
import { cacheStatusOf } from './cache-status.ts';
import type { ServerContext } from './exchange.ts';
import { OperationNames } from './metrics.ts';

/** One log line in so many, of answers that were hits throughout. */
const hitsPerLogLine = 100;
/** How soon to come back when time ran out: what was waited for goes on being read. */
export const retryAfterSeconds = 1;

/** `refused`: nothing was executed. */
type Result = 'ok' | 'error' | 'refused';
type Answered = GraphQLRequestContextWillSendResponse<ServerContext>;

/** What the answer was, for the header, the metric and the log alike. */
type Verdict = {
  result: Result;
  errors: readonly GraphQLFormattedError[];
  /** Code of the first part that could not be read. */
  failed: string | undefined;
  cacheStatus: string | undefined;
};

export function operationPlugin({ log, metrics }: Telemetry, clock: Clock): ApolloServerPlugin<ServerContext> {
  const names = new OperationNames();
  let hits = 0;

  const listener: GraphQLRequestListener<ServerContext> = {
    async didResolveOperation({ document, schema, request, operationName }) {
      const query = { schema, document, operationName, variables: request.variables };
      const refusal = checkKind(query) ?? checkLimits(query);
      if (refusal) throw withStatus(refusal, 400);
    },
    async willSendResponse(answered) {
      const verdict = verdictOf(answered);
      setHeaders(answered, verdict);
      report(answered, verdict);
    },
  };

  function report({ operationName, contextValue }: Answered, { result, errors, failed, cacheStatus }: Verdict): void {
    const { startedAtMs, requestId, outcomes } = contextValue.exchange;
    const operation = names.label(operationName);
    const durationMs = clock.mono() - startedAtMs;
    metrics.graphqlOperationDuration.observe({ operation, outcome: result }, durationMs / 1000);

    const level = levelOf(result, outcomes, failed);
    if (level === 'debug' && hits++ % hitsPerLogLine !== 0) return;
    const codes = errors.map(codeOf);
    const line = { event: 'graphql.operation', requestId, operation, outcome: result, durationMs, cacheStatus, codes };
    log[level](line, 'an operation was answered');
  }

  return { requestDidStart: async () => listener };
}

/** Apollo answers 500 to an error that says no status of its own. */
function withStatus({ message, extensions }: GraphQLError, status: number): GraphQLError {
  return new GraphQLError(message, { extensions: { ...extensions, http: { status } } });
}

function verdictOf({ response, contextValue }: Answered): Verdict {
  const { data, errors = [] } = response.body.kind === 'single' ? response.body.singleResult : {};
  const failed = errors.map(codeOf).find(isFailedRead);
  const cacheStatus = cacheStatusOf(contextValue.exchange.outcomes, failed);
  const result = errors.length === 0 ? 'ok' : data === undefined ? 'refused' : 'error';
  return { result, errors, failed, cacheStatus };
}

function setHeaders(answered: Answered, { errors, cacheStatus }: Verdict): void {
  const { response, schema, document, operationName, contextValue } = answered;
  const policy = errors.length === 0 && document ? cachePolicyOf(schema, document, operationName) : undefined;
  for (const [name, value] of Object.entries(cacheHeadersOf(policy, contextValue.exchange.outcomes))) {
    response.http.headers.set(name, value);
  }
  if (cacheStatus !== undefined) response.http.headers.set('cache-status', cacheStatus);
  const waitSeconds = Math.max(0, ...errors.map(waitSecondsOf));
  if (waitSeconds > 0) response.http.headers.set('retry-after', String(waitSeconds));
}

function levelOf(result: Result, outcomes: readonly Outcome[], failed: string | undefined): 'debug' | 'info' | 'warn' {
  if (failed !== undefined || outcomes.some(({ kind }) => kind === 'stale_if_error')) return 'warn';
  const allHits = outcomes.length > 0 && outcomes.every(({ kind }) => kind === 'hit' || kind === 'negative');
  return result === 'ok' && allHits ? 'debug' : 'info';
}

function codeOf({ extensions }: GraphQLFormattedError): string {
  return String(extensions?.code);
}

/** A mistake of the caller is no read that failed. */
function isFailedRead(code: string): boolean {
  return code.startsWith('UPSTREAM_') || code === 'INTERNAL_SERVER_ERROR';
}

function waitSecondsOf(error: GraphQLFormattedError): number {
  const stated = error.extensions?.retryAfterSeconds;
  if (typeof stated === 'number') return stated;
  return codeOf(error) === 'UPSTREAM_TIMEOUT' ? retryAfterSeconds : 0;
}
