/** The store of one process, doing what the test says: silent, slow, or asked by others in between. */
import type { Clock } from '../../src/cache/clock.ts';
import type { StoreKey } from '../../src/cache/keys.ts';
import type { Position } from '../../src/cache/position.ts';
import { ProcessStore } from '../../src/cache/process-store.ts';
import type { Held, Store, Write } from '../../src/cache/store.ts';
import { type Gate, Gates } from './gates.ts';

type Operation = Exclude<keyof Store, 'groupOf' | 'close'>;

export class ScriptedStore implements Store {
  /** Every call that reached it, in order, with the keys it was for. */
  readonly calls: [operation: Operation, ...keys: string[]][] = [];
  /** One group, unless the test tells keys apart. */
  groupOf: Store['groupOf'] = () => '';
  /** Operations that are not answered. */
  readonly silent = new Set<Operation>();
  /** Groups of keys that are not to be reached, whatever is asked of them. */
  readonly lost = new Set<string>();
  /** Given to leases and values, in ms. */
  readonly ttlsMs: number[] = [];
  readonly #inner: ProcessStore;
  readonly #gates = new Gates<Operation>();

  constructor(clock: Clock) {
    this.#inner = new ProcessStore({ clock, maxBytes: 1 << 20 });
  }

  /** The next call of that kind is carried out, and answered when the test says so. */
  holdNext(operation: Operation): Gate {
    return this.#gates.holdNext(operation);
  }

  /** The operations that reached it, in order. */
  get operations(): Operation[] {
    return this.calls.map(([operation]) => operation);
  }

  getMany(keys: readonly string[]) {
    return this.#carryOut('getMany', keys, () => this.#inner.getMany(keys));
  }

  lease(keys: readonly StoreKey[], token: string, options: { ms: number; takeOver?: boolean }) {
    this.ttlsMs.push(options.ms);
    return this.#carryOut('lease', keys.map(leaseOf), () => this.#inner.lease(keys, token, options));
  }

  renew(leases: readonly Held[], ms: number) {
    this.ttlsMs.push(ms);
    const keys = leases.map(({ key }) => key.lease);
    return this.#carryOut('renew', keys, () => this.#inner.renew(leases, ms));
  }

  commit(writes: readonly Write[], token: string) {
    this.ttlsMs.push(...writes.map(({ ttlMs }) => ttlMs));
    const keys = writes.map(({ key }) => key.value);
    return this.#carryOut('commit', keys, () => this.#inner.commit(writes, token));
  }

  release(keys: readonly StoreKey[], token: string, code?: string) {
    return this.#carryOut('release', keys.map(leaseOf), () => this.#inner.release(keys, token, code));
  }

  put(key: string, text: string, ttlMs: number) {
    this.ttlsMs.push(ttlMs);
    return this.#carryOut('put', [key], () => this.#inner.put(key, text, ttlMs));
  }

  expire(keys: readonly string[], ttlMs: number) {
    this.ttlsMs.push(ttlMs);
    return this.#carryOut('expire', keys, () => this.#inner.expire(keys, ttlMs));
  }

  removeBelow(keys: readonly StoreKey[], floor: Position) {
    const values = keys.map(({ value }) => value);
    return this.#carryOut('removeBelow', values, () => this.#inner.removeBelow(keys, floor));
  }

  async close(): Promise<void> {}

  async #carryOut<A>(operation: Operation, keys: readonly string[], act: () => Promise<A>): Promise<A> {
    this.calls.push([operation, ...keys]);
    if (this.silent.has(operation) || keys.some((key) => this.lost.has(this.groupOf(key)))) throw new Error('silent');
    const answer = await act();
    await this.#gates.pass(operation);
    return answer;
  }
}

const leaseOf = ({ lease }: StoreKey) => lease;
