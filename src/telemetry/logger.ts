/**
 * The log: one structured line per event, with `event` naming it (`cache.fill_failed`, `upstream.retry`).
 *
 * Hits are logged at debug and sampled, degradations at warn (P8). Nothing secret may be in a line: what could carry a
 * credential is redacted here, once.
 */
import { type DestinationStream, type Logger, pino } from 'pino';
import { PinoPretty } from 'pino-pretty';
import type { Config } from '../config.ts';

export type { Logger } from 'pino';

const redact = ['authorization', 'headers.authorization', 'req.headers.authorization', 'token', 'password'];

/** @param destination - Where lines go instead of standard output; tests read them from there. */
export function createLogger({ level, format }: Config['log'], destination?: DestinationStream): Logger {
  const options = { level, redact, base: null };
  if (destination) return pino(options, destination);
  // In step with what happens: an asynchronous one would write its last lines out of order, or lose them, at the exit.
  const sync = { sync: true };
  return format === 'json'
    ? pino(options, pino.destination(sync))
    : pino(options, PinoPretty({ translateTime: 'HH:MM:ss.l', singleLine: true, ...sync }));
}
