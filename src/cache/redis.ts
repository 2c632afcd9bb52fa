/**
 * The connections to Redis: ours, never the adapter's, so that a Redis that is slow, gone or flushed costs a bounded
 * time and no memory.
 *
 * - No offline queue: what cannot be sent now fails now. What was sent before an outage is never replayed after it.
 * - Every command has our own deadline. A timeout is an unknown outcome: the write may be applied later.
 * - One multiplexed connection for commands, which are pipelined, so a pool would add nothing; one more that blocks at
 *   the end of the log.
 */
import { readFileSync } from 'node:fs';
import { createClient, type RedisClientOptions } from '@redis/client';
import type { Config } from '../config.ts';
import type { Telemetry } from '../telemetry/index.ts';
import type { Clock } from './clock.ts';
import { scripts } from './redis-scripts.ts';

export type RedisSettings = NonNullable<Config['redis']>;
export type RedisClient = ReturnType<typeof connectClient>;

/** Redis did not answer in time, or cannot be reached. */
export class RedisError extends Error {
  override readonly name = 'RedisError';
}

/** Pings keep an idle connection alive; one that is silent for longer than the socket's timeout is cut. Both in ms. */
const pingIntervalMs = 1_000;
const socketTimeoutMs = 3_000;
const longestReconnectMs = 2_000;
const longestQueue = 10_000;

export class Redis {
  readonly client: RedisClient;
  /** Blocks in XREAD; nothing else may be sent through it. */
  readonly reader: RedisClient;
  readonly #clock: Clock;
  readonly #telemetry: Telemetry;
  readonly #timeoutMs: number;

  private constructor(settings: RedisSettings, { clock, telemetry }: { clock: Clock; telemetry: Telemetry }) {
    this.#clock = clock;
    this.#telemetry = telemetry;
    this.#timeoutMs = settings.timeoutMs;
    this.client = connectClient(settings, 'commands', telemetry);
    this.reader = connectClient(settings, 'log', telemetry);
  }

  /** Waits for the first connection, at most as long as connecting may take; without one it goes on trying. */
  static async open(settings: RedisSettings, parts: { clock: Clock; telemetry: Telemetry }): Promise<Redis> {
    const redis = new Redis(settings, parts);
    const patience = new AbortController();
    const connected = Promise.all([redis.client, redis.reader].map((client) => client.connect()));
    // Each failed try is logged by its client; `connect` itself only ends when it is closed before it got through.
    connected.catch(() => {});
    await Promise.race([connected, parts.clock.sleep(settings.connectTimeoutMs, patience.signal).catch(() => {})]);
    patience.abort();
    return redis;
  }

  get up(): boolean {
    return this.client.isReady;
  }

  /**
   * Runs one command within the deadline, timed and counted.
   *
   * @throws {RedisError} When Redis is not connected, or silent past the deadline.
   */
  async run<T>(operation: string, command: (client: RedisClient) => Promise<T>): Promise<T> {
    const { storeOperationDuration, storeUp } = this.#telemetry.metrics;
    const end = storeOperationDuration.startTimer({ operation });
    try {
      const answer = await this.#withinDeadline(command);
      end({ outcome: 'ok' });
      storeUp.set(1);
      return answer;
    } catch (error) {
      end({ outcome: error instanceof RedisError ? 'timeout' : 'error' });
      storeUp.set(0);
      throw error;
    }
  }

  close(): void {
    // `close` and `disconnect` wait for answers, for ever when the server is paused.
    for (const client of [this.client, this.reader]) if (client.isOpen) client.destroy();
  }

  async #withinDeadline<T>(command: (client: RedisClient) => Promise<T>): Promise<T> {
    if (!this.client.isReady) throw new RedisError('Redis is not connected');
    const answered = new AbortController();
    const deadline = this.#clock.sleep(this.#timeoutMs, answered.signal).then(
      () => Promise.reject(new RedisError(`Redis did not answer within ${this.#timeoutMs} ms`)),
      () => undefined as never,
    );
    try {
      const answer = command(this.client);
      answer.catch(() => {}); // After the deadline nobody asks any more.
      return await Promise.race([answer, deadline]);
    } finally {
      answered.abort();
    }
  }
}

function connectClient(settings: RedisSettings, name: string, telemetry: Telemetry) {
  const secure = settings.url.protocol === 'rediss:';
  const ca = settings.caFile === undefined ? undefined : readFileSync(settings.caFile);
  const options = {
    url: settings.url.href,
    RESP: 3,
    scripts,
    disableOfflineQueue: true,
    commandsQueueMaxLength: longestQueue,
    pingInterval: pingIntervalMs,
    socket: {
      ...(secure ? { tls: true as const, ...(ca ? { ca } : {}) } : {}),
      connectTimeout: settings.connectTimeoutMs,
      socketTimeout: socketTimeoutMs,
      // Never gives up; the jitter keeps many processes from coming back in the same moment.
      reconnectStrategy: (retries: number) =>
        Math.min(50 * 2 ** Math.min(retries, 10), longestReconnectMs) * (0.5 + Math.random() / 2),
    },
  } satisfies RedisClientOptions;
  const client = createClient(options);
  let down = false;
  client.on('error', (error: Error) => {
    if (down) return;
    down = true;
    telemetry.log.warn({ event: 'redis.down', connection: name, reason: describe(error) }, 'Redis cannot be reached');
  });
  client.on('ready', () => {
    down = false;
    telemetry.log.info({ event: 'redis.up', connection: name }, 'connected to Redis');
  });
  return client;
}

/** An AggregateError of Node's dialer has no message of its own. */
function describe(error: Error & { code?: string }): string {
  return error.message || error.code || error.name;
}
