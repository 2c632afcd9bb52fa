import { expect, test } from 'vitest';
import { addressOf, backoffMs } from '../../src/cache/redis-connection.ts';

test.each([
  ['redis://redis.example', 'redis.example:6379'],
  ['redis://user:pass@10.0.0.5:7000/2', '10.0.0.5:7000'],
  ['rediss://[2001:db8::1]:7000', '2001:db8::1:7000'],
])('%s is at %s', (url, address) => {
  expect(addressOf(new URL(url), 6_379)).toBe(address);
});

test.each([
  [0, 25, 50],
  [1, 50, 100],
  [3, 200, 400],
  [6, 1_000, 2_000],
  [1_000, 1_000, 2_000],
])('after %d failures in a row a try waits from %d to %d ms, left to chance', (failures, leastMs, mostMs) => {
  const waits = Array.from({ length: 200 }, () => backoffMs(failures, 2_000));
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(leastMs);
  expect(Math.max(...waits)).toBeLessThanOrEqual(mostMs);
  expect(new Set(waits).size).toBeGreaterThan(100);
});
