/** Parts of the engine as the tests of this folder need them. */
import { Writable } from 'node:stream';
import { onTestFinished } from 'vitest';
import { type Clock, systemClock } from '../../src/cache/clock.ts';
import { Redis } from '../../src/cache/redis.ts';
import { readConfig } from '../../src/config.ts';
import { startTelemetry, type Telemetry } from '../../src/telemetry/index.ts';

export type LogLine = Record<string, unknown> & { event: string; level: number };

/** The horizon of tests; far beyond what they do. */
export const horizonMs = 600_000;

export function listen(): { telemetry: Telemetry; logs(event?: string): LogLine[] } {
  const lines: LogLine[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  const telemetry = startTelemetry(readConfig({ LOG_LEVEL: 'debug' }).log, sink);
  return { telemetry, logs: (event) => lines.filter((line) => event === undefined || line.event === event) };
}

/** Connections of their own, closed after the test. The deadline is long enough to never matter, unless told. */
export async function openRedis(
  url: URL,
  { clock = systemClock, timeoutMs = 10_000 }: { clock?: Clock; timeoutMs?: number } = {},
): Promise<Redis> {
  const settings = { url, caFile: undefined, connectTimeoutMs: 10_000, timeoutMs };
  const redis = await Redis.open(settings, { clock, telemetry: listen().telemetry });
  onTestFinished(() => redis.close());
  return redis;
}
