/** P2 parity: how texts are compared, the same on every machine. */
import { expect, test } from 'vitest';
import { fold, textKey } from '../../src/data/text.ts';

test.each([
  ['an accent', 'Éa', 'ea'],
  ['case', 'ART', 'art'],
  ['a ligature', 'ﬁne', 'fine'],
])('texts that differ in %s alone are compared as the same', (_name, one, other) => {
  expect(fold(one)).toBe(fold(other));
});

test('a text is ordered by its first 128 characters: a long one takes no more of the memory', () => {
  const start = 'x'.repeat(127);
  expect(textKey(`${start}Yz`)).toBe(`${start}y`);
  expect(textKey(`${start}y`)).toBe(`${start}y`);
});

test('a text is cut between characters, never within one', () => {
  expect(textKey('🎸'.repeat(130))).toBe('🎸'.repeat(128));
});
