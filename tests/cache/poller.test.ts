import { describe, expect, test } from 'vitest';
import { Poller } from '../../src/cache/poller.ts';
import { ManualClock } from '../support/clock.ts';

function openPoller() {
  const clock = new ManualClock();
  const looks: [atMs: number, waiting: string][] = [];
  const held = new Set<string>();
  const look = async (waiting: readonly string[]) => {
    looks.push([clock.mono() - 1_000, waiting.join(' ')]);
    return waiting.filter((what) => held.has(what));
  };
  return { clock, looks, held, look, poller: new Poller(clock) };
}

describe('P4 one fill › the poller', () => {
  test('looks after 10, 20, 40, 80, 80 … ms while a fill is held by another, then no more', async () => {
    const { clock, looks, held, look, poller } = openPoller();
    held.add('a');
    poller.wait(['a'], look);
    await clock.advance(250);
    held.delete('a');
    await clock.advance(500);
    expect(looks).toEqual([10, 30, 70, 150, 230, 310].map((atMs) => [atMs, 'a']));
  });

  test('looks for all that is due together, whoever waits', async () => {
    const { clock, looks, held, look, poller } = openPoller();
    for (const what of ['a', 'b', 'c']) held.add(what);
    poller.wait(['a', 'b'], look);
    await clock.advance(4);
    poller.wait(['c'], look);
    await clock.advance(6);
    expect(looks).toEqual([[10, 'a b']]);
    await clock.advance(50);
    expect(looks.slice(1)).toEqual([
      [20, 'c'],
      [30, 'a b'],
      [40, 'c'],
    ]);
  });

  test('asks each who can look once a round, with what is theirs', async () => {
    const { clock, looks, look, poller } = openPoller();
    const others: string[] = [];
    poller.wait(['a'], look);
    poller.wait(['x', 'y'], async (waiting) => {
      others.push(waiting.join(' '));
      return [];
    });
    poller.wait(['b'], look);
    await clock.advance(10);
    expect(looks).toEqual([[10, 'a b']]);
    expect(others).toEqual(['x y']);
  });

  test('does not wait for one look before it makes the next', async () => {
    const { clock, looks, look, poller } = openPoller();
    poller.wait(['slow'], () => new Promise(() => {}));
    poller.wait(['a'], look);
    await clock.advance(10);
    expect(looks).toEqual([[10, 'a']]);
  });
});
