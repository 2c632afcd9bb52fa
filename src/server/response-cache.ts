/**
 * The response cache: whole public answers as bytes, for as long as nothing that they were made of has changed.
 *
 *   the request as it came (a shortcut) ─┐
 *   document, name, variables, media ────┴─► kept ─► still what would be answered now? (data/answers.ts) ─► its bytes
 *
 * Bounded in bytes; the least recently used go first, and what is asked for once never comes in. An answer with an
 * error, a private one, and one that was not fresh throughout are never kept.
 */
import { LRUCache } from 'lru-cache';
import type { Answers, Basis } from '../data/answers.ts';
import type { Metrics } from '../telemetry/index.ts';
import { Doorkeeper } from './doorkeeper.ts';
import type { Representation } from './representation.ts';

export type Kept = {
  readonly basis: Basis;
  /** Name of the operation in the document. */
  readonly name: string | undefined;
  /** When the oldest of its parts was read, and until when all are fresh; ms since the epoch by the log's clock. */
  readonly oldestMs: number;
  readonly freshUntilMs: number;
  readonly cacheControl: string;
  readonly representation: Representation;
};

/** What an answer takes beside its bytes, roughly. */
const overheadBytes = 600;

export class ResponseCache {
  readonly #answers: Answers;
  readonly #outcomes: Metrics['responseCache'];
  readonly #byKey: LRUCache<string, Kept>;
  readonly #byRequest: LRUCache<string, string>;
  readonly #doorkeeper = new Doorkeeper();

  constructor({ answers, metrics, maxBytes }: { answers: Answers; metrics: Metrics; maxBytes: number }) {
    this.#answers = answers;
    this.#outcomes = metrics.responseCache;
    this.#byKey = new LRUCache({
      maxSize: maxBytes,
      // Codings made later are about a third of it.
      sizeCalculation: ({ representation }, key) =>
        Math.ceil(1.5 * representation.size) + 2 * key.length + overheadBytes,
    });
    this.#byRequest = new LRUCache({
      maxSize: Math.ceil(maxBytes / 4),
      sizeCalculation: (key, request) => 2 * (key.length + request.length) + 100,
    });
  }

  /** Whether its answer is worth keeping. @param request - What it has in its body, or its address; noted from now on. */
  isAskedAgain(request: Buffer): boolean {
    return this.#doorkeeper.knows(request);
  }

  /** @param request - The request as it came. */
  findByRequest(request: string): Kept | undefined {
    const key = this.#byRequest.get(request);
    return key === undefined ? undefined : this.find(key);
  }

  find(key: string): Kept | undefined {
    const kept = this.#byKey.get(key);
    if (kept === undefined) return undefined;
    if (this.#answers.holds(kept.basis, kept.freshUntilMs)) {
      this.#outcomes.inc({ outcome: 'hit' });
      return kept;
    }
    this.#byKey.delete(key);
    this.#outcomes.inc({ outcome: 'dropped' });
    return undefined;
  }

  keep(key: string, kept: Kept): void {
    this.#byKey.set(key, kept);
    this.#outcomes.inc({ outcome: 'stored' });
  }

  /** What came a second time comes in the same form again, mostly. */
  remember(request: string, key: string): void {
    this.#byRequest.set(request, key);
  }
}
