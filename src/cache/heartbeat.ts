/**
 * The heartbeat of a process: all leases it holds, renewed together every third of their time.
 *
 * It beats while something is held. A lease that is not renewed, because its process died or stalled, ends by itself.
 */
import type { Clock } from './clock.ts';
import type { Held } from './store.ts';

/** A right to fill keys, kept alive until it is given back. */
export type Hold = { end(): void };

/** Through whom leases are renewed; never rejects. */
type Renewer = { renew(leases: readonly Held[]): Promise<void> };

type Beat = { leases: readonly Held[]; renewer: Renewer };

export class Heartbeat {
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #held = new Set<Beat>();
  #beating = false;

  constructor({ clock, leaseMs }: { clock: Clock; leaseMs: number }) {
    this.#clock = clock;
    this.#everyMs = leaseMs / 3;
  }

  hold(leases: readonly Held[], renewer: Renewer): Hold {
    const beat = { leases, renewer };
    this.#held.add(beat);
    if (!this.#beating) void this.#beat();
    return { end: () => void this.#held.delete(beat) };
  }

  async #beat(): Promise<void> {
    this.#beating = true;
    while (this.#held.size > 0) {
      await this.#clock.sleep(this.#everyMs);
      const byRenewer = Map.groupBy(this.#held, ({ renewer }) => renewer);
      await Promise.all(
        byRenewer.entries().map(([renewer, beats]) => renewer.renew(beats.flatMap(({ leases }) => leases))),
      );
    }
    this.#beating = false;
  }
}
