/**
 * Answers kept as a whole: what each rests on, and whether it is still what would be answered now.
 *
 *   still = this process is trusted, the answer is fresh, no changed row waits to be read for its pages,
 *           and the journal has nothing of its parts since it was last asked
 *
 * All of it is asked in one turn, so that the rule of the cache holds for whole answers as it does for rows (P5, P6).
 */
import type { Follower } from '../cache/follower.ts';
import { type Journal, Parts } from './journal.ts';
import type { MaybePromise, Resource } from './reader.ts';

/** What an answer was made of, and since when nothing of it is known to have changed. */
export type Basis = { readonly parts: Parts; position: number };

type Sources = {
  follower: Pick<Follower, 'trusted' | 'now'>;
  journal: Journal;
  resources: readonly Pick<Resource<unknown>, 'name' | 'isSettled'>[];
};

export class Answers {
  readonly #sources: Sources;

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  /** The clock that freshness counts on, in ms since the epoch. */
  now(): number {
    return this.#sources.follower.now();
  }

  /** Of an answer whose first read has not begun. */
  begin(): Basis {
    return { parts: new Parts(), position: this.#sources.journal.position };
  }

  /** Whether an answer begun then may be given to those who ask now. */
  isCurrent({ position }: Basis): boolean {
    return this.#sources.follower.trusted && position === this.#sources.journal.position;
  }

  /**
   * Makes an answer, and again while something of it was purged before it was there: that is not even given to those who
   * have waited.
   *
   * @param make - Reads all of it anew.
   * @returns At once, where it was made at once.
   */
  unpurged<A>(begun: Basis, make: (basis: Basis) => MaybePromise<A>): MaybePromise<A> {
    const orAnew = (answer: A) =>
      this.#sources.journal.isPurged(begun.parts, begun.position) ? this.unpurged(this.begin(), make) : answer;
    const made = make(begun);
    return made instanceof Promise ? made.then(orAnew) : orAnew(made);
  }

  /** @param freshUntilMs - By `now()`. */
  holds(basis: Basis, freshUntilMs: number): boolean {
    const { follower, journal, resources } = this.#sources;
    if (!follower.trusted || follower.now() >= freshUntilMs) return false;
    const { collections } = basis.parts;
    for (const resource of resources) {
      if (collections.has(resource.name) && !resource.isSettled()) return false;
    }
    if (!journal.isUnchanged(basis.parts, basis.position)) return false;
    basis.position = journal.position;
    return true;
  }
}
