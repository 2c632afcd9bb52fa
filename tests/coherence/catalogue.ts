/**
 * The truth: the rows that upstream serves, and every state that each of them was ever in.
 *
 *   write ─► the next number n ─► the whole row, made of (id, n) ─► upstream, and the history, in one turn
 *
 * Every write has a number of its own, counted over all rows, which is the row's `lot_count`. All other fields follow
 * from id and number, so an answer tells by one field which version it shows, and every other field can be held
 * against that version: a row put together from two shows at once.
 *
 * Titles are plain ASCII and no two are equal, so the order of rows needs none of the product's rules for text.
 */
import type { Row } from '../../src/embedded/index.ts';
import { Chance } from '../simulation/random.ts';

export type CatalogRow = Row & {
  id: string;
  title: string;
  status: string;
  start_date: string;
  end_date: null;
  location: string;
  seller_id: string;
  lot_count: number;
  updated_at: string;
};

/** What was true of one id for a while, on the clock of `performance.now()`; without a row it was not there. */
export type State = { readonly row: CatalogRow | undefined; readonly fromMs: number; untilMs: number };

const neverThere: State = { row: undefined, fromMs: Number.NEGATIVE_INFINITY, untilMs: Number.POSITIVE_INFINITY };

/** Where the rows are served from. */
export type Shelf = { put(row: CatalogRow): void; remove(id: string): void };

export const sellers = ['north', 'east', 'south', 'west'].map((name, index) => ({
  id: String(index + 1),
  name: `House of the ${name}`,
  country: null,
  website: null,
  updated_at: '2026-01-01T00:00:00.000Z',
}));

export const words = ['amber', 'basalt', 'cobalt', 'damask', 'ebony', 'fresco', 'garnet', 'hazel'] as const;
export const firstDayMs = Date.UTC(2026, 5, 1);
export const dayMs = 86_400_000;
/** So few that many rows start on one day: ties go by id. */
export const days = 20;

const statuses = ['upcoming', 'live', 'closed', 'cancelled'] as const;

/** The row as its write number `n` made it. */
function rowOf(id: string, n: number): CatalogRow {
  const chance = new Chance(n * 1_009 + Number(id));
  return {
    id,
    title: `${chance.pick(words)} ${chance.pick(words)} ${n} of ${id}`,
    status: chance.pick(statuses),
    start_date: new Date(firstDayMs + chance.between(0, days - 1) * dayMs).toISOString(),
    end_date: null,
    location: `Room ${chance.between(1, 40)}`,
    seller_id: chance.pick(sellers).id,
    lot_count: n,
    updated_at: new Date(Date.UTC(2026, 0, 1) + n * 1_000).toISOString(),
  };
}

type Options = {
  /** Rows at the beginning, with ids from 1. */
  rows: number;
  now?: () => number;
};

export class Catalogue {
  readonly #now: () => number;
  readonly #states = new Map<string, State[]>();
  #shelf: Shelf | undefined;
  #writes = 0;
  #lastId = 0;

  constructor({ rows, now = () => performance.now() }: Options) {
    this.#now = now;
    while (this.#lastId < rows) {
      const id = this.freshId();
      this.#add(id, rowOf(id, ++this.#writes), Number.NEGATIVE_INFINITY);
    }
  }

  /** From now on what is written here is served there. */
  serveFrom(shelf: Shelf): void {
    this.#shelf = shelf;
  }

  /** How many there were. */
  get writes(): number {
    return this.#writes;
  }

  /** Of all rows that ever were. */
  get ids(): string[] {
    return [...this.#states.keys()];
  }

  get present(): CatalogRow[] {
    return this.ids.flatMap((id) => this.now(id) ?? []);
  }

  now(id: string): CatalogRow | undefined {
    return this.#states.get(id)?.at(-1)?.row;
  }

  /** A new version of a row, or a row that is made anew. */
  put(id: string): CatalogRow {
    const row = rowOf(id, ++this.#writes);
    this.#add(id, row, this.#now());
    this.#shelf?.put(row);
    return row;
  }

  /** An id that no row ever had, and no other caller is given. */
  freshId(): string {
    return String(++this.#lastId);
  }

  remove(id: string): void {
    if (this.now(id) === undefined) return;
    this.#add(id, undefined, this.#now());
    this.#shelf?.remove(id);
  }

  /** The state that write number `n` brought about. */
  version(id: string, n: number): (State & { row: CatalogRow }) | undefined {
    return this.#states.get(id)?.find((state): state is State & { row: CatalogRow } => state.row?.lot_count === n);
  }

  /** What was true at some time of a span, latest first; one that was never there was absent throughout. */
  statesIn(id: string, { fromMs, untilMs }: { fromMs: number; untilMs: number }): State[] {
    const all = this.#states.get(id) ?? [neverThere];
    const found: State[] = [];
    for (let at = all.length - 1; at >= 0; at--) {
      const state = all[at] as State;
      if (state.untilMs < fromMs) return found;
      if (state.fromMs <= untilMs) found.push(state);
    }
    return found;
  }

  /** How often a row came or went. */
  turnoversIn({ fromMs, untilMs }: { fromMs: number; untilMs: number }): number {
    const isTurnover = (state: State, before: State | undefined) =>
      before !== undefined && (state.row === undefined) !== (before.row === undefined);
    return this.#states
      .values()
      .flatMap((states) => states.filter((state, at) => isTurnover(state, states[at - 1])))
      .filter((state) => fromMs <= state.fromMs && state.fromMs <= untilMs)
      .toArray().length;
  }

  #add(id: string, row: CatalogRow | undefined, atMs: number): void {
    const states = this.#states.get(id) ?? this.#begin(id, atMs);
    const last = states.at(-1);
    if (last !== undefined) last.untilMs = atMs;
    states.push({ row, fromMs: atMs, untilMs: Number.POSITIVE_INFINITY });
  }

  /** One that is made later was absent before. */
  #begin(id: string, atMs: number): State[] {
    const before = { row: undefined, fromMs: Number.NEGATIVE_INFINITY, untilMs: atMs };
    const states: State[] = atMs === Number.NEGATIVE_INFINITY ? [] : [before];
    this.#states.set(id, states);
    return states;
  }
}
