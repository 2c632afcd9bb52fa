/** What something that is bounded in bytes holds, and what it takes. */

export type Held = {
  /** The bound that was set. */
  maxBytes: number;
  /** How many of them it holds when it is full. */
  fits: number;
  /** Heap that one more of them takes. */
  bytes: number;
  /** What one more of them counts against the bound. */
  countedBytes: number;
  /** Heap of all, when as many others have come as fit, and after five times as many. */
  churnedOnceBytes: number;
  churnedOftenBytes: number;
};

/** @returns What one more takes, from two states of one process: whatever else is in it falls out. */
export function slopeOf<N extends string>(
  before: { count: number } & Record<N, number>,
  after: { count: number } & Record<N, number>,
  name: N,
): number {
  return (after[name] - before[name]) / (after.count - before.count);
}
