/**
 * The store in Redis: reads by Keyv in one round trip, every write by a script, through our own connections.
 *
 * In a cluster a group is one slot. While a slot moves to another server an MGET of it fails or lies, so that each key
 * is read by itself there, all at once; a single read finds its key on either server. Scripts of several keys fail
 * then, for that slot alone.
 */
import KeyvRedis, { type RedisClientConnectionType } from '@keyv/redis';
import { Keyv } from 'keyv';
import type { StoreKey } from './keys.ts';
import type { Position } from './position.ts';
import type { Redis } from './redis.ts';
import type { RedisClient } from './redis-connection.ts';
import {
  failureMemoryMs,
  failurePrefix,
  type Held,
  type Lease,
  readLease,
  type Store,
  ttlOf,
  type Write,
} from './store.ts';

export class RedisStore implements Store {
  readonly #redis: Redis;
  readonly #values: Keyv<string>;

  constructor(redis: Redis) {
    this.#redis = redis;
    const adapter = new KeyvRedis<string>(asClient(redis), { throwOnConnectError: false, throwOnErrors: true });
    // Full keys and raw texts: Redis' own TTL is the only clock, and no reader's clock deletes anything.
    this.#values = new Keyv<string>({
      store: adapter,
      useKeyPrefix: false,
      serialize: (data) => String(data.value),
      deserialize: (text) => ({ value: text as never }),
      throwOnErrors: true,
      emitErrors: false,
    });
    adapter.namespace = undefined;
    this.#values.namespace = undefined;
  }

  groupOf(key: string): string {
    return this.#redis.groupOf(key);
  }

  async getMany(keys: readonly string[]): Promise<(string | undefined)[]> {
    const [first] = keys;
    if (first === undefined) return [];
    return this.#redis.within('get', first, () =>
      this.#redis.isSharded
        ? Promise.all(keys.map((key) => this.#values.get<string>(key)))
        : this.#values.getMany([...keys]),
    );
  }

  async lease(
    keys: readonly StoreKey[],
    token: string,
    { ms, takeOver = false }: { ms: number; takeOver?: boolean },
  ): Promise<Lease[]> {
    const leases = leasesOf(keys);
    const found = await this.#ofGroup('lease', leases, [], (client) =>
      client.vitrineLease(leases, token, String(ms), takeOver ? '1' : ''),
    );
    return found.map(readLease);
  }

  renew(leases: readonly Held[], ms: number): Promise<boolean[]> {
    const keys = leases.map(({ key }) => key.lease);
    const tokens = leases.map(({ token }) => token);
    return this.#ofGroup('renew', keys, [], (client) => client.vitrineRenew(keys, String(ms), ...tokens));
  }

  async commit(writes: readonly Write[], token: string): Promise<boolean[]> {
    const keys = writes.flatMap(({ key }) => [key.lease, key.value]);
    const values = writes.flatMap(({ text, ttlMs }) => [text, String(ttlOf(ttlMs))]);
    return this.#ofGroup('commit', keys, [], (client) => client.vitrineCommit(keys, token, ...values));
  }

  async release(keys: readonly StoreKey[], token: string, code?: string): Promise<void> {
    const leases = leasesOf(keys);
    const left = code === undefined ? '' : failurePrefix + code;
    await this.#ofGroup('release', leases, undefined, (client) =>
      client.vitrineRelease(leases, token, String(failureMemoryMs), left),
    );
  }

  async put(key: string, text: string, ttlMs: number): Promise<void> {
    const expiration = { type: 'PX', value: ttlOf(ttlMs) } as const;
    await this.#redis.run('put', key, (client) => client.set(key, text, { expiration }));
  }

  async expire(keys: readonly string[], ttlMs: number): Promise<void> {
    const ttl = ttlOf(ttlMs);
    await this.#ofGroup('expire', keys, [], (client) => Promise.all(keys.map((key) => client.pExpire(key, ttl))));
  }

  async removeBelow(keys: readonly StoreKey[], floor: Position): Promise<void> {
    const values = keys.map(({ value }) => value);
    await this.#ofGroup('remove', values, undefined, (client) => client.vitrineRemoveBelow(values, floor));
  }

  async close(): Promise<void> {
    this.#redis.close();
  }

  async #ofGroup<T>(
    operation: string,
    keys: readonly string[],
    ofNone: T,
    command: (client: RedisClient) => Promise<T>,
  ): Promise<T> {
    const [first] = keys;
    return first === undefined ? ofNone : this.#redis.run(operation, first, command);
  }
}

/** Reads for Keyv's adapter, which asks for no more than this of a client that is connected. */
function asClient(redis: Redis): RedisClientConnectionType {
  const client = {
    isOpen: true,
    connect: async () => {},
    on: () => {},
    get: (key: string) => redis.get(key),
    mGet: (keys: string[]) => redis.mGet(keys),
  };
  return client as unknown as RedisClientConnectionType;
}

function leasesOf(keys: readonly StoreKey[]): string[] {
  return keys.map(({ lease }) => lease);
}
