/** One thing, measured of several, round after round. Who fails once is not asked again. */

/** What each round found, or why there are no figures. */
export type Outcome<T> = { rounds: readonly T[] } | { leftOut: string };

export class Series<S, T> {
  readonly name: string;
  readonly #act: (subject: S) => Promise<T>;
  readonly #rounds: Map<S, T[]>;
  readonly #leftOut = new Map<S, string>();

  constructor(name: string, subjects: readonly S[], act: (subject: S) => Promise<T>) {
    this.name = name;
    this.#act = act;
    this.#rounds = new Map(subjects.map((subject) => [subject, []]));
  }

  get size(): number {
    return this.#rounds.size;
  }

  /** Each of them once. @param told - Of each: what was found, or why nothing was. */
  async round(told: (subject: S, found: T | string) => void): Promise<void> {
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

  outcomes(): [S, Outcome<T>][] {
    return [...this.#rounds].map(([subject, rounds]) => {
      const leftOut = this.#leftOut.get(subject);
      return [subject, leftOut === undefined ? { rounds } : { leftOut }];
    });
  }
}
