/**
 * The store as the engine uses it: what fails is gone on without, counted and logged, and never an error to a reader
 * (P7). While the process is degraded the store is left alone altogether.
 */
import type { Telemetry } from '../telemetry/index.ts';
import type { Clock, Random } from './clock.ts';
import type { Follower } from './follower.ts';
import type { StoreKey } from './keys.ts';
import type { Position } from './position.ts';
import type { Lease, Store } from './store.ts';

type Parts = { store: Store; follower: Follower; clock: Clock; random: Random; telemetry: Telemetry; leaseMs: number };

/** `absent`: there is no store to ask right now. */
export type Grant = Lease | { state: 'absent' };
export type Commit = 'stored' | 'lost' | 'absent';

/** A right to fill keys, kept alive until it is given back. */
export type Hold = { readonly token: string; end(): void };

const absent = { state: 'absent' } as const;

export class SharedTier {
  readonly #parts: Parts;
  readonly #namespace: string;

  constructor(parts: Parts, namespace: string) {
    this.#parts = parts;
    this.#namespace = namespace;
  }

  /** Texts by key, all undefined when there is no store; `answered` tells the two apart. */
  async find(keys: readonly string[]): Promise<{ texts: (string | undefined)[]; answered: boolean }> {
    const texts = await this.#attempt('get', undefined, (store) => store.getMany(keys));
    return texts === undefined ? { texts: keys.map(() => undefined), answered: false } : { texts, answered: true };
  }

  lease(key: StoreKey, token: string, takeOver: boolean): Promise<Grant> {
    const ms = this.#parts.leaseMs;
    return this.#attempt<Grant>('lease', absent, (store) => store.lease(key, token, { ms, takeOver }));
  }

  /** @param ttlMs - Nothing is written when it is over already. */
  async commit(key: StoreKey, token: string, text: string, ttlMs: number): Promise<Commit> {
    if (ttlMs < 1) {
      await this.release(key, token);
      return 'absent';
    }
    return this.#attempt<Commit>('commit', 'absent', async (store) =>
      (await store.commit(key, token, text, ttlMs)) ? 'stored' : 'lost',
    );
  }

  release(key: StoreKey, token: string, code?: string): Promise<void> {
    return this.#attempt('release', undefined, (store) => store.release(key, token, code));
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

  removeBelow(keys: readonly StoreKey[], floor: Position): Promise<void> {
    return this.#attempt('remove', undefined, (store) => store.removeBelow(keys, floor));
  }

  newToken(): string {
    return Math.floor(this.#parts.random() * 2 ** 52).toString(36);
  }

  /** Renews leases every third of their time, until `end()`: a slow read is no stalled one. */
  hold(keys: readonly StoreKey[], token: string): Hold {
    const ended = new AbortController();
    const everyMs = this.#parts.leaseMs / 3;
    const beat = async () => {
      for (;;) {
        await this.#parts.clock.sleep(everyMs, ended.signal);
        await Promise.all(
          keys.map((key) => this.#attempt('renew', false, (store) => store.renew(key, token, this.#parts.leaseMs))),
        );
      }
    };
    beat().catch(() => {}); // Ends by the signal alone.
    return { token, end: () => ended.abort() };
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
