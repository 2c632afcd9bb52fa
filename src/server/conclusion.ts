/**
 * What is said of the answer to an operation: headers, a metric, a log line.
 *
 * All three read the same outcomes (P8), so an answer, the dashboard and the log cannot disagree.
 */
import type { GraphQLFormattedError } from 'graphql';
import type { Clock } from '../cache/clock.ts';
import type { Outcome } from '../cache/outcome.ts';
import type { AnswerPolicy } from '../graphql/index.ts';
import type { Telemetry } from '../telemetry/index.ts';
import { cacheHeadersOf } from './cache-control.ts';
import { cacheStatusOf } from './cache-status.ts';
import type { Exchange } from './exchange.ts';
import { OperationNames } from './metrics.ts';

/** One log line in so many, of answers that were hits throughout, or that nothing was read for. */
const hitsPerLogLine = 100;
/** How soon to come back when time ran out: what was waited for goes on being read. */
export const retryAfterSeconds = 1;

/** `refused`: nothing was executed. */
type Result = 'ok' | 'error' | 'refused';

/** A request, as far as its time is taken. */
export type Timed = Pick<Exchange, 'requestId' | 'startedAtMs'>;

export type Concluded = {
  operationName: string | null | undefined;
  /** Of the document; undefined when nothing was read. */
  policy: AnswerPolicy | undefined;
  errors: readonly GraphQLFormattedError[];
  hasData: boolean;
  exchange: Exchange;
};

export class Conclusion {
  readonly #telemetry: Telemetry;
  readonly #clock: Clock;
  readonly #names = new OperationNames();
  #hits = 0;

  constructor(telemetry: Telemetry, clock: Clock) {
    this.#telemetry = telemetry;
    this.#clock = clock;
  }

  /** @returns The headers of the answer. */
  of({ operationName, policy, errors, hasData, exchange }: Concluded): Record<string, string> {
    const failed = errors.map(codeOf).find(isFailedRead);
    const cacheStatus = cacheStatusOf(exchange.outcomes, failed);
    const result = errors.length === 0 ? 'ok' : hasData ? 'error' : 'refused';
    const level = levelOf(result, exchange.outcomes, failed);
    this.#report(exchange, { operationName, result, level, cacheStatus, errors });
    const waitSeconds = Math.max(0, ...errors.map(waitSecondsOf));
    return {
      ...cacheHeadersOf(errors.length === 0 ? policy : undefined, exchange.outcomes),
      ...(cacheStatus !== undefined && { 'cache-status': cacheStatus }),
      ...(waitSeconds > 0 && { 'retry-after': String(waitSeconds) }),
    };
  }

  /** Of an answer that was kept whole: a hit throughout. */
  ofKept(asked: Timed, { name, cacheStatus }: { name: string | undefined; cacheStatus: string }): void {
    const operationName = name;
    this.#report(asked, { operationName, result: 'ok', level: 'debug', cacheStatus, errors: [] });
  }

  #report({ startedAtMs, requestId }: Timed, { operationName, result, level, cacheStatus, errors }: Reported): void {
    const { log, metrics } = this.#telemetry;
    const operation = this.#names.label(operationName);
    const durationMs = this.#clock.mono() - startedAtMs;
    metrics.graphqlOperationDuration.observe({ operation, outcome: result }, durationMs / 1000);
    if (level === 'debug' && this.#hits++ % hitsPerLogLine !== 0) return;
    const codes = errors.map(codeOf);
    const line = { event: 'graphql.operation', requestId, operation, outcome: result, durationMs, cacheStatus, codes };
    log[level](line, 'an operation was answered');
  }
}

type Level = 'debug' | 'info' | 'warn';
type Reported = Pick<Concluded, 'operationName' | 'errors'> & {
  result: Result;
  level: Level;
  cacheStatus: string | undefined;
};

function levelOf(result: Result, outcomes: readonly Outcome[], failed: string | undefined): Level {
  if (failed !== undefined || outcomes.some(({ kind }) => kind === 'stale_if_error')) return 'warn';
  const allHits = outcomes.every(({ kind }) => kind === 'hit' || kind === 'negative');
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
