/**
 * Fills of a base: the collection as a whole, from another process's drain or from one of our own.
 *
 *   manifest in the store, better than what is held ─► load its chunks
 *     └─ none ─► lease ─► granted: drain, chunk by chunk into the store, then the manifest ─► install, if still valid
 *                  └────► held: look for the manifest again
 */

import { timeLimit } from '../cache/deadline.ts';
import type { Engine, RejectReason } from '../cache/engine.ts';
import { freshnessOf } from '../cache/entry.ts';
import { asError, codeOf, ReadError } from '../cache/errors.ts';
import { FailureMemory } from '../cache/failures.ts';
import type { StoreKey } from '../cache/keys.ts';
import type { Stamp } from '../cache/position.ts';
import type { Upstream } from '../upstream/index.ts';
import { type Base, type BaseStore, drainDeadlineMs, type FoundManifest } from './base.ts';
import type { Definition } from './definition.ts';

/** Waits for another process's drain, in ms; the last repeats. */
const pollDelaysMs = [20, 40, 80, 160];

const failureKey = 'drain';

const absent = { state: 'absent' } as const;

/** `found`: another process drained it. */
type Landed<T> = { base: Base<T>; found: boolean } | { error: Error };

/** One fill under way. `stamp` is set when its drain begins, anew at each attempt: until then it is bound to no moment. */
type Fill<T> = { stamp: Stamp | undefined; landed: Promise<Landed<T>>; abort: AbortController };

/** `reset` is the beginning of the reset that the drain is for, which takes the lease from whoever holds it. */
type Lease = { key: StoreKey; token: string; leased: boolean; reset: Stamp | undefined };

/** The collection was reset while it was drained: whoever waits for the drain waits for the next one. */
export class Superseded extends Error {
  override readonly name = 'Superseded';
}

type Parts<T> = {
  engine: Engine;
  definition: Definition<T>;
  upstream: Upstream;
  /** Of the entities, whose resets are the collection's. */
  namespace: string;
  store: BaseStore<T>;
  /** What may still be served while better is looked for. */
  servable(): Base<T> | undefined;
  /** Takes a base in, if it is still valid; tells whether it was. */
  install(base: Base<T>): boolean;
  reject(reason: RejectReason): void;
};

export class BaseFills<T> {
  readonly #parts: Parts<T>;
  readonly #failures: FailureMemory;
  #fill: Fill<T> | undefined;

  constructor(parts: Parts<T>) {
    this.#parts = parts;
    this.#failures = new FailureMemory(parts.engine.clock, (_key, asOf) =>
      parts.engine.follower.validAsWhole(parts.namespace, asOf),
    );
  }

  /** The last fill failed. */
  get failed(): boolean {
    return this.#failures.last(failureKey) !== undefined;
  }

  /** The failure that answers a request now, if there was one within the last second. */
  recentFailure(): Error | undefined {
    return this.#failures.recent(failureKey);
  }

  /** The fill that a newcomer may wait for. */
  joinable(): Fill<T> | undefined {
    const fill = this.#fill;
    if (fill?.stamp === undefined) return fill;
    return this.#parts.engine.follower.validAsWhole(this.#parts.namespace, fill.stamp) ? fill : undefined;
  }

  /** In the background, unless one is under way or the last one failed just now. */
  refresh(): void {
    if (this.joinable() === undefined && !this.#failures.backsOff(failureKey)) this.open();
  }

  /** What a reset made worthless is not read to its end: its lease is free for the next. */
  abortInvalid(): void {
    if (this.#fill !== undefined && this.joinable() === undefined) this.#fill.abort.abort(new Superseded());
  }

  /** Of a purge: no drain from before it is committed, and none that failed before it is remembered in the store. */
  async revokeLease(): Promise<void> {
    const { store } = this.#parts;
    const key = store.key();
    const token = store.shared.newToken();
    await store.shared.lease([key], token, { takeOver: true });
    await store.shared.release([key], token);
  }

  /** A new fill, which newcomers join from here on. */
  open(reset?: Stamp): Fill<T> {
    const fill: Fill<T> = { stamp: reset, landed: undefined as never, abort: new AbortController() };
    fill.landed = this.#run(fill, reset).catch((thrown) => {
      const error = asError(thrown);
      if (error instanceof Superseded) return { error };
      // One that another process had is remembered where it was left, and found there by each who asks; it has said so.
      const isOwn = !(error instanceof ReadError);
      if (isOwn) this.#failures.note(failureKey, error, fill.stamp ?? this.#parts.engine.follower.stamp());
      this.#parts.engine.telemetry.log[isOwn ? 'warn' : 'debug'](
        {
          event: 'collection.fill_failed',
          collection: this.#parts.definition.endpoint.name,
          code: codeOf(error),
          reason: error.message,
        },
        'a collection could not be read',
      );
      return { error };
    });
    void fill.landed.then(() => {
      if (this.#fill === fill) this.#fill = undefined;
    });
    this.#fill = fill;
    return fill;
  }

  async #run(fill: Fill<T>, reset: Stamp | undefined): Promise<Landed<T>> {
    const { store, engine } = this.#parts;
    const token = store.shared.newToken();
    for (let poll = 0; ; poll++) {
      const { base, answered } = reset ? { base: undefined, answered: true } : await this.#look();
      if (base !== undefined) return { base, found: true };
      const key = store.key();
      const takeOver = reset !== undefined;
      const [grant = absent] = answered ? await store.shared.lease([key], token, { takeOver }) : [];
      if (grant.state === 'failed') throw new ReadError(grant.code);
      if (grant.state === 'held') {
        await engine.clock.sleep(pollDelaysMs[Math.min(poll, pollDelaysMs.length - 1)] as number);
        continue;
      }
      const leased = grant.state === 'granted';
      // Between our look and our lease another may have drained it and gone.
      const meanwhile = leased && !reset ? (await this.#look()).base : undefined;
      if (meanwhile === undefined) return this.#drain(fill, { key, token, leased, reset });
      await store.shared.release([key], token);
      return { base: meanwhile, found: true };
    }
  }

  async #look(): Promise<{ base: Base<T> | undefined; answered: boolean }> {
    const { found, answered } = await this.#parts.store.find();
    if (found === 'undecodable') {
      this.#parts.reject('undecodable');
      return { base: undefined, answered };
    }
    return { base: found && (await this.#takeFound(found)), answered };
  }

  /** What another process drained, if it is better than what is held. */
  async #takeFound(found: FoundManifest): Promise<Base<T> | undefined> {
    const { follower } = this.#parts.engine;
    const held = this.#parts.servable();
    const freshness = freshnessOf(found.times, follower.now());
    // A drain may take longer than it stays fresh: it is better than an older one all the same. What is held is not.
    const isBetter = held === undefined || found.times.storedAtMs > held.times.storedAtMs;
    if (!isBetter || (freshness !== 'fresh' && freshness !== 'stale')) return undefined;
    if (!follower.validAsWhole(this.#parts.namespace, found.asOf)) return undefined;
    const base = await this.#parts.store.load(found);
    if (base === undefined) this.#parts.reject('undecodable');
    if (base === undefined || !this.#parts.install(base)) return undefined;
    this.#failures.clear(failureKey);
    return base;
  }

  async #drain(fill: Fill<T>, lease: Lease): Promise<Landed<T>> {
    const { clock, follower, telemetry } = this.#parts.engine;
    const { key, token, leased } = lease;
    const beganAtMs = clock.mono();
    const limit = timeLimit(clock, drainDeadlineMs);
    const hold = leased ? this.#parts.store.shared.hold([key], token) : undefined;
    try {
      const drained = await this.#parts.upstream.drain(this.#parts.definition.endpoint, {
        // Of each attempt its own: nothing that changed before it is missing from what it reads.
        open: () => {
          fill.stamp = lease.reset ?? follower.stamp();
          return this.#parts.store.draft(fill.stamp, { writing: leased });
        },
        signal: AbortSignal.any([limit.signal, fill.abort.signal]),
      });
      const { sink: draft, quarantined, pages } = drained;
      draft.base.quarantined = quarantined.length;
      draft.base.pages = pages;
      const isOurs = !leased || (await this.#parts.store.commit(draft, { key, token }));
      // A lost lease went to a reset, which drains again.
      if (!isOurs) this.#parts.reject('lease_lost');
      else if (lease.reset === undefined) this.#parts.install(draft.base);
      this.#failures.clear(failureKey);
      telemetry.log.info(
        {
          event: 'collection.drained',
          collection: this.#parts.definition.endpoint.name,
          rows: draft.base.view.size,
          ms: Math.round(clock.mono() - beganAtMs),
          quarantined,
        },
        'a collection was read whole',
      );
      return { base: draft.base, found: false };
    } catch (thrown) {
      const code = thrown instanceof Superseded ? undefined : codeOf(thrown);
      if (leased) await this.#parts.store.shared.release([key], token, code);
      throw thrown;
    } finally {
      hold?.end();
      limit.end();
    }
  }
}
