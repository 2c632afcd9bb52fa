/** A line for each measurement, with how long the rest will take. */
import { sayBytes } from '../support/say.ts';
import { Steps } from '../support/steps.ts';
import type { Figure } from './measure.ts';
import type { Observer } from './run.ts';

export class Progress implements Observer {
  readonly #steps = new Steps();

  planned(measurements: number): void {
    this.#steps.planned(measurements);
  }

  measured({ work, way, round, found }: Parameters<Observer['measured']>[0]): void {
    this.#steps.done(`round ${round}, ${work.name.padEnd(12)} ${way.name.padEnd(8)} ${wordsOf(found)}`);
  }
}

function wordsOf(found: Figure | string): string {
  if (typeof found === 'string') return `LEFT OUT: ${found}`;
  return `${Math.round(found.ms)} ms, CPU ${Math.round(found.cpuMs)} ms, ${sayBytes(found.peakBytes, 3)}`;
}
