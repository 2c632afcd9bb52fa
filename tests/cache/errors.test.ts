/** Errors as the cache knows them, by their code alone: a code goes into a key of Redis and comes out of one (P7). */
import { describe, expect, test } from 'vitest';
import { asError, codeOf, ReadError } from '../../src/cache/errors.ts';

const coded = (code: unknown) => Object.assign(new Error('broken'), { code });

describe('the code of a failure', () => {
  test('is its own, where it has one', () => {
    expect(codeOf(coded('UPSTREAM_TIMEOUT'))).toBe('UPSTREAM_TIMEOUT');
    expect(codeOf(new ReadError('UPSTREAM_INVALID'))).toBe('UPSTREAM_INVALID');
    expect(codeOf(coded('A'.repeat(64)))).toBe('A'.repeat(64));
  });

  test.each<[string, unknown]>([
    ['has none', new Error('broken')],
    ['is no error', { code: 'UPSTREAM_TIMEOUT' }],
    ['is nothing at all', undefined],
    ['has a number for one', coded(42)],
    ['has one that is empty', coded('')],
    ['has one with more before it', coded('x UPSTREAM_TIMEOUT')],
    ['has one with more behind it', coded('UPSTREAM_TIMEOUT 1.2.3.4')],
    ['has one that is endless', coded('A'.repeat(65))],
  ])('is that upstream cannot be read, where what was thrown %s', (_name, thrown) => {
    expect(codeOf(thrown)).toBe('UPSTREAM_UNAVAILABLE');
  });
});

test('a failure that another process left is told with its code', () => {
  expect(new ReadError('UPSTREAM_TIMEOUT')).toMatchObject({
    name: 'ReadError',
    code: 'UPSTREAM_TIMEOUT',
    message: expect.stringContaining('UPSTREAM_TIMEOUT'),
  });
});

test('whatever is thrown is an error to those who wait', () => {
  const error = new Error('broken');
  expect(asError(error)).toBe(error);
  expect(asError('text')).toEqual(new Error('text'));
});
