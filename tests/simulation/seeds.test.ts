/** A few seeds in the thread of the tests, where `npm run mutate` can see them; the many are in `simulation.test.ts`. */
import { describe, expect, test } from 'vitest';
import { simulate } from './simulation.ts';

describe('the engine in a simulated world', () => {
  test.each(Array.from({ length: 12 }, (_, index) => index + 1))('keeps every promise: seed %i', async (seed) => {
    const { violation } = await simulate({ seed, operations: 200 });
    expect(violation).toBeUndefined();
  });
});
