/** How long a request may wait, whatever it waits for. */
import type { Clock } from './clock.ts';

/** Why a sleep ends that nobody needs any more. One for all: an error for each would cost more than the sleep. */
export const inTime = new Error('in time');

/** The time that something may take is over. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
  readonly code = 'UPSTREAM_TIMEOUT';

  constructor(ms: number) {
    super(`not answered within ${ms} ms`);
  }
}

export class Deadline {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #endsAtMs: number;
  #over: Promise<never> | undefined;
  /** Of the timer, which most requests never need. */
  #ended: AbortController | undefined;

  /** @param ms - From now. */
  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#ms = ms;
    this.#endsAtMs = clock.mono() + ms;
  }

  remainingMs(): number {
    return Math.max(0, this.#endsAtMs - this.#clock.mono());
  }

  /** @throws {DeadlineError} When the deadline comes before the promise settles; what was under way goes on. */
  race<T>(promise: Promise<T>): Promise<T> {
    this.#over ??= this.#startTimer();
    return Promise.race([promise, this.#over]);
  }

  /** Stops the timer: the request is answered. */
  end(): void {
    this.#ended?.abort(inTime);
  }

  #startTimer(): Promise<never> {
    this.#ended = new AbortController();
    return this.#clock.sleep(this.remainingMs(), this.#ended.signal).then(() => {
      throw new DeadlineError(this.#ms);
    });
  }
}

/** A signal that fires with a `DeadlineError` after `ms`, unless it is ended before; never, when `ms` is infinite. */
export function timeLimit(clock: Clock, ms: number): { signal: AbortSignal; end(): void } {
  const over = new AbortController();
  const ended = new AbortController();
  if (Number.isFinite(ms)) {
    clock.sleep(ms, ended.signal).then(
      () => over.abort(new DeadlineError(ms)),
      () => {}, // Ended before.
    );
  }
  return { signal: over.signal, end: () => ended.abort(inTime) };
}
