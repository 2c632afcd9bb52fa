/**
 * SIGTERM and SIGINT: what is under way finishes, then exit 0; a second signal ends at once.
 *
 *   running ──signal──► stopping ──all closed──► exit 0
 *                          ├── a part fails to close, or 20 s pass ──► exit 1
 *                          └── a second signal, not an echo of the first ──► exit 128 + its number
 */
import { constants } from 'node:os';
import type { Logger } from '../telemetry/index.ts';

export type Closable = { close(): Promise<void> };

export const signals = ['SIGTERM', 'SIGINT'] as const;
type Stopping = { signal: (typeof signals)[number]; sinceMs: number };

/** Past the server's own bound of 15 s: whatever still hangs then is not waited for, in ms. */
const longestMs = 20_000;
/** Ctrl-C reaches npm and us alike, and npm passes it on; so does what stops a whole process group. In ms. */
const echoMs = 50;

/** @param parts - Closed in this order; what is born later is added to the list. */
export function onShutdown(parts: readonly (Closable | undefined)[], log: Logger): void {
  let stopping: Stopping | undefined;
  for (const signal of signals) {
    process.on(signal, () => {
      const nowMs = performance.now();
      if (stopping === undefined) {
        stopping = { signal, sinceMs: nowMs };
        log.info({ event: 'gateway.stopping', signal }, 'stopping; once more ends at once');
        void closeAll(parts, log);
        return;
      }
      const isEcho = signal === stopping.signal && nowMs - stopping.sinceMs < echoMs;
      if (!isEcho) process.exit(128 + constants.signals[signal]);
    });
  }
}

/** Ends the process, 0 when every part was closed. */
export async function closeAll(parts: readonly (Closable | undefined)[], log: Logger): Promise<void> {
  setTimeout(() => {
    log.error({ event: 'gateway.stop_overdue', afterMs: longestMs }, 'something did not close in time');
    process.exit(1);
  }, longestMs).unref();
  try {
    for (const part of parts) await part?.close();
    log.info({ event: 'gateway.stopped' }, 'stopped');
    process.exit(0);
  } catch (error) {
    log.error({ event: 'gateway.stop_failed', err: error }, 'could not stop cleanly');
    process.exit(1);
  }
}
