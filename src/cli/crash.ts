/** What nobody caught: one fatal line, then exit 1. In a state that nobody knows, answering on would be a lie. */
import type { Logger } from '../telemetry/index.ts';

/** Rejections come as exceptions too, their `origin` tells. */
export function onCrash(log: Logger): void {
  process.on('uncaughtException', (err, origin) => {
    log.fatal({ event: 'process.crashed', origin, err }, 'nobody caught this');
    process.exit(1);
  });
}
