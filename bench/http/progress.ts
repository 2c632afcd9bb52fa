/** A line for each measurement, with how long the rest will take. */
import type { Outcome } from './measure.ts';
import type { Observer } from './run.ts';

export class Progress implements Observer {
  #startedAtMs = performance.now();
  #all = 0;
  #done = 0;

  planned(measurements: number): void {
    this.#all = measurements;
    this.#startedAtMs = performance.now();
  }

  measured({ work, server, round, outcome }: Parameters<Observer['measured']>[0]): void {
    this.#tell(`round ${round}, ${work.name}: ${server.name.padEnd(30)} ${wordsOf(outcome)}`);
  }

  started({ server, start }: Parameters<Observer['started']>[0]): void {
    const words =
      typeof start === 'string' ? `LEFT OUT: ${start}` : `first answer after ${Math.round(start.firstMs)} ms`;
    this.#tell(`Q10: ${server.name.padEnd(30)} ${words}`);
  }

  #tell(text: string): void {
    this.#done += 1;
    const elapsedSeconds = (performance.now() - this.#startedAtMs) / 1_000;
    const leftSeconds = (elapsedSeconds / this.#done) * (this.#all - this.#done);
    console.error(`${text}   (${this.#done} of ${this.#all}, ${Math.ceil(leftSeconds / 60)} min left)`);
  }
}

function wordsOf(outcome: Outcome): string {
  if ('leftOut' in outcome) return `LEFT OUT: ${outcome.leftOut}`;
  const { requestsPerSecond, p50Ms, p99Ms } = outcome.figures;
  return `${Math.round(requestsPerSecond).toLocaleString('en').padStart(7)}/s, p50 ${p50Ms} ms, p99 ${p99Ms} ms`;
}
