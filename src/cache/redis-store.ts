/** The store in Redis: reads by Keyv in one round trip, every write by a script through the same client. */
import KeyvRedis, { type RedisClientConnectionType } from '@keyv/redis';
import { Keyv } from 'keyv';
import type { StoreKey } from './keys.ts';
import type { Position } from './position.ts';
import type { Redis } from './redis.ts';
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
    const adapter = new KeyvRedis<string>(redis.client as unknown as RedisClientConnectionType, {
      throwOnConnectError: false,
      throwOnErrors: true,
    });
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

  /** One server takes any keys in one command. */
  groupOf(): string {
    return '';
  }

  async getMany(keys: readonly string[]): Promise<(string | undefined)[]> {
    if (keys.length === 0) return [];
    return this.#redis.run('get', () => this.#values.getMany([...keys]));
  }

  async lease(
    keys: readonly StoreKey[],
    token: string,
    { ms, takeOver = false }: { ms: number; takeOver?: boolean },
  ): Promise<Lease[]> {
    const found = await this.#redis.run('lease', (client) =>
      client.vitrineLease(leasesOf(keys), token, String(ms), takeOver ? '1' : ''),
    );
    return found.map(readLease);
  }

  renew(leases: readonly Held[], ms: number): Promise<boolean[]> {
    const keys = leases.map(({ key }) => key.lease);
    const tokens = leases.map(({ token }) => token);
    return this.#redis.run('renew', (client) => client.vitrineRenew(keys, String(ms), ...tokens));
  }

  async commit(writes: readonly Write[], token: string): Promise<boolean[]> {
    const keys = writes.flatMap(({ key }) => [key.lease, key.value]);
    const values = writes.flatMap(({ text, ttlMs }) => [text, String(ttlOf(ttlMs))]);
    return this.#redis.run('commit', (client) => client.vitrineCommit(keys, token, ...values));
  }

  async release(keys: readonly StoreKey[], token: string, code?: string): Promise<void> {
    const left = code === undefined ? '' : failurePrefix + code;
    await this.#redis.run('release', (client) =>
      client.vitrineRelease(leasesOf(keys), token, String(failureMemoryMs), left),
    );
  }

  async put(key: string, text: string, ttlMs: number): Promise<void> {
    const expiration = { type: 'PX', value: ttlOf(ttlMs) } as const;
    await this.#redis.run('put', (client) => client.set(key, text, { expiration }));
  }

  async expire(keys: readonly string[], ttlMs: number): Promise<void> {
    const ttl = ttlOf(ttlMs);
    await this.#redis.run('expire', (client) => Promise.all(keys.map((key) => client.pExpire(key, ttl))));
  }

  async removeBelow(keys: readonly StoreKey[], floor: Position): Promise<void> {
    const values = keys.map(({ value }) => value);
    await this.#redis.run('remove', (client) => client.vitrineRemoveBelow(values, floor));
  }

  async close(): Promise<void> {
    this.#redis.close();
  }
}

function leasesOf(keys: readonly StoreKey[]): string[] {
  return keys.map(({ lease }) => lease);
}
