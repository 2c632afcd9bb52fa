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

/** Takes lines of JSON. */
export type LogOutput = DestinationStream;

const redact = ['authorization', 'headers.authorization', 'req.headers.authorization', 'token', 'password'];

/** @param destination - Where lines go instead of standard output; tests read them from there. */
export function createLogger({ level, format }: Config['log'], destination?: LogOutput): Logger {
  return pino({ level, redact, base: null }, destination ?? openLogOutput(format));
}

/** Standard output. One process alone writes there, by one of these: so no line is written into another. */
export function openLogOutput(format: Config['log']['format']): LogOutput {
  // In step with what happens: an asynchronous one would write its last lines out of order, or lose them, at the exit.
  const sync = { sync: true };
  return format === 'json'
    ? pino.destination(sync)
    : PinoPretty({ translateTime: 'HH:MM:ss.l', singleLine: true, ...sync });
}
