/** Questions to another process that have no answer yet, by number: a late answer is not taken for that of the next. */
import type { Clock } from '../cache/clock.ts';

export class Questions<Answer> {
  readonly #clock: Clock;
  readonly #withinMs: number;
  readonly #open = new Map<number, (answer: Answer | undefined) => void>();
  #asked = 0;

  constructor({ clock, withinMs }: { clock: Clock; withinMs: number }) {
    this.#clock = clock;
    this.#withinMs = withinMs;
  }

  /** @returns Undefined when no answer came in time, or none can come. */
  async ask(send: (id: number) => void): Promise<Answer | undefined> {
    this.#asked += 1;
    const id = this.#asked;
    const answered = new AbortController();
    const late = this.#clock.sleep(this.#withinMs, answered.signal).catch(() => {}); // Answered before.
    const answer = new Promise<Answer | undefined>((resolve) => this.#open.set(id, resolve));
    send(id);
    try {
      return await Promise.race([answer, late.then(() => undefined)]);
    } finally {
      this.#open.delete(id);
      answered.abort();
    }
  }

  answer(id: number, answer: Answer | undefined): void {
    this.#open.get(id)?.(answer);
  }

  /** Nobody is left who could answer. */
  end(): void {
    for (const resolve of this.#open.values()) resolve(undefined);
  }
}
