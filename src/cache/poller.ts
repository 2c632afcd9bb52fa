/**
 * The poller of a process: looks again for what other processes fill, all that is due at a time together.
 *
 *   wait ─► 10, 20, 40, 80, 80 … ms ─► look ─► filled, or ours to fill: no longer waited for
 *                ▲                       │
 *                └───── still held ──────┘
 */
import type { Clock } from './clock.ts';

/** Looks for all of these. @returns Those that are still held; never rejects. */
type Look<W> = (waiting: readonly W[]) => Promise<readonly W[]>;

type Waiter = { what: unknown; look: Look<unknown>; polls: number };

/** Between looks, in ms; the last repeats. */
const delaysMs = [10, 20, 40, 80];
/** What is due within so many ms is looked for together. */
const roundMs = 10;

export class Poller {
  readonly #clock: Clock;
  /** By when they are due. */
  readonly #rounds = new Map<number, Waiter[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param look - The same function for all that can be looked for together. */
  wait<W>(waiting: readonly W[], look: Look<W>): void {
    for (const what of waiting) this.#schedule({ what, look: look as Look<unknown>, polls: 0 });
  }

  #schedule(waiter: Waiter): void {
    const nowMs = this.#clock.mono();
    const delayMs = delaysMs[Math.min(waiter.polls, delaysMs.length - 1)] as number;
    const dueAtMs = Math.ceil((nowMs + delayMs) / roundMs) * roundMs;
    const round = this.#rounds.get(dueAtMs);
    if (round !== undefined) {
      round.push(waiter);
      return;
    }
    const waiters = [waiter];
    this.#rounds.set(dueAtMs, waiters);
    void this.#clock.sleep(dueAtMs - nowMs).then(() => {
      this.#rounds.delete(dueAtMs);
      return this.#look(waiters);
    });
  }

  async #look(waiters: readonly Waiter[]): Promise<void> {
    const byLook = Map.groupBy(waiters, ({ look }) => look);
    await Promise.all(
      byLook.entries().map(async ([look, some]) => {
        const held = new Set(await look(some.map(({ what }) => what)));
        for (const { what, polls } of some) if (held.has(what)) this.#schedule({ what, look, polls: polls + 1 });
      }),
    );
  }
}
