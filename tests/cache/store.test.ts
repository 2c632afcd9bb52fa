/** What is read from a lease key, whoever wrote it. */
import { describe, expect, test } from 'vitest';
import { failurePrefix, readLease } from '../../src/cache/store.ts';

describe('P7 degrades, never dies › what stands in a lease key', () => {
  test('is nothing: the lease is ours', () => {
    expect(readLease(null)).toEqual({ state: 'granted' });
  });

  test.each(['token', '', 'UPSTREAM_TIMEOUT'])('is held by another: %j', (found) => {
    expect(readLease(found)).toEqual({ state: 'held' });
  });

  test.each(['UPSTREAM_UNAVAILABLE', 'UPSTREAM_TIMEOUT', 'UPSTREAM_INVALID'])('is a failure: %s', (code) => {
    expect(readLease(failurePrefix + code)).toEqual({ state: 'failed', code });
  });

  test.each(['', 'anything', 'UPSTREAM_TIMEOUT and more', 'more and UPSTREAM_TIMEOUT', 'UPSTREAM_'])(
    'is a failure with a code that no process writes, and so may not be shown: %j',
    (code) => {
      expect(readLease(failurePrefix + code)).toEqual({ state: 'failed', code: 'UPSTREAM_UNAVAILABLE' });
    },
  );
});
