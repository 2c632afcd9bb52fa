/** A line for each measurement, with how long the rest will take. */
import type { Outcome } from './measure.ts';
import type { Server } from './servers.ts';
import type { Work } from './works.ts';

type Whole = { works: readonly Work[]; servers: readonly Server[]; rounds: number };
type Done = { work: Work; server: Server; round: number; outcome: Outcome };

export class Progress {
  readonly #rounds: number;
  /** Measurements at most: some servers are left out of some works. */
  readonly #all: number;
  readonly #startedAtMs = performance.now();
  #done = 0;

  constructor({ works, servers, rounds }: Whole) {
    this.#rounds = rounds;
    this.#all = works.length * servers.length * rounds;
  }

  measured({ work, server, round, outcome }: Done): void {
    this.#done += 1;
    const elapsedSeconds = (performance.now() - this.#startedAtMs) / 1_000;
    const leftSeconds = (elapsedSeconds / this.#done) * (this.#all - this.#done);
    const where = `${work.name}, round ${round} of ${this.#rounds}`;
    const left = `${this.#done} of ${this.#all} at most, ${Math.ceil(leftSeconds / 60)} min left`;
    console.error(`${where}: ${server.name.padEnd(30)} ${wordsOf(outcome)}   (${left})`);
  }
}

function wordsOf(outcome: Outcome): string {
  if ('leftOut' in outcome) return `LEFT OUT: ${outcome.leftOut}`;
  const { requestsPerSecond, p50Ms, p99Ms } = outcome.figures;
  return `${Math.round(requestsPerSecond).toLocaleString('en').padStart(7)}/s, p50 ${p50Ms} ms, p99 ${p99Ms} ms`;
}
