/** Telemetry: one logger and one set of metrics per gateway; see the two files beside this one. */
import type { DestinationStream } from 'pino';
import type { Config } from '../config.ts';
import { createLogger, type Logger } from './logger.ts';
import { createMetrics, type Metrics } from './metrics.ts';

export type { Logger } from './logger.ts';
export type { Metrics } from './metrics.ts';

/** What every part reports to. */
export type Telemetry = { log: Logger; metrics: Metrics };

/** @param destination - Where log lines go instead of standard output. */
export function startTelemetry(log: Config['log'], destination?: DestinationStream): Telemetry {
  return { log: createLogger(log, destination), metrics: createMetrics() };
}
