/**
 * Flights: the fills of a namespace that are under way, one per id.
 *
 * A flight takes new waiters only while it is valid: those who began to wait before a change get its answer, those who
 * come after it start another (P5).
 */
import type { Entry } from './entry.ts';
import type { Follower } from './follower.ts';
import type { Stamp } from './position.ts';
import type { Said } from './said.ts';

type Filled<T> = { entry: Entry<T>; tier: 'store' | 'upstream'; stored: boolean };
export type Landed<T> = Filled<T> | { error: Error };

/** Why a fill is made. A refresh looks for better than stale; a change reads upstream whatever others are reading. */
export type Purpose = { kind: 'read' } | { kind: 'refresh' } | { kind: 'change'; asOf: Stamp; said: Said | undefined };

/** `stamp` is set when the upstream read is sent: until then the flight is bound to no moment, and so always valid. */
export type Flight<T> = {
  readonly id: string;
  readonly purpose: Purpose;
  stamp: Stamp | undefined;
  /** What came of it, once it has landed. */
  result: Landed<T> | undefined;
  readonly landed: PromiseWithResolvers<Landed<T>>;
};

/** A flight that reads anew what is known to have changed. */
export type Changing<T> = Flight<T> & { readonly purpose: Extract<Purpose, { kind: 'change' }> };

export function isChange<T>(flight: Flight<T>): flight is Changing<T> {
  return flight.purpose.kind === 'change';
}

export class Flights<T> {
  readonly #namespace: string;
  readonly #follower: Follower;
  /** By id. No `Map`: what was in one that fills and empties all the time stays long after (decision 23). */
  readonly #flights: Record<string, Flight<T> | undefined> = Object.create(null);

  constructor(namespace: string, follower: Follower) {
    this.#namespace = namespace;
    this.#follower = follower;
  }

  /** The flight that a newcomer may wait for. */
  joinable(id: string): Flight<T> | undefined {
    const flight = this.#flights[id];
    if (flight === undefined || flight.stamp === undefined) return flight;
    return this.#follower.valid(this.#namespace, id, flight.stamp) ? flight : undefined;
  }

  /** A new flight, which newcomers join from here on; one that it replaces still lands for those who wait for it. */
  open(id: string, purpose: Purpose): Flight<T> {
    const flight: Flight<T> = { id, purpose, stamp: undefined, result: undefined, landed: Promise.withResolvers() };
    this.#flights[id] = flight;
    return flight;
  }

  /** The first word counts. */
  land(flight: Flight<T>, landed: Landed<T>): void {
    if (this.#flights[flight.id] === flight) delete this.#flights[flight.id];
    flight.result ??= landed;
    flight.landed.resolve(landed);
  }
}
