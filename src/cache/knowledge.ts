/**
 * Knowledge: in which era a process is, how far it has applied the change log, and what may be used by that (P5).
 *
 * One rule for all that is cached: valid = read in the present era, and no known floor above its `asOf`.
 *
 * All of it is asked and told in one turn; the follower (`follower.ts`) keeps it up to date.
 * Invariants: floors, generations and the position never fall within an era. Hard floors outlive eras.
 */
import { Floors } from './floors.ts';
import type { Changed, Purged } from './log.ts';
import { BEGINNING, higher, isBeyond, localAfter, type Position, type Stamp, type Token } from './position.ts';
import { isBehind, type Said, type Seen } from './said.ts';

/** Of eras that were left longer ago than so many nothing is known any more. */
const erasAtMost = 100;

export class Knowledge {
  readonly #floors = new Floors();
  /** Their numbers, by token. */
  readonly #eras = new Map<string, number>();
  /** Eras are counted from 0: that of the process alone, before the log has answered. */
  #era: { index: number; token: string };
  /** Applied up to here; what reads sent now may claim. */
  #position = BEGINNING;
  /** As `#position`, but never a local one: where to read the log on from. */
  #applied = BEGINNING;
  /** Highest seen in anything of this era: the log, own appends, stored values. Local positions count on from it. */
  #highest = BEGINNING;

  constructor(ownEra: string) {
    this.#era = { index: 0, token: ownEra };
  }

  // ── Asking ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** The era as keys carry it. */
  get era(): string {
    return this.#era.token;
  }

  /** The `asOf` of a read that is sent now. */
  stamp(): Stamp {
    return { era: this.#era.index, position: this.#position };
  }

  /** @param position - Of a value found in the present era's store. */
  stampOf(position: Position): Stamp {
    this.#highest = higher(this.#highest, position);
    return { era: this.#era.index, position };
  }

  tokenOf(position: Position): Token {
    return { era: this.#era.token, position };
  }

  generation(namespace: string): Position {
    return this.#floors.generation(namespace);
  }

  /** The one rule. */
  valid(namespace: string, id: string, asOf: Stamp): boolean {
    return asOf.era === this.#era.index && asOf.position >= this.#floors.floor(namespace, id);
  }

  /** As `valid`, for a thing that speaks for the namespace as a whole. */
  validAsWhole(namespace: string, asOf: Stamp): boolean {
    return asOf.era === this.#era.index && asOf.position >= this.#floors.generation(namespace);
  }

  /** Whether a thing has been purged since its content was read: then it is not to be served at all. */
  purged(namespace: string, id: string, content: Stamp): boolean {
    return this.#floors.isPurged(namespace, id, content);
  }

  purgedAsWhole(namespace: string, content: Stamp): boolean {
    return this.#floors.isPurgedAsWhole(namespace, content);
  }

  /** What upstream said of an id when it changed, if it did within the horizon. */
  said(namespace: string, id: string): Said | undefined {
    return this.#floors.said(namespace, id);
  }

  /** Whether a row, or the lack of one, is from before what upstream said of it. */
  lags(namespace: string, id: string, seen: Seen): boolean {
    const said = this.#floors.said(namespace, id);
    return said !== undefined && isBehind(seen, said);
  }

  idsSaid(namespace: string): Iterable<string> {
    return this.#floors.idsSaid(namespace);
  }

  /** Ids of which something changed that a read of that moment does not know. */
  changedSince(namespace: string, asOf: Stamp): string[] {
    return this.#floors.idsAbove(namespace, asOf.position);
  }

  // ── For the follower ──────────────────────────────────────────────────────────────────────────────────────────────

  /** The log has not answered yet. */
  protected get isAlone(): boolean {
    return this.#era.index === 0;
  }

  /** Where to read the log on from. */
  protected get applied(): Token {
    return { era: this.#era.token, position: this.#applied };
  }

  protected standsAt({ era, position }: Token): boolean {
    return era === this.#era.token && position <= this.#position;
  }

  /** Another era: nothing in it is known yet. */
  protected enter(token: string): void {
    this.#era = { index: this.#era.index + 1, token };
    this.#eras.set(token, this.#era.index);
    for (const [left, index] of this.#eras) if (index <= this.#era.index - erasAtMost) this.#eras.delete(left);
    this.#position = BEGINNING;
    this.#applied = BEGINNING;
    this.#highest = BEGINNING;
    this.#floors.beginEra();
  }

  /** All that stands in the log up to here is applied. */
  protected advance(position: Position): void {
    this.#applied = higher(this.#applied, position);
    this.advanceLocally(position);
  }

  /** What is true in this process alone, up to here, is applied. */
  protected advanceLocally(position: Position): void {
    this.#position = higher(this.#position, position);
    this.#highest = higher(this.#highest, position);
  }

  /** A position of this process alone, above all it has seen. */
  protected countOn(): Stamp {
    this.advanceLocally(localAfter(this.#highest));
    return this.stamp();
  }

  /** More has been seen since than a local position was counted on from: it says nothing to that. */
  protected isOvertaken(local: Position): boolean {
    return isBeyond(this.#highest, local);
  }

  /** @param floor - In this era. */
  protected raise(change: Omit<Changed, 'kind' | 'floor'>, floor: Position): void {
    this.#floors.raise(change, { era: this.#era.index, position: floor });
  }

  /**
   * An era that this process was never in lies before the present one, and what is held of earlier ones may be from
   * before the purge. What is purged is never valid: of the present era nothing is without a floor.
   *
   * @param told - The position of this word of it.
   */
  protected raisePurged({ namespace, ids, at }: Purged, told: Position): void {
    const index = this.#eras.get(at.era);
    if (index === this.#era.index) this.raise({ namespace, ids, hard: true }, at.position);
    else if (index !== undefined) this.#floors.raiseHard({ namespace, ids }, { era: index, position: at.position });
    else this.#floors.raiseHard({ namespace, ids }, { era: this.#era.index - 0.5, position: told });
  }

  protected forgetBefore(horizon: Parameters<Floors['forgetBefore']>[0]): void {
    this.#floors.forgetBefore(horizon);
  }
}
