/** The store in Redis: reads by Keyv in one round trip, every write by a script through the same client. */
import KeyvRedis, { type RedisClientConnectionType } from '@keyv/redis';
import { Keyv } from 'keyv';
import type { StoreKey } from './keys.ts';
import type { Position } from './position.ts';
import type { Redis } from './redis.ts';
import { failureMemoryMs, failurePrefix, type Lease, readLease, type Store, ttlOf } from './store.ts';

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

  async getMany(keys: readonly string[]): Promise<(string | undefined)[]> {
    if (keys.length === 0) return [];
    return this.#redis.run('get', () => this.#values.getMany([...keys]));
  }

  async lease(
    key: StoreKey,
    token: string,
    { ms, takeOver = false }: { ms: number; takeOver?: boolean },
  ): Promise<Lease> {
    const expiration = { type: 'PX', value: ms } as const;
    // With NX and GET the reply is what stood there before: null when the lease is now ours.
    const found = await this.#redis.run('lease', (client) =>
      takeOver
        ? client.set(key.lease, token, { expiration }).then(() => null)
        : client.set(key.lease, token, { expiration, condition: 'NX', GET: true }),
    );
    // A lease always ends. One that lost its end, in whatever way, would be waited for without one.
    if (found !== null) await this.#redis.run('lease', (client) => client.pExpire(key.lease, ms, 'NX'));
    return readLease(found);
  }

  renew(key: StoreKey, token: string, ms: number): Promise<boolean> {
    return this.#redis.run('renew', (client) => client.vitrineHandLease(key.lease, token, String(ms), token));
  }

  async commit(key: StoreKey, token: string, text: string, ttlMs: number): Promise<boolean> {
    const ttl = String(ttlOf(ttlMs));
    return this.#redis.run('commit', (client) => client.vitrineCommit(key.lease, key.value, token, text, ttl));
  }

  async release(key: StoreKey, token: string, code?: string): Promise<void> {
    const left = code === undefined ? '' : failurePrefix + code;
    await this.#redis.run('release', (client) =>
      client.vitrineHandLease(key.lease, token, String(failureMemoryMs), left),
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
    await this.#redis.run('remove', (client) =>
      Promise.all(keys.map(({ value }) => client.vitrineRemoveBelow(value, floor))),
    );
  }

  async close(): Promise<void> {
    this.#redis.close();
  }
}
