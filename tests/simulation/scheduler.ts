/**
 * Virtual time: every step of a run stands in one queue, by time, and by chance among those of the same millisecond.
 *
 * A step that belongs to a process waits while that process is paused and is dropped when it is dead. After each step
 * that may wake code of the engine, all its promises are let run until nothing is left to do at that moment.
 */
import type { Clock } from '../../src/cache/clock.ts';
import type { Chance } from './random.ts';

/** Whose steps are held back together. */
export type Actor = { state: 'running' | 'paused' | 'dead'; readonly deferred: Step[] };

export type Step = {
  atMs: number;
  tie: number;
  readonly actor: Actor | undefined;
  run: (() => void) | undefined;
};

export class Scheduler {
  /** Since the run began, in whole ms. */
  nowMs = 0;
  steps = 0;
  readonly #chance: Chance;
  readonly #heap: Step[] = [];
  readonly #listening = new Set<() => void>();

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  /** @param actor - The process whose step it is; none for what happens in the world. */
  after(ms: number, actor: Actor | undefined, run: () => void): Step {
    const step = { atMs: this.nowMs + Math.max(0, Math.ceil(ms)), tie: this.#chance.next(), actor, run };
    this.#push(step);
    return step;
  }

  cancel(step: Step): void {
    step.run = undefined;
  }

  /** @returns Ends the listening. */
  onAbort(signal: AbortSignal | undefined, act: () => void): () => void {
    const end = () => {
      signal?.removeEventListener('abort', act);
      this.#listening.delete(end);
    };
    signal?.addEventListener('abort', act, { once: true });
    this.#listening.add(end);
    return end;
  }

  /** Lets go of what is left waiting: Node keeps a combined signal, and all it leads to, while somebody listens to it. */
  close(): void {
    for (const end of this.#listening) end();
    this.#heap.length = 0;
  }

  resume(actor: Actor): void {
    actor.state = 'running';
    for (const step of actor.deferred.splice(0)) {
      if (step.run === undefined) continue;
      step.atMs = this.nowMs;
      step.tie = this.#chance.next();
      this.#push(step);
    }
  }

  /** Runs every step up to a time, and leaves the clock there. */
  async runUntil(endMs: number): Promise<void> {
    for (let step = this.#heap[0]; step !== undefined && step.atMs <= endMs; step = this.#heap[0]) {
      this.#pop();
      const { actor, run } = step;
      if (run === undefined || actor?.state === 'dead') continue;
      if (actor?.state === 'paused') {
        actor.deferred.push(step);
        continue;
      }
      this.nowMs = Math.max(this.nowMs, step.atMs);
      this.steps++;
      run();
      if (actor !== undefined) await quiet();
    }
    this.nowMs = Math.max(this.nowMs, endMs);
  }

  /** The clocks of a process: one that never jumps, and one that is off by `skewMs`. */
  clockOf(actor: Actor, { epochMs, skewMs }: { epochMs: number; skewMs: number }): Clock {
    return {
      now: () => epochMs + this.nowMs + skewMs,
      mono: () => this.nowMs,
      sleep: (ms, signal) =>
        new Promise((resolve, reject) => {
          if (signal?.aborted) return reject(signal.reason);
          const step = this.after(ms, actor, () => {
            ignore();
            resolve();
          });
          const ignore = this.onAbort(signal, () => {
            this.cancel(step);
            ignore();
            reject(signal?.reason);
          });
        }),
    };
  }

  #push(step: Step): void {
    const heap = this.#heap;
    let at = heap.push(step) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(step, heap[parent] as Step)) break;
      heap[at] = heap[parent] as Step;
      at = parent;
    }
    heap[at] = step;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Step;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Step, heap[child] as Step)) child++;
      if (!isBefore(heap[child] as Step, last)) break;
      heap[at] = heap[child] as Step;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Step, b: Step): boolean {
  return a.atMs === b.atMs ? a.tie < b.tie : a.atMs < b.atMs;
}

/** All promises and ticks that are due have run. */
function quiet(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
