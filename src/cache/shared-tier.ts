/**
 * The store as the engine uses it: what fails is gone on without, counted and logged, and never an error to a reader
 * (P7). While the process is degraded the store is left alone altogether.
 */
import type { Telemetry } from '../telemetry/index.ts';
import type { Random } from './clock.ts';
import type { Follower } from './follower.ts';
import type { Heartbeat, Hold } from './heartbeat.ts';
import type { StoreKey } from './keys.ts';
import type { Position } from './position.ts';
import type { Held, Lease, Store, Write } from './store.ts';

type Parts = {
  store: Store;
  follower: Follower;
  heartbeat: Heartbeat;
  random: Random;
  telemetry: Telemetry;
  leaseMs: number;
};

/** There is no store to ask right now. */
type Absent = { state: 'absent' };

export type Found = { state: 'found'; text: string } | { state: 'missing' } | Absent;
export type Grant = Lease | Absent;
export type Commit = 'stored' | 'lost' | 'absent';

const absent = { state: 'absent' } as const;
const missing = { state: 'missing' } as const;

export class SharedTier {
  readonly #parts: Parts;
  readonly #namespace: string;

  constructor(parts: Parts, namespace: string) {
    this.#parts = parts;
    this.#namespace = namespace;
  }

  async find(keys: readonly string[]): Promise<Found[]> {
    const found = await this.#inGroups<string, Found>('get', keys, {
      keyOf: (key) => key,
      otherwise: absent,
      ask: async (store, some) =>
        (await store.getMany(some)).map((text) => (text === undefined ? missing : { state: 'found', text })),
    });
    // Where the log has fallen silent meanwhile, it may be of a later position than those that are counted here by now.
    return this.#parts.follower.degraded ? found.map(() => absent) : found;
  }

  lease(keys: readonly StoreKey[], token: string, { takeOver }: { takeOver: boolean }): Promise<Grant[]> {
    const ms = this.#parts.leaseMs;
    return this.#inGroups<StoreKey, Grant>('lease', keys, {
      keyOf: ({ lease }) => lease,
      otherwise: absent,
      ask: (store, some) => store.lease(some, token, { ms, takeOver }),
    });
  }

  commit(writes: readonly Write[], token: string): Promise<Commit[]> {
    return this.#inGroups<Write, Commit>('commit', writes, {
      keyOf: ({ key }) => key.lease,
      otherwise: 'absent',
      ask: async (store, some) => (await store.commit(some, token)).map((stored) => (stored ? 'stored' : 'lost')),
    });
  }

  async release(keys: readonly StoreKey[], token: string, code?: string): Promise<void> {
    await this.#inGroups<StoreKey, void>('release', keys, {
      keyOf: ({ lease }) => lease,
      otherwise: undefined,
      ask: async (store, some) => {
        await store.release(some, token, code);
        return [];
      },
    });
  }

  /** Deletes values read before `floor`: of a purge. */
  async removeBelow(keys: readonly StoreKey[], floor: Position): Promise<void> {
    await this.#inGroups<StoreKey, void>('remove', keys, {
      keyOf: ({ value }) => value,
      otherwise: undefined,
      ask: async (store, some) => {
        await store.removeBelow(some, floor);
        return [];
      },
    });
  }

  /** @returns Whether it was written. */
  put(key: string, text: string, ttlMs: number): Promise<boolean> {
    return this.#attempt('put', false, async (store) => {
      await store.put(key, text, ttlMs);
      return true;
    });
  }

  /** @returns Whether it was done. */
  expire(keys: readonly string[], ttlMs: number): Promise<boolean> {
    return this.#attempt('expire', false, async (store) => {
      await store.expire(keys, ttlMs);
      return true;
    });
  }

  newToken(): string {
    return Math.floor(this.#parts.random() * 2 ** 52).toString(36);
  }

  /** Keeps leases alive until `end()`: a slow read is no stalled one. */
  hold(keys: readonly StoreKey[], token: string): Hold {
    const held = keys.map((key) => ({ key, token }));
    return this.#parts.heartbeat.hold(held, this);
  }

  /** What the heartbeat asks; a lease that is lost is found out when its value is committed. */
  async renew(leases: readonly Held[]): Promise<void> {
    await this.#inGroups<Held, boolean>('renew', leases, {
      keyOf: ({ key }) => key.lease,
      otherwise: false,
      ask: (store, some) => store.renew(some, this.#parts.leaseMs),
    });
  }

  /** One command for each group, all at once; where one fails, `otherwise` is the answer for each of its items. */
  async #inGroups<I, A>(
    operation: string,
    items: readonly I[],
    how: { keyOf: (item: I) => string; otherwise: A; ask: (store: Store, some: I[]) => Promise<A[]> },
  ): Promise<A[]> {
    const { keyOf, otherwise, ask } = how;
    const answers = new Array<A>(items.length).fill(otherwise);
    const groups = Map.groupBy(items.keys(), (at) => this.#parts.store.groupOf(keyOf(items[at] as I)));
    const asked = [...groups.values()].map(async (places) => {
      const some = places.map((at) => items[at] as I);
      const given = await this.#attempt<A[]>(operation, [], (store) => ask(store, some));
      for (const [index, answer] of given.entries()) answers[places[index] as number] = answer;
    });
    await Promise.all(asked);
    return answers;
  }

  async #attempt<A>(operation: string, otherwise: A, ask: (store: Store) => Promise<A>): Promise<A> {
    const { follower, store, telemetry } = this.#parts;
    if (follower.degraded) return otherwise;
    try {
      return await ask(store);
    } catch (error) {
      telemetry.metrics.cacheFallbacks.inc({ namespace: this.#namespace, operation });
      telemetry.log.warn(
        { event: 'cache.fallback', namespace: this.#namespace, operation, err: error },
        'the store did not answer; going on without it',
      );
      return otherwise;
    }
  }
}
