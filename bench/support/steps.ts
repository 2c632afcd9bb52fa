/** A line for each step of something long, with how long the rest will take. */
export class Steps {
  #startedAtMs = performance.now();
  #all = 0;
  #done = 0;

  planned(steps: number): void {
    this.#all = steps;
    this.#startedAtMs = performance.now();
  }

  done(text: string): void {
    this.#done += 1;
    const elapsedSeconds = (performance.now() - this.#startedAtMs) / 1_000;
    const leftSeconds = (elapsedSeconds / this.#done) * (this.#all - this.#done);
    console.error(`${text}   (${this.#done} of ${this.#all}, ${Math.ceil(leftSeconds / 60)} min left)`);
  }
}
