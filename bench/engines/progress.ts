/** A line for each measurement, with how long the rest will take. */
import { Steps } from '../support/steps.ts';
import type { Observer } from './run.ts';
import { versionsIn } from './targets.ts';

type Done = Parameters<Observer['measured']>[0];

export class Progress implements Observer {
  readonly #steps = new Steps();

  planned(measurements: number): void {
    this.#steps.planned(measurements);
  }

  measured({ name, subject, round, found }: Done): void {
    this.#steps.done(`round ${round}, ${name.padEnd(12)} ${subject.name.padEnd(18)} ${wordsOf(found)}`);
  }
}

function wordsOf(found: Done['found']): string {
  if (typeof found === 'string') return `LEFT OUT: ${found}`;
  if ('us' in found) return `${found.us.toFixed(1)} µs, CPU ${found.cpuUs.toFixed(1)} µs`;
  if ('reads' in found) return `${found.reads} reads, ${Math.round(found.ms)} ms`;
  return `versions ${versionsIn(found).join(' ')}`;
}
