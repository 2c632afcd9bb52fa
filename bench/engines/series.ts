/** One thing, measured of several engines, round after round. Who fails once is not asked again. */
import type { Subject } from './engines.ts';
import type { Row } from './results.ts';

export class Series<T> {
  readonly name: string;
  readonly #act: (subject: Subject) => Promise<T>;
  readonly #rounds: Map<Subject, T[]>;
  readonly #leftOut = new Map<Subject, string>();

  constructor(name: string, subjects: readonly Subject[], act: (subject: Subject) => Promise<T>) {
    this.name = name;
    this.#act = act;
    this.#rounds = new Map(subjects.map((subject) => [subject, []]));
  }

  get size(): number {
    return this.#rounds.size;
  }

  /** Each engine once. @param told - Of each: what was found, or why nothing was. */
  async round(told: (subject: Subject, found: T | string) => void): Promise<void> {
    for (const [subject, before] of this.#rounds) {
      if (this.#leftOut.has(subject)) continue;
      try {
        const found = await this.#act(subject);
        before.push(found);
        told(subject, found);
      } catch (error) {
        const { message } = error as Error;
        this.#leftOut.set(subject, message);
        told(subject, message);
      }
    }
  }

  rows(): Row<T>[] {
    return [...this.#rounds].map(([subject, rounds]) => {
      const { name, title, kind } = subject;
      const leftOut = this.#leftOut.get(subject);
      return { name, title, kind, ...(leftOut === undefined ? { rounds } : { leftOut }) };
    });
  }
}
