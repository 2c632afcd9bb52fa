/** Parts of the engine as the tests of this folder need them. */
import { Writable } from 'node:stream';
import { onTestFinished } from 'vitest';
import { type Clock, systemClock } from '../../src/cache/clock.ts';
import { controlKeys } from '../../src/cache/keys.ts';
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

type RedisParts = { clock?: Clock; timeoutMs?: number; prefix?: string; telemetry?: Telemetry };

/** Connections of their own, closed after the test. */
export async function openRedis(where: URL | Record<string, string>, parts: RedisParts = {}): Promise<Redis> {
  const redis = await connectRedis(where, parts);
  onTestFinished(() => redis.close());
  return redis;
}

/** Connections to be closed. The deadline is long enough to never matter, unless told. */
export function connectRedis(where: URL | Record<string, string>, parts: RedisParts = {}): Promise<Redis> {
  const { clock = systemClock, timeoutMs = 10_000, prefix = 'test', telemetry = listen().telemetry } = parts;
  const environment = where instanceof URL ? { REDIS_URL: where.href } : where;
  const { redis: settings } = readConfig({ REDIS_CONNECT_TIMEOUT_MS: '10000', ...environment });
  if (settings === undefined) throw new Error('no Redis');
  const { control: controlKey } = controlKeys(prefix);
  return Redis.open({ ...settings, timeoutMs }, { clock, telemetry, controlKey });
}
