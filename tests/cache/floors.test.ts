/** Floors: what is known to have changed, and for how long it is. */
import { describe, expect, test } from 'vitest';
import { Floors } from '../../src/cache/floors.ts';
import { BEGINNING, type Position, positionOf } from '../../src/cache/position.ts';
import type { Said } from '../../src/cache/said.ts';

const at = (ms: number): Position => positionOf(ms, 0);
const stamp = (ms: number, era = 1) => ({ era, position: at(ms) });
const word = (version: string): Said => ({ is: 'there', version });
const change = (ids: string[] | '*', rest: { hard?: boolean; said?: Record<string, Said> } = {}) => ({
  namespace: 'things',
  ids,
  ...rest,
});
const never = { timeMs: 0, hardTimeMs: 0 };

describe('P5 no resurrection › a purge', () => {
  test('of ids refuses what was read of them before, and of no others', () => {
    const floors = new Floors();
    floors.raise(change(['1'], { hard: true }), stamp(5));
    const purged = (id: string, ms: number) => floors.isPurged('things', id, stamp(ms));
    expect([purged('1', 4), purged('1', 5), purged('2', 4)]).toEqual([true, false, false]);
    expect(floors.isPurgedAsWhole('things', stamp(4))).toBe(false);
    expect(floors.isPurged('others', '1', stamp(4))).toBe(false);
  });

  test('of all refuses what was read before, as a whole and of each', () => {
    const floors = new Floors();
    floors.raise(change('*', { hard: true }), stamp(5));
    expect([4, 5].map((ms) => floors.isPurgedAsWhole('things', stamp(ms)))).toEqual([true, false]);
    expect([4, 5].map((ms) => floors.isPurged('things', 'any', stamp(ms)))).toEqual([true, false]);
  });

  test.each<[string, string[] | '*']>([
    ['ids', ['1']],
    ['all', '*'],
  ])('of %s never falls, whichever ends last, and outlives the era', (_name, ids) => {
    const floors = new Floors();
    floors.raise(change(ids, { hard: true }), stamp(5));
    floors.raise(change(ids, { hard: true }), stamp(3));
    floors.beginEra();
    expect(floors.isPurged('things', '1', stamp(4))).toBe(true);
    floors.raise(change(ids, { hard: true }), stamp(1, 2));
    expect(floors.isPurged('things', '1', stamp(9))).toBe(true);
  });

  test('is not what a change or a reset is', () => {
    const floors = new Floors();
    floors.raise(change(['1']), stamp(5));
    floors.raise(change('*'), stamp(5));
    expect([floors.isPurged('things', '1', stamp(4)), floors.isPurgedAsWhole('things', stamp(4))]).toEqual([
      false,
      false,
    ]);
  });
});

describe('a new era', () => {
  test('has no floors, no generation and no words yet', () => {
    const floors = new Floors();
    floors.raise(change(['1'], { said: { 1: word('2') } }), stamp(5));
    floors.raise(change('*'), stamp(4));
    floors.beginEra();
    expect([floors.floor('things', '1'), floors.generation('things')]).toEqual([BEGINNING, BEGINNING]);
    expect(floors.idsAbove('things', BEGINNING)).toEqual([]);
    expect([floors.said('things', '1'), ...floors.idsSaid('things')]).toEqual([undefined]);
  });
});

describe('P5 no resurrection › what upstream said of a row', () => {
  const openSaid = () => {
    const floors = new Floors();
    floors.raise(change(['1', '2'], { said: { 1: word('2'), 2: word('2') } }), stamp(5));
    return floors;
  };

  test('is known by its id, and to which ids there is any', () => {
    const floors = openSaid();
    floors.raise(change(['3']), stamp(6));
    expect(floors.said('things', '1')).toEqual(word('2'));
    expect([...floors.idsSaid('things')]).toEqual(['1', '2']);
    expect(floors.said('things', '3')).toBeUndefined();
    expect(floors.said('others', '1')).toBeUndefined();
  });

  test('is the later of two words', () => {
    const floors = openSaid();
    floors.raise(change(['1'], { said: { 1: word('1') } }), stamp(6));
    expect(floors.said('things', '1')).toEqual(word('2'));
    floors.raise(change(['1'], { said: { 1: word('3') } }), stamp(7));
    expect(floors.said('things', '1')).toEqual(word('3'));
  });

  test('is not taken from what every object has', () => {
    const floors = new Floors();
    floors.raise(change(['constructor'], { said: {} }), stamp(5));
    expect(floors.said('things', 'constructor')).toBeUndefined();
  });

  test('ends with a purge of it: then what upstream gives counts', () => {
    const floors = openSaid();
    floors.raise(change(['1'], { hard: true }), stamp(6));
    expect([...floors.idsSaid('things')]).toEqual(['2']);
  });

  test('ends with a reset, unless it was said after the reset began', () => {
    const floors = openSaid();
    floors.raise(change(['2'], { said: { 2: word('3') } }), stamp(7));
    floors.raise(change('*'), stamp(5));
    expect([...floors.idsSaid('things')]).toEqual(['2']);
  });
});

describe('what is forgotten', () => {
  test('is what a floor refuses, and what was said with it, from before the horizon', () => {
    const floors = new Floors();
    for (const ms of [4, 5, 6]) floors.raise(change([`of ${ms}`], { said: { [`of ${ms}`]: word('1') } }), stamp(ms));
    floors.forgetBefore({ ...never, timeMs: 5 });
    expect(floors.idsAbove('things', BEGINNING)).toEqual(['of 5', 'of 6']);
    expect([...floors.idsSaid('things')]).toEqual(['of 5', 'of 6']);
  });

  test('is not what changed again since, though it changed first', () => {
    const floors = new Floors();
    for (const [id, ms] of [
      ['busy', 1],
      ['quiet', 2],
      ['busy', 9],
    ] as const)
      floors.raise(change([id]), stamp(ms));
    floors.forgetBefore({ ...never, timeMs: 5 });
    expect(floors.idsAbove('things', BEGINNING)).toEqual(['busy']);
  });

  test('is a purge only once nothing that it refuses could be served', () => {
    const floors = new Floors();
    for (const ms of [4, 5]) floors.raise(change([`of ${ms}`], { hard: true }), stamp(ms));
    floors.forgetBefore({ timeMs: 9, hardTimeMs: 5 });
    expect(['of 4', 'of 5'].map((id) => floors.isPurged('things', id, stamp(1)))).toEqual([false, true]);
  });
});
