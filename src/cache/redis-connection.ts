/**
 * One connection to one Redis server: ours, never the adapter's, so that a server that is slow, gone or flushed costs a
 * bounded time and no memory.
 *
 * - No offline queue: what cannot be sent now fails now. What was sent before an outage is never replayed after it.
 * - It comes back by itself, for ever. The waits grow, and their jitter keeps many processes from coming in one moment.
 * - An idle connection is pinged; one that stays silent is cut, which ends all that was under way on it.
 */
import { readFileSync } from 'node:fs';
import { createClient, type RedisClientOptions } from '@redis/client';
import type { Telemetry } from '../telemetry/index.ts';
import { scripts } from './redis-scripts.ts';

/** `host:port`, parted by the last colon: a host may be an IPv6 address. */
export type Address = `${string}:${number}`;

/** How a server lets us in. */
export type Access = {
  username: string;
  password: string;
  database: number;
  tls: boolean;
  /** PEM; of the CAs that are trusted instead of those that Node knows. */
  ca: Buffer | undefined;
  connectTimeoutMs: number;
};

export type RedisClient = ReturnType<typeof createOurClient>;

/** Redis did not answer in time, or cannot be reached. */
export class RedisError extends Error {
  override readonly name = 'RedisError';
}

/** Pings keep an idle connection alive; one that is silent for longer than the socket's timeout is cut. Both in ms. */
const pingIntervalMs = 1_000;
const socketTimeoutMs = 3_000;
const longestReconnectMs = 2_000;
const longestQueue = 10_000;

export function addressOf(url: URL, defaultPort: number): Address {
  return `${url.hostname.replace(/^\[|\]$/g, '')}:${Number(url.port || defaultPort)}`;
}

export function accessOf(url: URL, settings: { caFile: string | undefined; connectTimeoutMs: number }): Access {
  return {
    username: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: Number(url.pathname.slice(1)),
    tls: url.protocol === 'rediss:',
    ca: settings.caFile === undefined ? undefined : readFileSync(settings.caFile),
    connectTimeoutMs: settings.connectTimeoutMs,
  };
}

/** Of `count` tries that failed in a row, how long to wait before the next, in ms. */
export function backoffMs(count: number, longestMs: number): number {
  return Math.min(50 * 2 ** Math.min(count, 10), longestMs) * (0.5 + Math.random() / 2);
}

export type ConnectionOptions = {
  /** What it is for: commands, log … */
  name: string;
  access: Access;
  telemetry: Telemetry;
  /** It can be used, for the first time or again. */
  onReady?: () => void;
  /** It answered a ping, of which one goes out a second. */
  onPing?: (address: Address) => void;
};

export class Connection {
  readonly client: RedisClient;
  #isDown = false;
  #isClosed = false;

  constructor(address: Address, options: ConnectionOptions) {
    this.client = createOurClient(address, options.access);
    this.#listen(address, options);
    // Each failed try is logged below; `connect` itself only ends when it is closed before it got through.
    this.client.connect().catch(() => {});
  }

  /** One that is still being made is cut when it has been silent for the socket's timeout. */
  close(): void {
    this.#isClosed = true;
    // `close` and `disconnect` of the client wait for answers, for ever when the server is paused.
    if (this.client.isOpen) this.client.destroy();
  }

  /** An error without a listener would end the process. */
  #listen(address: Address, { name, telemetry, onReady, onPing }: ConnectionOptions): void {
    const line = { connection: name, address };
    this.client.on('error', (error: Error) => {
      if (this.#isDown || this.#isClosed) return;
      this.#isDown = true;
      telemetry.log.warn({ event: 'redis.down', ...line, reason: describe(error) }, 'Redis cannot be reached');
    });
    this.client.on('ready', () => {
      if (this.#isClosed) return;
      this.#isDown = false;
      telemetry.log.info({ event: 'redis.up', ...line }, 'connected to Redis');
      onReady?.();
    });
    this.client.on('ping-interval', () => onPing?.(address));
  }
}

function createOurClient(address: Address, access: Access) {
  const options = {
    RESP: 3,
    scripts,
    ...(access.username === '' ? {} : { username: access.username }),
    ...(access.password === '' ? {} : { password: access.password }),
    database: access.database,
    disableOfflineQueue: true,
    commandsQueueMaxLength: longestQueue,
    pingInterval: pingIntervalMs,
    socket: {
      ...(access.tls ? { tls: true as const, ...(access.ca ? { ca: access.ca } : {}) } : {}),
      ...partsOf(address),
      connectTimeout: access.connectTimeoutMs,
      socketTimeout: socketTimeoutMs,
      reconnectStrategy: (retries: number) => backoffMs(retries, longestReconnectMs),
    },
  } satisfies RedisClientOptions;
  return createClient(options);
}

function partsOf(address: Address): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
}

/** An AggregateError of Node's dialer has no message of its own. */
function describe(error: Error & { code?: string }): string {
  return error.message || error.code || error.name;
}
