/** Requests of one turn: made together, sent together, none held up by another that waits. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { atOnce, type Make, Turn } from '../../src/server/turn.ts';

let turn: Turn;
let done: string[];

beforeEach(() => {
  turn = new Turn();
  done = [];
});

const sends = (name: string) => () => void done.push(`sent ${name}`);
const made =
  (name: string): Make =>
  () => {
    done.push(`made ${name}`);
    return sends(name);
  };

describe('what arrives in one turn', () => {
  it('is made in the order of arrival, and sent in it, once all of it is made', async () => {
    for (const name of ['a', 'b', 'c']) turn.add(made(name));
    expect(done).toEqual([]);
    await nextTurn();
    expect(done).toEqual(['made a', 'made b', 'made c', 'sent a', 'sent b', 'sent c']);
  });

  it('is sent after so many, however many have arrived', async () => {
    for (let at = 0; at < 2 * atOnce + 1; at++) turn.add(made(String(at)));
    await nextTurn();
    const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => String(from + at));
    const stretch = (from: number, to: number) =>
      ['made', 'sent'].flatMap((what) => range(from, to).map((name) => `${what} ${name}`));
    expect(done).toEqual([
      ...stretch(0, atOnce),
      ...stretch(atOnce, 2 * atOnce),
      ...stretch(2 * atOnce, 2 * atOnce + 1),
    ]);
  });

  it('does not wait for what one of it waits for', async () => {
    const { promise, resolve } = Promise.withResolvers<() => void>();
    turn.add(() => promise);
    turn.add(made('b'));
    await nextTurn();
    expect(done).toEqual(['made b', 'sent b']);
    resolve(sends('a'));
    await nextTurn();
    expect(done).toEqual(['made b', 'sent b', 'sent a']);
  });

  it('does not wait for what arrives while it is made: that is of the next turn', async () => {
    turn.add(() => {
      turn.add(made('late'));
      return made('a')();
    });
    await nextTurn();
    expect(done).toEqual(['made a', 'sent a']);
    await nextTurn();
    expect(done).toEqual(['made a', 'sent a', 'made late', 'sent late']);
  });
});
