/** What is asked for once takes no room among whole answers. */
import { describe, expect, test } from 'vitest';
import { Doorkeeper } from '../../src/server/doorkeeper.ts';

const others = (count: number) =>
  Array.from({ length: count }, (_, index) => Buffer.from(`{"query":"{ other${index} }"}`));

describe('a doorkeeper', () => {
  test('knows a request from the second time on', () => {
    const doorkeeper = new Doorkeeper();
    const times = ['first', 'second', 'third'].map(() => doorkeeper.knows(Buffer.from('{"query":"{ greet }"}')));
    expect(times).toEqual([false, true, true]);
  });

  test('tells requests apart, nearly all of many', () => {
    const doorkeeper = new Doorkeeper();
    const mistaken = others(20_000).filter((request) => doorkeeper.knows(request));
    expect(mistaken.length).toBeLessThan(5);
  });

  test('tells apart what differs in one bit alone, wherever that is', () => {
    const request = Buffer.from('{"query":"{ greet }","variables":{"n":1}}');
    for (let bit = 0; bit < 8 * request.length; bit++) {
      const doorkeeper = new Doorkeeper();
      doorkeeper.knows(request);
      const other = Buffer.from(request);
      other[bit >> 3] = (other[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(doorkeeper.knows(other)).toBe(false);
    }
  });

  test('remembers most of the last ten thousand, and forgets in the end', () => {
    const doorkeeper = new Doorkeeper();
    const longAgo = Buffer.from('asked long ago');
    doorkeeper.knows(longAgo);
    for (const request of others(1_000_000)) doorkeeper.knows(request);
    expect(doorkeeper.knows(longAgo)).toBe(false);
    const last = others(1_000_000).slice(-10_000);
    expect(last.filter((request) => doorkeeper.knows(request)).length).toBeGreaterThan(8_000);
  });

  test('remembers what was asked for before ten thousand others, nearly all of it', () => {
    const doorkeeper = new Doorkeeper();
    const before = Array.from({ length: 500 }, (_, index) => Buffer.from(`{"query":"{ before${index} }"}`));
    for (const request of [...before, ...others(10_000)]) doorkeeper.knows(request);
    expect(before.filter((request) => doorkeeper.knows(request)).length).toBeGreaterThan(490);
  });
});
