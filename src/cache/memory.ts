/** The memory tier: decoded entries of all namespaces, the least recently used go first. */
import { LRUCache } from 'lru-cache';
import type { Entry } from './entry.ts';

/** What an entry takes beside its row: objects, dates, the key twice; in bytes, measured roughly. */
const overheadBytes = 400;

export class MemoryTier {
  readonly #entries: LRUCache<string, Entry<unknown>>;

  constructor({ maxBytes }: { maxBytes: number }) {
    this.#entries = new LRUCache({
      maxSize: maxBytes,
      // A decoded row takes about twice its wire text.
      sizeCalculation: (entry) => 2 * entry.size + overheadBytes,
    });
  }

  /** Bytes held, by the same rough measure as the bound. */
  get bytes(): number {
    return this.#entries.calculatedSize;
  }

  /** The part of one namespace, typed. */
  part<T>(namespace: string): MemoryPart<T> {
    const entries = this.#entries as LRUCache<string, Entry<T>>;
    const prefix = `${namespace}:`;
    // A list of its own: what walks it may delete.
    const all = () =>
      [...entries.entries()]
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, entry]) => [key.slice(prefix.length), entry] as const);
    return {
      get: (id) => entries.get(prefix + id),
      set: (id, entry) => void entries.set(prefix + id, entry),
      delete: (id) => void entries.delete(prefix + id),
      entries: all,
      deleteWhere(test) {
        for (const [id, entry] of all()) if (test(id, entry)) entries.delete(prefix + id);
      },
    };
  }
}

export type MemoryPart<T> = {
  get(id: string): Entry<T> | undefined;
  set(id: string, entry: Entry<T>): void;
  delete(id: string): void;
  entries(): Iterable<readonly [id: string, entry: Entry<T>]>;
  deleteWhere(test: (id: string, entry: Entry<T>) => boolean): void;
};
