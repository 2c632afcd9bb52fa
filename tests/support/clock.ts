import type { Clock } from '../../src/cache/clock.ts';

type Sleeper = { askedMs: number; wakesAtMs: number; wake: () => void };

/**
 * A clock that stands still until it is moved. Sleepers wake in order as it passes them; short sleeps, such as the
 * polls of a lease, can be let through in real time, so that a test over real sockets need not pump the clock.
 */
export class ManualClock implements Clock {
  #wallMs: number;
  #monoMs = 1_000;
  readonly #sleepers = new Set<Sleeper>();

  constructor(start: Date = new Date()) {
    this.#wallMs = start.getTime();
  }

  now(): number {
    return this.#wallMs;
  }

  mono(): number {
    return this.#monoMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const sleeper = { askedMs: ms, wakesAtMs: this.#monoMs + ms, wake: resolve };
      if (signal?.aborted) return reject(signal.reason);
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', () => {
        this.#sleepers.delete(sleeper);
        reject(signal.reason);
      });
    });
  }

  /** Moves both clocks on, waking whoever sleeps on the way, each with the time it asked for. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#monoMs + ms;
    for (;;) {
      const next = [...this.#sleepers].filter((s) => s.wakesAtMs <= endMs).sort((a, b) => a.wakesAtMs - b.wakesAtMs)[0];
      if (next === undefined) break;
      this.#moveTo(Math.max(next.wakesAtMs, this.#monoMs));
      this.#sleepers.delete(next);
      next.wake();
      await new Promise(setImmediate);
    }
    this.#moveTo(endMs);
  }

  /** Moves on in small steps until the promise settles: for what waits in between, however often. */
  async pump<T>(promise: Promise<T>, stepMs = 20): Promise<T> {
    let settled = false;
    const watched = promise.finally(() => {
      settled = true;
    });
    watched.catch(() => {}); // Told to the caller below.
    while (!settled) {
      await this.advance(stepMs);
      await new Promise(setImmediate);
    }
    return watched;
  }

  /** As when an operator sets the machine's clock. */
  jump(ms: number): void {
    this.#wallMs += ms;
  }

  /** How many sleep that asked for so many ms: a request that waits has a deadline running. */
  sleeping(askedMs: number): number {
    return [...this.#sleepers].filter((sleeper) => sleeper.askedMs === askedMs).length;
  }

  #moveTo(monoMs: number): void {
    this.#wallMs += monoMs - this.#monoMs;
    this.#monoMs = monoMs;
  }
}
