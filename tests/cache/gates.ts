/** Gates: the next call of a kind is carried out, and answered when the test says so. */

export type Gate = { reached: Promise<void>; release: () => void };

export class Gates<K> {
  readonly #standing: { kind: K; reached: () => void; opened: Promise<void> }[] = [];

  holdNext(kind: K): Gate {
    const reached = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    this.#standing.push({ kind, reached: reached.resolve, opened: gate.promise });
    return { reached: reached.promise, release: gate.resolve };
  }

  /** At once, where no gate stands. */
  async pass(kind: K): Promise<void> {
    const index = this.#standing.findIndex((gate) => gate.kind === kind);
    const [gate] = index < 0 ? [] : this.#standing.splice(index, 1);
    gate?.reached();
    await gate?.opened;
  }
}
