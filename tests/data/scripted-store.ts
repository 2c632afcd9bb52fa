/** A store that does what the test says: falls silent, answers late, holds something else than was written. */
import type { Clock } from '../../src/cache/clock.ts';
import type { StoreKey } from '../../src/cache/keys.ts';
import type { Position } from '../../src/cache/position.ts';
import { ProcessStore } from '../../src/cache/process-store.ts';
import type { Held, Lease, Store, Write } from '../../src/cache/store.ts';

type Operation = Exclude<keyof Store, 'groupOf' | 'close'>;

type Gate = { operation: Operation; reached: () => void; opened: Promise<void> };

export class ScriptedStore implements Store {
  /** Keys of values that were looked for, in order. */
  readonly looked: string[] = [];
  readonly #store: ProcessStore;
  readonly #written = new Set<string>();
  /** What is found instead of what was written; undefined where nothing is. */
  readonly #instead = new Map<string, string | undefined>();
  readonly #silent = new Set<Operation>();
  readonly #failing: Operation[] = [];
  readonly #gates: Gate[] = [];

  constructor(clock: Clock) {
    this.#store = new ProcessStore({ clock, maxBytes: 1 << 20 });
  }

  // ── What the test does to it ──────────────────────────────────────────────────────────────────────────────────────

  /** From now on every call of that kind fails. */
  silence(operation: Operation): void {
    this.#silent.add(operation);
  }

  answer(): void {
    this.#silent.clear();
  }

  /** The next call of that kind fails. */
  failNext(operation: Operation): void {
    this.#failing.push(operation);
  }

  /** The next call of that kind is carried out, and answered when the test says so. */
  holdNext(operation: Operation): { reached: Promise<void>; release: () => void } {
    const reached = Promise.withResolvers<void>();
    const opened = Promise.withResolvers<void>();
    this.#gates.push({ operation, reached: reached.resolve, opened: opened.promise });
    return { reached: reached.promise, release: opened.resolve };
  }

  /** Until they are written anew, other texts stand in all keys with that in their name; none, when it gives none. */
  replace(part: string, change: (text: string) => string | undefined): Promise<void> {
    return this.#each(part, (key, text) => void this.#instead.set(key, change(text)));
  }

  /** Keys with that in their name that stand there at present. */
  async keys(part: string): Promise<string[]> {
    const keys: string[] = [];
    await this.#each(part, (key) => keys.push(key));
    return keys;
  }

  async #each(part: string, act: (key: string, text: string) => void): Promise<void> {
    for (const key of this.#written) {
      const [text] = key.includes(part) ? await this.#store.getMany([key]) : [];
      if (text !== undefined) act(key, text);
    }
  }

  // ── What the engine does with it ──────────────────────────────────────────────────────────────────────────────────

  groupOf(): string {
    return this.#store.groupOf();
  }

  getMany(keys: readonly string[]): Promise<(string | undefined)[]> {
    this.looked.push(...keys);
    return this.#pass('getMany', async () => {
      const texts = await this.#store.getMany(keys);
      return texts.map((text, index) => {
        const key = keys[index] as string;
        return this.#instead.has(key) ? this.#instead.get(key) : text;
      });
    });
  }

  lease(keys: readonly StoreKey[], token: string, options: { ms: number; takeOver?: boolean }): Promise<Lease[]> {
    return this.#pass('lease', () => this.#store.lease(keys, token, options));
  }

  renew(leases: readonly Held[], ms: number): Promise<boolean[]> {
    return this.#pass('renew', () => this.#store.renew(leases, ms));
  }

  commit(writes: readonly Write[], token: string): Promise<boolean[]> {
    for (const { key } of writes) this.#note(key.value);
    return this.#pass('commit', () => this.#store.commit(writes, token));
  }

  release(keys: readonly StoreKey[], token: string, code?: string): Promise<void> {
    return this.#pass('release', () => this.#store.release(keys, token, code));
  }

  put(key: string, text: string, ttlMs: number): Promise<void> {
    this.#note(key);
    return this.#pass('put', () => this.#store.put(key, text, ttlMs));
  }

  expire(keys: readonly string[], ttlMs: number): Promise<void> {
    return this.#pass('expire', () => this.#store.expire(keys, ttlMs));
  }

  removeBelow(keys: readonly StoreKey[], floor: Position): Promise<void> {
    return this.#pass('removeBelow', () => this.#store.removeBelow(keys, floor));
  }

  async close(): Promise<void> {}

  #note(key: string): void {
    this.#written.add(key);
    this.#instead.delete(key);
  }

  async #pass<A>(operation: Operation, act: () => Promise<A>): Promise<A> {
    const failing = this.#failing.indexOf(operation);
    if (failing >= 0) this.#failing.splice(failing, 1);
    if (failing >= 0 || this.#silent.has(operation)) throw new Error('silent');
    const answer = await act();
    const index = this.#gates.findIndex((gate) => gate.operation === operation);
    const [gate] = index < 0 ? [] : this.#gates.splice(index, 1);
    gate?.reached();
    await gate?.opened;
    return answer;
  }
}
