/** Loaded before a gateway: at SIGUSR2 it collects its garbage and leaves in a file what is on its heap then. */
import { writeFileSync } from 'node:fs';

process.on('SIGUSR2', () => {
  globalThis.gc?.();
  // What buffers held is counted as free when the next collection begins.
  globalThis.gc?.();
  writeFileSync(process.env.BENCH_HEAP_FILE as string, JSON.stringify(process.memoryUsage()));
});
