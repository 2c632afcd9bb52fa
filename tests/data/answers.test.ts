/** P5, P6: a whole answer that is kept is given while it is still what would be answered, and no longer. */
import { describe, expect, test } from 'vitest';
import { Answers } from '../../src/data/answers.ts';
import { Journal, type Part } from '../../src/data/journal.ts';

const row = { kind: 'row', resource: 'catalog', id: '1' } as const;
const page = {
  kind: 'page',
  resource: 'catalog',
  span: { filters: {}, form: new Map(), order: 'TITLE', low: undefined, high: undefined },
  counts: false,
} as Part;

/** Kept answers of a process that is trusted and has nothing to read, at 1,000 ms. */
function openAnswers() {
  const follower = { trusted: true, now: () => 1_000 };
  const settled = { catalog: true, seller: true };
  const resources = (['catalog', 'seller'] as const).map((name) => ({ name, isSettled: () => settled[name] }));
  const journal = new Journal();
  const answers = new Answers({ follower, journal, resources });
  const basisOf = (...parts: Part[]) => {
    const basis = answers.begin();
    for (const part of parts) basis.parts.add(part);
    return basis;
  };
  return { answers, basisOf, follower, journal, settled };
}

describe('an answer that is kept', () => {
  test('is given until the moment in which it is no longer fresh', () => {
    const { answers, basisOf } = openAnswers();
    expect(answers.now()).toBe(1_000);
    expect(answers.holds(basisOf(row), 1_001)).toBe(true);
    expect(answers.holds(basisOf(row), 1_000)).toBe(false);
  });

  test('is not given by a process that is not trusted', () => {
    const { answers, basisOf, follower } = openAnswers();
    follower.trusted = false;
    expect(answers.holds(basisOf(row), 2_000)).toBe(false);
  });

  test('of a page is not given while a changed row of that collection waits to be read', () => {
    const { answers, basisOf, settled } = openAnswers();
    settled.seller = false;
    expect(answers.holds(basisOf(page), 2_000)).toBe(true);
    settled.catalog = false;
    expect(answers.holds(basisOf(page), 2_000)).toBe(false);
  });

  test('of rows alone is given whatever waits to be read for pages', () => {
    const { answers, basisOf, settled } = openAnswers();
    settled.catalog = false;
    expect(answers.holds(basisOf(row), 2_000)).toBe(true);
  });

  test('is not given once something of it has changed', () => {
    const { answers, basisOf, journal } = openAnswers();
    const basis = basisOf(row);
    journal.note({ ...row, id: '2' });
    expect(answers.holds(basis, 2_000)).toBe(true);
    journal.note(row);
    expect(answers.holds(basis, 2_000)).toBe(false);
  });

  test('that is asked for again and again is given however much else has changed', () => {
    const { answers, basisOf, journal } = openAnswers();
    const basis = basisOf(row);
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 1_000; i++) journal.note({ ...row, id: '2' });
      expect(answers.holds(basis, 2_000)).toBe(true);
    }
  });
});

describe('an answer that is being made', () => {
  test('is shared with those who ask before anything has changed', () => {
    const { answers, journal } = openAnswers();
    const basis = answers.begin();
    expect(answers.isCurrent(basis)).toBe(true);
    journal.note({ ...row, id: '2' });
    expect(answers.isCurrent(basis)).toBe(false);
    expect(answers.isCurrent(answers.begin())).toBe(true);
  });

  test('is not shared by a process that is not trusted', () => {
    const { answers, follower } = openAnswers();
    follower.trusted = false;
    expect(answers.isCurrent(answers.begin())).toBe(false);
  });
});
