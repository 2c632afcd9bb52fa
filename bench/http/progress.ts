/** A line for each measurement, with how long the rest will take. */
import { Steps } from '../support/steps.ts';
import type { Outcome } from './measure.ts';
import type { Observer } from './run.ts';

export class Progress implements Observer {
  readonly #steps = new Steps();

  planned(measurements: number): void {
    this.#steps.planned(measurements);
  }

  measured({ work, server, round, outcome }: Parameters<Observer['measured']>[0]): void {
    this.#steps.done(`round ${round}, ${work.name}: ${server.name.padEnd(30)} ${wordsOf(outcome)}`);
  }

  started({ server, start }: Parameters<Observer['started']>[0]): void {
    const words =
      typeof start === 'string' ? `LEFT OUT: ${start}` : `first answer after ${Math.round(start.firstMs)} ms`;
    this.#steps.done(`Q10: ${server.name.padEnd(30)} ${words}`);
  }
}

function wordsOf(outcome: Outcome): string {
  if ('leftOut' in outcome) return `LEFT OUT: ${outcome.leftOut}`;
  const { requestsPerSecond, p50Ms, p99Ms } = outcome.figures;
  return `${Math.round(requestsPerSecond).toLocaleString('en').padStart(7)}/s, p50 ${p50Ms} ms, p99 ${p99Ms} ms`;
}
