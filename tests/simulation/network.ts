/**
 * Remote calls: each is sent, executed and answered, three steps that the scheduler orders.
 *
 * A call may be lost on its way there or back, be refused, or be executed after its caller has given up: a timeout is
 * an unknown outcome.
 */
import type { Chance } from './random.ts';
import type { Actor, Scheduler } from './scheduler.ts';

/** What becomes of one call; without `executeMs` it never arrives, without `answerMs` nobody learns what it did. */
export type Fate = { executeMs?: number; answerMs?: number; refuseMs?: number };

export class CallError extends Error {
  override readonly name = 'CallError';
}

export type Call<T> = {
  fate: Fate;
  timeoutMs: number;
  execute: () => T;
  /** What the caller gets when nothing comes in time. */
  onTimeout: () => Error;
  signal?: AbortSignal;
};

/** @returns The answer. Rejects when it is refused, when nothing comes in time, or with the signal's reason. */
export function call<T>(scheduler: Scheduler, actor: Actor, { fate, timeoutMs, execute, onTimeout, signal }: Call<T>) {
  return new Promise<T>((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const timeout = scheduler.after(timeoutMs, actor, () => end(() => reject(onTimeout())));
    const end = (settle: () => void) => {
      scheduler.cancel(timeout);
      ignore();
      settle();
    };
    const ignore = scheduler.onAbort(signal, () => end(() => reject(signal?.reason)));
    const { executeMs, answerMs, refuseMs } = fate;
    if (refuseMs !== undefined) scheduler.after(refuseMs, actor, () => end(() => reject(new CallError('refused'))));
    if (executeMs === undefined) return;
    scheduler.after(executeMs, undefined, () => {
      const settle = outcomeOf(execute);
      if (answerMs !== undefined) scheduler.after(answerMs, actor, () => end(() => settle(resolve, reject)));
    });
  });
}

function outcomeOf<T>(execute: () => T) {
  try {
    const answer = execute();
    return (resolve: (answer: T) => void) => resolve(answer);
  } catch (error) {
    return (_resolve: unknown, reject: (error: unknown) => void) => reject(error);
  }
}

/** How the line between the processes and one server is at present. */
export class Line {
  /** Until then nothing gets through; what is sent meanwhile is refused, lost, or arrives after it. */
  silentUntilMs = 0;
  /** The shares of calls of which the request, the answer, or the pace is lost. */
  loss = 0;
  /** What one way takes at most, in ms. */
  slowMs = 3;
  readonly #scheduler: Scheduler;
  readonly #chance: Chance;

  constructor(scheduler: Scheduler, chance: Chance) {
    this.#scheduler = scheduler;
    this.#chance = chance;
  }

  heal(): void {
    this.silentUntilMs = Math.min(this.silentUntilMs, this.#scheduler.nowMs);
    this.loss = 0;
    this.slowMs = 3;
  }

  get isSilent(): boolean {
    return this.silentUntilMs > this.#scheduler.nowMs;
  }

  fate(): Fate {
    const chance = this.#chance;
    const executeMs = chance.between(0, this.slowMs);
    const answerMs = chance.between(0, this.slowMs);
    if (this.isSilent) return this.#fateInSilence(this.silentUntilMs - this.#scheduler.nowMs);
    if (this.loss === 0 || !chance.is(this.loss)) return { executeMs, answerMs };
    switch (chance.weighted({ request: 1, answer: 2, late: 2, slow: 2 })) {
      case 'request':
        return {};
      case 'answer':
        return { executeMs };
      case 'late':
        return { executeMs: chance.between(200, 1_200), answerMs };
      case 'slow':
        return { executeMs, answerMs: chance.between(150, 400) };
    }
  }

  #fateInSilence(silentMs: number): Fate {
    const chance = this.#chance;
    switch (chance.weighted({ refused: 1, lost: 1, held: 2 })) {
      case 'refused':
        return { refuseMs: chance.between(0, 2) };
      case 'lost':
        return {};
      case 'held':
        return { executeMs: silentMs + chance.between(0, 50), answerMs: chance.between(0, this.slowMs) };
    }
  }
}
