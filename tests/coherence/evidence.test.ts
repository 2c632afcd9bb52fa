/** An experiment that shows too little says so: each way of meeting nothing is told apart from finding nothing. */
import { describe, expect, it } from 'vitest';
import { evidenceOf, lackOf } from './evidence.ts';
import type { Outcome } from './experiment.ts';
import type { Mark } from './mark.ts';
import { came, outcome } from './outcomes.ts';

/** With some of its answers, one of so many, otherwise. */
const withMarks = (every: number, otherwise: Partial<Mark>): Outcome => ({
  ...outcome,
  marks: outcome.marks.map((mark, index) => (index % every === 0 ? { ...mark, ...otherwise } : mark)),
});

describe('an experiment in which enough happened', () => {
  it('lacks nothing', () => {
    expect(lackOf(outcome)).toEqual([]);
  });

  it('counts as calm what was neither asked nor answered during a fault, nor in what came of it', () => {
    const { calm, good, hitRatio } = evidenceOf(outcome);
    // 1.0 to 2.5 s: each fault settles for half a second.
    expect(calm).toBe(outcome.marks.length - 151);
    expect(good).toBe(calm);
    expect(hitRatio).toBeCloseTo(0.9);
  });
});

describe('too little is shown by', () => {
  it('answers of which more than 5 % were not good while nothing was at fault', () => {
    for (const how of ['coded error', 'cut', 'on error'] as const) {
      expect(lackOf(withMarks(25, { how }))).toEqual([]);
      expect(lackOf(withMarks(15, { how }))).toEqual([expect.stringMatching(/ good while nothing was at fault/)]);
    }
    expect(lackOf(withMarks(15, { trusted: false }))).toEqual([expect.stringMatching(/ good while nothing/)]);
  });

  it('answers that were good, all of them while something was at fault', () => {
    const always = { ...outcome, came: [{ ...came, fromMs: 0, wellMs: 10_000 }] };
    expect(lackOf(always)).toContainEqual('0 answers while nothing was at fault; at least 200 show something');
  });

  it('a kind of fault that did not come', () => {
    expect(lackOf({ ...outcome, toCome: [came.fault] })).toEqual([`did not come: ${came.fault.name}`]);
  });

  it('a hit ratio that no cache would have', () => {
    const says = [expect.stringMatching(/^a hit ratio of .* which no cache would have here$/)];
    expect(lackOf(withMarks(1, { how: 'hit' }))).toEqual(says);
    expect(lackOf(withMarks(1, { how: 'read' }))).toEqual(says);
  });

  it('a gateway that nobody asked', () => {
    expect(lackOf({ ...outcome, plan: { ...outcome.plan, replicas: 4 } })).toEqual(['gateway 3 was not asked']);
  });

  it('changes that were never acknowledged, and positions that nobody carried', () => {
    const counts = { ...outcome.counts, acknowledged: 3, behindAPosition: 4 };
    expect(lackOf({ ...outcome, counts })).toEqual(['3 changes were acknowledged', '4 reads carried a position']);
  });
});
