import { describe, expect, test } from 'vitest';
import { Heartbeat } from '../../src/cache/heartbeat.ts';
import type { Held } from '../../src/cache/store.ts';
import { ManualClock } from '../support/clock.ts';
import { newKey } from './store-contract.ts';

function openHeartbeat() {
  const clock = new ManualClock();
  const beats: [atMs: number, tokens: string][] = [];
  const renewer = {
    renew: async (leases: readonly Held[]) => {
      beats.push([clock.mono() - 1_000, leases.map(({ token }) => token).join(' ')]);
    },
  };
  const hold = (...tokens: string[]) =>
    heartbeat.hold(
      tokens.map((token) => ({ key: newKey(), token })),
      renewer,
    );
  const heartbeat = new Heartbeat({ clock, leaseMs: 3_000 });
  return { clock, beats, hold };
}

describe('P4 one fill › the heartbeat', () => {
  test('renews every third of a lease, until the lease is given back', async () => {
    const { clock, beats, hold } = openHeartbeat();
    const held = hold('a');
    await clock.advance(2_999);
    held.end();
    await clock.advance(10_000);
    expect(beats).toEqual([
      [1_000, 'a'],
      [2_000, 'a'],
    ]);
  });

  test('renews all that is held in one beat', async () => {
    const { clock, beats, hold } = openHeartbeat();
    hold('a', 'b');
    await clock.advance(500);
    const brief = hold('c');
    await clock.advance(500);
    brief.end();
    await clock.advance(1_000);
    expect(beats).toEqual([
      [1_000, 'a b c'],
      [2_000, 'a b'],
    ]);
  });

  test('never lets a lease that is held come to its end, whenever it was taken', async () => {
    const { clock, beats, hold } = openHeartbeat();
    hold('first');
    await clock.advance(999);
    hold('late');
    await clock.advance(1);
    expect(beats.at(-1)).toEqual([1_000, 'first late']);
  });

  test('stands still while nothing is held, and beats again for the next', async () => {
    const { clock, beats, hold } = openHeartbeat();
    hold('a').end();
    await clock.advance(5_000);
    expect(beats).toEqual([]);
    hold('b');
    await clock.advance(1_000);
    expect(beats).toEqual([[6_000, 'b']]);
  });
});
