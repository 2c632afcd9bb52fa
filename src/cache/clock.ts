/** Time and chance are arguments of the engine: real in production, moved by hand in tests, seeded in the simulator. */
import { setTimeout as delay } from 'node:timers/promises';

export interface Clock {
  /** Milliseconds since the epoch by this machine's clock, which may jump. */
  now(): number;
  /** Milliseconds from some moment, which never jump back. */
  mono(): number;
  /** Resolves after `ms`; rejects with the signal's reason when that comes first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** A number from 0 (included) to 1 (excluded). */
export type Random = () => number;

export const systemClock: Clock = {
  now: () => Date.now(),
  mono: () => performance.now(),
  sleep: async (ms, signal) => {
    try {
      await delay(ms, undefined, { ...(signal && { signal }) });
    } catch {
      throw signal?.reason; // Nothing else ends it.
    }
  },
};
