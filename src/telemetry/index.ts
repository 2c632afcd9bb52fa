/** Telemetry: one logger and one set of metrics per process; see the files beside this one. */
import type { Config } from '../config.ts';
import { createLogger, type Logger, type LogOutput } from './logger.ts';
import { createMetrics, type Metrics } from './metrics.ts';

export { type Logger, type LogOutput, openLogOutput } from './logger.ts';
export type { Metrics } from './metrics.ts';
export { type Report, Reports } from './reports.ts';

/** What every part reports to. */
export type Telemetry = { log: Logger; metrics: Metrics };

/** @param destination - Where log lines go instead of standard output. */
export function startTelemetry(log: Config['log'], destination?: LogOutput): Telemetry {
  return { log: createLogger(log, destination), metrics: createMetrics() };
}
