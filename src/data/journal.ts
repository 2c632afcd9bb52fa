/**
 * The journal of a process: which rows came to be others, in the order in which it came to know it.
 *
 *   an answer, made at a position ─► asked for again ─► has anything that it was made of changed since? ─► if not, it is
 *                                                                                                         still the answer
 *
 * No index from rows to answers: whoever asks looks up when its rows last changed, and walks over what else changed since
 * it was last asked for. What is older than the journal reaches counts as changed.
 */
import { type Move, Moves, type Span } from './moves.ts';

/** `counts`: it tells how many rows there are, wherever they stand. */
export type PagePart<T> = { kind: 'page'; resource: string; span: Span<T>; counts: boolean };

/** What an answer is made of. */
export type Part<T = unknown> = { kind: 'row'; resource: string; id: string } | PagePart<T>;

/** `row`: this id is read, or to be read, anew. `all`: any row may be another. `hard`: what was there is purged. */
type Change = ({ kind: 'row'; resource: string; id: string } | { kind: 'all'; resource: string }) & { hard?: boolean };

/** What is not told by a row's last change alone, and where it stands. */
type Noted = Change & { position: number };

/** Changes remembered: seconds of the busiest, hours of a calm catalogue. */
const remembered = 4_096;

export class Journal {
  /** By row, where its last change stands: the oldest first, of those remembered. */
  readonly #rows = new Map<string, number>();
  /** By resource: what became of its view. */
  readonly #moves = new Map<string, Moves<unknown>>();
  /** Changes of all, and purges of rows, in the order in which they came. */
  readonly #others: Noted[] = [];
  #position = 0;

  /** How much has changed so far. */
  get position(): number {
    return this.#position;
  }

  note(change: Change): void {
    if (change.kind === 'row') {
      const key = keyOf(change.resource, change.id);
      this.#rows.delete(key); // To the end.
      this.#rows.set(key, this.#position);
    }
    if (change.kind !== 'row' || change.hard) {
      this.#others.push({ ...change, position: this.#position });
      // Many at once: an array moves what stays.
      if (this.#others.length > 2 * remembered) this.#others.splice(0, this.#others.length - remembered);
    }
    this.#advance();
  }

  /** A row of the view left its place, took one, or both. */
  noteMove(resource: string, move: Move<unknown>): void {
    const moves = this.#moves.get(resource) ?? new Moves();
    this.#moves.set(resource, moves);
    moves.add(move, this.#position);
    if (moves.length > 2 * remembered) moves.forgetBut(remembered);
    this.#advance();
  }

  /** Whether these parts are as they were at that position. */
  isUnchanged(parts: Parts, since: number): boolean {
    if (since === this.#position) return true;
    if (this.#isForgotten(since)) return false;
    const isLater = (key: string) => (this.#rows.get(key) ?? -1) >= since;
    const hasMoved = ({ resource, span, counts }: PagePart<unknown>) =>
      this.#moves.get(resource)?.haveTouched(span, { counts, since }) === true;
    if (parts.rows.some(isLater) || parts.pages.some(hasMoved)) return false;
    return !this.#hasOther(since, (change) => parts.areTouchedBy(change));
  }

  /** Whether any of these parts may have been purged since. */
  isPurged(parts: Parts, since: number): boolean {
    return this.#isForgotten(since) || this.#hasOther(since, (change) => parts.arePurgedBy(change));
  }

  #hasOther(since: number, isSuch: (change: Noted) => boolean): boolean {
    for (let at = this.#others.length - 1; at >= 0; at--) {
      const change = this.#others[at] as Noted;
      if (change.position < since) return false;
      if (isSuch(change)) return true;
    }
    return false;
  }

  #isForgotten(since: number): boolean {
    return this.#position - since > remembered;
  }

  #advance(): void {
    this.#position += 1;
    const before = this.#position - remembered;
    for (const [key, position] of this.#rows) {
      if (position >= before) break;
      this.#rows.delete(key);
    }
  }
}

/** The parts of one answer. */
export class Parts {
  /** By their keys in the journal. */
  readonly rows: string[] = [];
  readonly pages: PagePart<unknown>[] = [];
  /** That pages of it were cut from. */
  readonly collections = new Set<string>();

  /** Of a page more may become known while the answer is made. */
  add(part: Part): void {
    if (part.kind === 'row') {
      this.rows.push(keyOf(part.resource, part.id));
    } else {
      this.pages.push(part);
      this.collections.add(part.resource);
    }
  }

  areTouchedBy(change: Change): boolean {
    return change.kind === 'row'
      ? this.rows.includes(keyOf(change.resource, change.id))
      : this.#mentions(change.resource);
  }

  /** Any row of a collection may have been on a page of it. */
  arePurgedBy(change: Change): boolean {
    if (!change.hard) return false;
    return this.collections.has(change.resource) || this.areTouchedBy(change);
  }

  #mentions(resource: string): boolean {
    return this.collections.has(resource) || this.rows.some((key) => key.startsWith(keyOf(resource, '')));
  }
}

function keyOf(resource: string, id: string): string {
  return `${resource} ${id}`;
}
