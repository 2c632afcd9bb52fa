/** Upstream's own word on a row: what is from before it is told by presence and version (P5). */
import { describe, expect, test } from 'vitest';
import { isBehind, laterSaid, type Said } from '../../src/cache/said.ts';

const said = (is: Said['is'], version?: string): Said => ({ is, version });
const there = (version?: string) => ({ isThere: true, version });
const gone = { isThere: false, version: undefined };

describe('P5 no resurrection › after upstream said that a row', () => {
  test.each([
    ['is there, of version 2', said('there', '2'), { gone: true, 1: true, 2: false, 3: false }],
    [
      'was updated to version 2, so it may have gone since',
      said('either', '2'),
      { gone: false, 1: true, 2: false, 3: false },
    ],
    ['went, as version 2: it may be made anew later', said('gone', '2'), { gone: false, 1: true, 2: true, 3: false }],
  ])('%s, older reads are behind', (_name, word, behind) => {
    const reads = { gone, 1: there('1'), 2: there('2'), 3: there('3') };
    expect(Object.fromEntries(Object.entries(reads).map(([name, seen]) => [name, isBehind(seen, word)]))).toEqual(
      behind,
    );
  });

  test.each([
    ['is there', said('there'), { gone: true, 'of a version': false, 'of none': false }],
    ['was updated', said('either'), { gone: false, 'of a version': false, 'of none': false }],
    ['went', said('gone'), { gone: false, 'of a version': true, 'of none': true }],
  ])('%s, and of which version was not said, its presence alone tells', (_name, word, behind) => {
    const reads = { gone, 'of a version': there('1'), 'of none': there() };
    expect(Object.fromEntries(Object.entries(reads).map(([name, seen]) => [name, isBehind(seen, word)]))).toEqual(
      behind,
    );
  });

  test.each([
    ['is there', said('there', '2'), false],
    ['was updated', said('either', '2'), false],
    ['went', said('gone', '2'), true],
  ])('%s, a row without a version is behind only where it should be gone', (_name, word, behind) => {
    expect(isBehind(there(), word)).toBe(behind);
  });
});

describe('of two words on one row', () => {
  test('the one of the later version counts, in whichever order they come', () => {
    const [older, newer] = [said('there', '1'), said('gone', '2')];
    expect([laterSaid(older, newer), laterSaid(newer, older)]).toEqual([newer, newer]);
  });

  test.each([
    ['are of the same version', said('there', '1'), said('gone', '1')],
    ['are of versions, one of which was not said: the first', said('there'), said('gone', '1')],
    ['are of versions, one of which was not said: the second', said('there', '2'), said('gone')],
  ])('the second counts where they %s', (_name, first, second) => {
    expect(laterSaid(first, second)).toBe(second);
  });

  test('the only one counts', () => {
    expect(laterSaid(undefined, said('there', '1'))).toEqual(said('there', '1'));
  });
});
