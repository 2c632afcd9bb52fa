/**
 * What surrounds a request: budget( retry( breaker( timeout( request ) ) ) ).
 *
 *   closed ── 5 faults in a row ──► open ── 1 s ──► half-open ── one probe answers ──► closed
 *                                     ▲                 └─────── it does not ───────────┘
 *
 * The breaker stands over the whole upstream. While it is open a request is refused at once and not tried again; while
 * the probe of the half-open state is under way, the others wait for what it finds.
 *
 * The loop of tries is written here rather than taken from cockatiel: its waits neither end with the caller's signal
 * nor know a budget or `Retry-After`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { BrokenCircuitError, CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel';
import type { Telemetry } from '../telemetry/index.ts';
import { FailedTry, type Route, type TryStatus, UpstreamError } from './errors.ts';
import type { Answer } from './http.ts';
import { within } from './within.ts';

const faultsToOpen = 5;
const halfOpenAfterMs = 1_000;
const firstBackoffMs = 100;
const maxBackoffMs = 2_000;

export type PolicyOptions = {
  timeoutMs: number;
  budgetMs: number;
  /** Further tries of a request that failed. */
  retries: number;
  random: () => number;
  telemetry: Telemetry;
};

type Request = (signal: AbortSignal) => Promise<Answer | null>;
type Attempt = () => Promise<Answer | null>;

/** `budget` aborts with the caller's `signal` too; the latter alone tells whose wish it was. */
type Signals = { budget: AbortSignal; signal: AbortSignal };

/** A try that the caller gave up. Its reason is told further out; here it might pass for a fault of upstream. */
class AbortedTry extends Error {}

export class Policy {
  readonly #options: PolicyOptions;
  readonly #breaker;
  #lastTryWasFault = false;

  constructor(options: PolicyOptions) {
    this.#options = options;
    // A probe that was aborted has proven nothing, so it must not close the breaker: back to open it goes.
    const counts = (error: unknown) => isFault(error) || (this.#isHalfOpen() && error instanceof AbortedTry);
    this.#breaker = circuitBreaker(handleWhen(counts), {
      breaker: new ConsecutiveBreaker(faultsToOpen),
      halfOpenAfter: halfOpenAfterMs,
    });
    this.#breaker.onStateChange((state) => this.#logState(state));
  }

  status(): 'ok' | 'down' {
    return this.#breaker.state === CircuitState.Closed && !this.#lastTryWasFault ? 'ok' : 'down';
  }

  /**
   * @param request - One try; a GET, so that it may be repeated.
   * @throws {UpstreamError} When the last try failed; the signal's reason when that aborts.
   */
  async run(route: Route, signal: AbortSignal, request: Request): Promise<Answer | null> {
    const { budgetMs } = this.#options;
    return await within({ timeoutMs: budgetMs, signal, timeoutError: () => timeout(route, budgetMs) }, (budget) =>
      this.#retry(route, budget, () => this.#guard(route, budget, () => this.#try(route, { budget, signal }, request))),
    );
  }

  async #retry(route: Route, budget: AbortSignal, attempt: Attempt): Promise<Answer | null> {
    const { budgetMs, retries, random, telemetry } = this.#options;
    const endsAtMs = performance.now() + budgetMs;
    for (let tries = 1; ; tries++) {
      try {
        return await attempt();
      } catch (error) {
        if (!isRepeatable(error) || tries > retries) throw error;
        const waitMs = Math.max(backoffMs(tries, random), error.retryAfterMs ?? 0);
        if (performance.now() + waitMs >= endsAtMs) throw error;
        const { status } = error;
        telemetry.log.warn({ event: 'upstream.retry', route: route.template, status, attempt: tries, waitMs });
        await sleep(waitMs, undefined, { signal: budget });
      }
    }
  }

  async #guard(route: Route, budget: AbortSignal, attempt: Attempt): Promise<Answer | null> {
    try {
      return await this.#breaker.execute(attempt, budget);
    } catch (error) {
      if (!(error instanceof BrokenCircuitError)) throw error;
      this.#options.telemetry.metrics.upstreamRequests.inc({ route: route.template, status: 'breaker' });
      const message = `${route.name}: upstream is not asked, since its last ${faultsToOpen} answers were failures`;
      throw new UpstreamError('UPSTREAM_UNAVAILABLE', message, { cause: error });
    }
  }

  async #try(route: Route, { budget, signal }: Signals, request: Request): Promise<Answer | null> {
    const { timeoutMs } = this.#options;
    const startedAtMs = performance.now();
    try {
      const timeoutError = () => timeout(route, timeoutMs);
      const answer = await within({ timeoutMs, signal: budget, timeoutError }, request);
      this.#observe(route, answer?.status ?? 404, startedAtMs);
      this.#lastTryWasFault = false;
      return answer;
    } catch (error) {
      const ending = signal.aborted ? new AbortedTry() : error;
      this.#observe(route, ending instanceof FailedTry ? ending.status : 'aborted', startedAtMs);
      if (ending instanceof FailedTry) this.#lastTryWasFault = isFault(ending);
      throw ending;
    }
  }

  #observe(route: Route, status: TryStatus | 'aborted', startedAtMs: number): void {
    const { metrics } = this.#options.telemetry;
    metrics.upstreamRequests.inc({ route: route.template, status });
    metrics.upstreamRequestDuration.observe({ route: route.template }, (performance.now() - startedAtMs) / 1000);
  }

  #isHalfOpen(): boolean {
    return this.#breaker.state === CircuitState.HalfOpen;
  }

  #logState(state: CircuitState): void {
    const { log } = this.#options.telemetry;
    const event = 'upstream.breaker';
    switch (state) {
      case CircuitState.Open:
      case CircuitState.Isolated:
        log.warn({ event, state: 'open' }, 'upstream fails and is left alone for a while');
        break;
      case CircuitState.HalfOpen:
        log.info({ event, state: 'half-open' }, 'one request goes through, to see whether upstream is back');
        break;
      case CircuitState.Closed:
        log.info({ event, state: 'closed' }, 'upstream answers again');
        break;
    }
  }
}

/**
 * Whether a try may be made again: what may have another end next time. Every request is a GET, hence safe and
 * idempotent (RFC 9110, section 9.2), so it never matters how far the last try got.
 */
export function isRepeatable(error: unknown): error is FailedTry {
  if (!(error instanceof FailedTry)) return false;
  return isFault(error) || error.status === 408 || error.status === 429;
}

/** Whether a try speaks against upstream as a whole. A status of 4xx, or a body that makes no sense, does not. */
export function isFault(error: unknown): boolean {
  if (!(error instanceof FailedTry)) return false;
  return typeof error.status === 'string' || error.status >= 500;
}

/**
 * @param tries - How many were made, from 1.
 * @param random - From 0 to 1, without 1.
 * @returns Exponential, with full jitter, so that processes that failed together do not return together.
 * @see Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015
 */
export function backoffMs(tries: number, random: () => number): number {
  return Math.round(random() * Math.min(maxBackoffMs, firstBackoffMs * 2 ** (tries - 1)));
}

function timeout(route: Route, waitedMs: number): FailedTry {
  return new FailedTry(route, 'timeout', `gave no answer within ${waitedMs} ms`);
}
