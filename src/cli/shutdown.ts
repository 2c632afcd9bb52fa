/** SIGTERM and SIGINT: what is under way finishes, then exit 0; a second signal ends at once. */
import { constants } from 'node:os';
import type { Logger } from '../telemetry/index.ts';

type Closable = { close(): Promise<void> };

const signals = ['SIGTERM', 'SIGINT'] as const;

/** Past the server's own bound of 15 s: whatever still hangs then is not waited for, in ms. */
const longestMs = 20_000;

/** @param parts - Closed in this order. */
export function onShutdown(parts: readonly (Closable | undefined)[], log: Logger): void {
  let closing = false;
  for (const signal of signals) {
    process.on(signal, () => {
      if (closing) process.exit(128 + constants.signals[signal]);
      closing = true;
      log.info({ event: 'gateway.stopping', signal }, 'stopping; once more ends at once');
      void closeAll(parts, log);
    });
  }
}

async function closeAll(parts: readonly (Closable | undefined)[], log: Logger): Promise<void> {
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
