/** The log and the store of one process: what `RedisLog` and `RedisStore` are in production, over the simulated Redis. */
import type { Clock, Random } from '../../src/cache/clock.ts';
import { hashTagOf, type StoreKey } from '../../src/cache/keys.ts';
import type { Log, LogRecord, Look } from '../../src/cache/log.ts';
import { newEra } from '../../src/cache/memory-log.ts';
import { type Position, positionOf } from '../../src/cache/position.ts';
import type { Held, Lease, Store, Write } from '../../src/cache/store.ts';
import type { Mutation } from './mutations.ts';
import { CallError, call, type Line } from './network.ts';
import type { SimRedis } from './redis.ts';
import type { Actor, Scheduler } from './scheduler.ts';
import type { Story } from './story.ts';

/** `REDIS_TIMEOUT_MS` */
const timeoutMs = 250;

/** One process's connections. */
export type Connection = {
  redis: SimRedis;
  /** To Redis, for all processes and for this one alone. */
  shared: Line;
  own: Line;
  scheduler: Scheduler;
  actor: Actor;
  story: Story;
  mutation: Mutation;
  /** Keys of different slots go in different commands. */
  clustered: boolean;
  count(branch: string): void;
};

function ask<T>({ own, shared, scheduler, actor, story }: Connection, what: string, execute: () => T): Promise<T> {
  const line = own.isSilent ? own : shared;
  return call(scheduler, actor, {
    fate: line.fate(),
    timeoutMs,
    onTimeout: () => new CallError(`${what}: no answer within ${timeoutMs} ms`),
    execute: () => {
      story.tell('redis', what);
      return execute();
    },
  });
}

export class SimLog implements Log {
  readonly scope = 'cluster';
  readonly #connection: Connection;
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #name: string;

  constructor(connection: Connection, { name, random, clock }: { name: string; random: Random; clock: Clock }) {
    this.#connection = connection;
    this.#name = name;
    this.#random = random;
    this.#clock = clock;
  }

  look(from: { era: string | undefined; position: Position }): Promise<Look> {
    const { redis } = this.#connection;
    const candidate = newEra(this.#random);
    return ask(this.#connection, `${this.#name} look from ${from.position || 'the beginning'}`, () =>
      redis.look(from, candidate),
    );
  }

  async append(era: string, record: LogRecord): Promise<Position | undefined> {
    const { redis, mutation, count } = this.#connection;
    const own = record.kind === 'changed' && record.floor === 'own';
    if (own && mutation.forgetsKept) return positionOf(0, 0);
    if (record.kind === 'purged' && mutation.forgetsPurges) return positionOf(0, 0);
    return ask(this.#connection, `${this.#name} append ${JSON.stringify(record)}`, () => {
      const position = redis.append(era, record);
      if (own && position !== undefined) count('kept record appended');
      if (record.kind === 'purged' && position !== undefined) count('purge told again');
      if (position === undefined) count('append refused');
      return position;
    });
  }

  /** No replicas are asked for. */
  async replicated(): Promise<boolean> {
    return true;
  }

  async wait(era: string, position: Position, { ms, signal }: { ms: number; signal: AbortSignal }): Promise<void> {
    const { redis, own, shared, scheduler, actor } = this.#connection;
    const over = new AbortController();
    const end = redis.wait(era, position, () => {
      const { executeMs } = (own.isSilent ? own : shared).fate();
      if (executeMs !== undefined) scheduler.after(executeMs, actor, () => over.abort());
    });
    await this.#clock.sleep(ms, AbortSignal.any([signal, over.signal])).catch(() => {}); // Told to look.
    end();
  }
}

export class SimStore implements Store {
  readonly #connection: Connection;
  readonly #name: string;

  constructor(connection: Connection, { name }: { name: string }) {
    this.#connection = connection;
    this.#name = name;
  }

  groupOf(key: string): string {
    return this.#connection.clustered ? hashTagOf(key) : '';
  }

  getMany(keys: readonly string[]): Promise<(string | undefined)[]> {
    return this.#ask(`get ${keys.join(' ')}`, (redis) => keys.map((key) => redis.get(key)));
  }

  lease(keys: readonly StoreKey[], token: string, options: { ms: number; takeOver?: boolean }): Promise<Lease[]> {
    const { count } = this.#connection;
    return this.#ask(`lease ${valuesOf(keys)}${options.takeOver ? ', taken over' : ''}`, (redis) => {
      const leases = keys.map((key) => redis.lease(key, token, options));
      for (const { state } of leases) count(`lease ${state}`);
      return leases;
    });
  }

  renew(leases: readonly Held[], ms: number): Promise<boolean[]> {
    return this.#ask(`renew ${valuesOf(leases.map(({ key }) => key))}`, (redis) =>
      leases.map(({ key, token }) => redis.renew(key, token, ms)),
    );
  }

  commit(writes: readonly Write[], token: string): Promise<boolean[]> {
    return this.#ask(`commit ${valuesOf(writes.map(({ key }) => key))}`, (redis) =>
      writes.map((write) => redis.commit(write, token)),
    );
  }

  release(keys: readonly StoreKey[], token: string, code?: string): Promise<void> {
    return this.#ask(`release ${valuesOf(keys)} ${code ?? ''}`, (redis) => {
      for (const key of keys) redis.release(key, token, code);
    });
  }

  put(key: string, text: string, ttlMs: number): Promise<void> {
    return this.#ask(`put ${key}`, (redis) => redis.put(key, text, ttlMs));
  }

  expire(keys: readonly string[], ttlMs: number): Promise<void> {
    return this.#ask(`expire ${keys.join(' ')}`, (redis) => redis.expire(keys, ttlMs));
  }

  removeBelow(keys: readonly StoreKey[], floor: Position): Promise<void> {
    return this.#ask(`remove below ${floor}`, (redis) => redis.removeBelow(keys, floor));
  }

  async close(): Promise<void> {}

  #ask<T>(what: string, execute: (redis: SimRedis) => T): Promise<T> {
    return ask(this.#connection, `${this.#name} ${what}`, () => execute(this.#connection.redis));
  }
}

function valuesOf(keys: readonly StoreKey[]): string {
  return keys.map(({ value }) => value).join(' ');
}
