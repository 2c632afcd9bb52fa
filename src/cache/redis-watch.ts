/**
 * Looking again and again, for as long as a process lives: at rest while all is well, sooner and then later and later
 * while it is not, and at once when something failed that another look may explain.
 *
 * On the machine's own time, as the reconnecting of connections is.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { backoffMs } from './redis-connection.ts';

/** What fails a thousand times in a moment is one reason to look. */
const leastMs = 50;
const longestMs = 1_000;

export class Watch {
  readonly #stopped = new AbortController();
  #nudged = new AbortController();

  /**
   * @param look - Never rejects.
   * @param restMs - Between two looks while all is well.
   */
  constructor(look: () => Promise<{ well: boolean }>, restMs: number) {
    this.#run(look, restMs).catch(() => {}); // Stopped while it rested.
  }

  nudge(): void {
    this.#nudged.abort();
  }

  stop(): void {
    this.#stopped.abort();
    this.#nudged.abort();
  }

  async #run(look: () => Promise<{ well: boolean }>, restMs: number): Promise<void> {
    const { signal } = this.#stopped;
    for (let misses = 0; !signal.aborted; ) {
      this.#nudged = new AbortController();
      const { well } = await look();
      misses = well ? 0 : misses + 1;
      await delay(leastMs, undefined, { signal });
      const longerMs = well ? restMs * (0.5 + Math.random() / 2) : backoffMs(misses, longestMs);
      await delay(longerMs, undefined, { signal: this.#nudged.signal }).catch(() => {}); // Told to look.
    }
  }
}
