/** Time and chance are arguments of the engine: real in production, moved by hand in tests, seeded in the simulator. */

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
  // Node's own makes an error with a stack of each sleep that is ended, and most are: by an answer in time.
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const end = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', end);
        resolve();
      }, ms);
      signal?.addEventListener('abort', end, { once: true });
    }),
};
