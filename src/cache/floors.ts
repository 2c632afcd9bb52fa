/**
 * Floors: what is known to have changed, by namespace and id.
 *
 * A thing is valid while no floor of its id, nor the generation of its namespace, lies above its `asOf`. Floors are
 * positions of the present era and never fall within it. Hard floors, of purges, outlive eras: what lies below one is
 * not served at all.
 */
import type { Changed, Ids } from './log.ts';
import { BEGINNING, higher, isBefore, type Position, type Stamp, timeOf } from './position.ts';
import { laterSaid, type Said } from './said.ts';

type OfNamespace = {
  generation: Position;
  ids: Map<string, Position>;
  /** By id; no longer than its floor. */
  said: Map<string, Said>;
  hardAll: Stamp | undefined;
  hardIds: Map<string, Stamp>;
};

export class Floors {
  readonly #byNamespace = new Map<string, OfNamespace>();

  generation(namespace: string): Position {
    return this.#of(namespace).generation;
  }

  floor(namespace: string, id: string): Position {
    const { generation, ids } = this.#of(namespace);
    return higher(generation, ids.get(id) ?? BEGINNING);
  }

  /** What upstream said of an id, if it did within the horizon. */
  said(namespace: string, id: string): Said | undefined {
    return this.#of(namespace).said.get(id);
  }

  /** Ids that upstream said something of. */
  idsSaid(namespace: string): Iterable<string> {
    return this.#of(namespace).said.keys();
  }

  /** Ids whose floor lies above a position. */
  idsAbove(namespace: string, position: Position): string[] {
    return [...this.#of(namespace).ids].filter(([, floor]) => floor > position).map(([id]) => id);
  }

  isPurged(namespace: string, id: string, content: Stamp): boolean {
    const hard = this.#of(namespace).hardIds.get(id);
    return (hard !== undefined && isBefore(content, hard)) || this.isPurgedAsWhole(namespace, content);
  }

  isPurgedAsWhole(namespace: string, content: Stamp): boolean {
    const { hardAll } = this.#of(namespace);
    return hardAll !== undefined && isBefore(content, hardAll);
  }

  raise({ namespace, ids, hard, said = {} }: Omit<Changed, 'kind' | 'floor'>, floor: Stamp): void {
    const of = this.#of(namespace);
    if (hard) this.raiseHard({ namespace, ids }, floor);
    if (ids === '*') {
      of.generation = higher(of.generation, floor.position);
      // From a reset on upstream's rows count, whatever it said before.
      for (const id of of.said.keys()) if (this.floor(namespace, id) <= floor.position) of.said.delete(id);
      return;
    }
    for (const id of ids) {
      const raised = higher(of.ids.get(id) ?? BEGINNING, floor.position);
      of.ids.delete(id); // To the end, so that insertion order stays nearly the order of floors.
      of.ids.set(id, raised);
      if (hard) of.said.delete(id);
      const word = Object.hasOwn(said, id) ? said[id] : undefined;
      if (word !== undefined) of.said.set(id, laterSaid(of.said.get(id), word));
    }
  }

  /** @param floor - In this era or an earlier one. */
  raiseHard({ namespace, ids }: { namespace: string; ids: Ids }, floor: Stamp): void {
    const of = this.#of(namespace);
    if (ids === '*') of.hardAll = later(of.hardAll, floor);
    else for (const id of ids) of.hardIds.set(id, later(of.hardIds.get(id), floor));
  }

  /** A new era: everything is read anew, so nothing in it has a floor yet. */
  beginEra(): void {
    for (const of of this.#byNamespace.values()) {
      of.generation = BEGINNING;
      of.ids.clear();
      of.said.clear();
    }
  }

  /**
   * What a floor from before the horizon refuses is by then too old for anything but stale-if-error; what a hard one
   * from before the longest window refuses, for anything at all.
   */
  forgetBefore({ timeMs, hardTimeMs }: { timeMs: number; hardTimeMs: number }): void {
    for (const { ids, said, hardIds } of this.#byNamespace.values()) {
      for (const [id, floor] of ids) {
        // In insertion order the first young one ends the walk.
        if (timeOf(floor) >= timeMs) break;
        ids.delete(id);
        said.delete(id);
      }
      for (const [id, hard] of hardIds) if (timeOf(hard.position) < hardTimeMs) hardIds.delete(id);
    }
  }

  #of(namespace: string): OfNamespace {
    let of = this.#byNamespace.get(namespace);
    if (of === undefined) {
      of = { generation: BEGINNING, ids: new Map(), said: new Map(), hardAll: undefined, hardIds: new Map() };
      this.#byNamespace.set(namespace, of);
    }
    return of;
  }
}

function later(a: Stamp | undefined, b: Stamp): Stamp {
  return a !== undefined && isBefore(b, a) ? a : b;
}
