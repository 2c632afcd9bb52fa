/** What is in use on the heap, of this process, which runs with `--expose-gc`. */

/** In bytes, with what buffers hold beside it, once garbage is collected. */
export function heapBytes(): number {
  if (globalThis.gc === undefined) throw new Error('It needs --expose-gc.');
  globalThis.gc();
  // What buffers held is counted as free when the next collection begins.
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
