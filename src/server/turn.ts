/**
 * What arrives in one turn of the event loop, answered together: some answers are made one after the other, then sent one
 * after the other (decision 25).
 *
 *   arrived, arrived, arrived … ─► made, made, made … ─► sent, sent, sent …
 */
import type { MaybePromise } from '../data/reader.ts';

/** Sends what was made, or hands it on; does not throw. */
export type Send = () => void;

/** Does not throw, nor reject. */
export type Make = () => MaybePromise<Send>;

/** So many are made before the first of them is sent: most of what more would gain, and none waits for long. */
export const atOnce = 16;

export class Turn {
  #arrived: Make[] = [];

  /** Made once all is read that has arrived by now. */
  add(make: Make): void {
    if (this.#arrived.push(make) === 1) setImmediate(() => this.#end());
  }

  #end(): void {
    const arrived = this.#arrived;
    this.#arrived = [];
    for (let from = 0; from < arrived.length; from += atOnce) {
      const made = arrived.slice(from, from + atOnce).map((make) => make());
      // Those that wait for something are sent when they have it.
      for (const send of made) if (send instanceof Promise) void send.then((late) => late());
      for (const send of made) if (!(send instanceof Promise)) send();
    }
  }
}
