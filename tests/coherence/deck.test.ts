/** Every kind of fault comes once before any comes again. */
import { describe, expect, it } from 'vitest';
import { Chance } from '../simulation/random.ts';
import { Deck } from './deck.ts';
import { type Fault, faultsOf } from './faults/index.ts';
import { redisKinds } from './redis.ts';

const faults = faultsOf('single');
const drawAll = (deck: Deck) => faults.map(() => deck.draw());

describe('a deck of faults', () => {
  it('gives every kind once before any again, and then in another order', () => {
    const deck = new Deck(faults, new Chance(7));
    const [first, second] = [drawAll(deck), drawAll(deck)];
    expect(new Set(first)).toEqual(new Set(faults));
    expect(new Set(second)).toEqual(new Set(faults));
    expect(first).not.toEqual(second);
  });

  it('gives the same order for the same seed, and another for another', () => {
    const orderOf = (seed: number) => drawAll(new Deck(faults, new Chance(seed)));
    expect(orderOf(7)).toEqual(orderOf(7));
    expect(orderOf(7)).not.toEqual(orderOf(8));
  });

  it('gives every kind once also where some come upon others', () => {
    const deck = new Deck(faults, new Chance(7));
    const drawn = new Set<Fault>();
    while (drawn.size < faults.length) {
      const first = deck.draw();
      const second = drawn.size + 1 < faults.length ? deck.drawBeside(first) : undefined;
      for (const fault of [first, second]) {
        if (fault === undefined) continue;
        expect(drawn).not.toContain(fault);
        drawn.add(fault);
      }
    }
  });

  it('gives one upon another that befalls something else, and none upon what befalls all', () => {
    const of = (...these: Fault['of'][]) => these.map((of) => ({ ...(faults[0] as Fault), of }));
    const besides = (...these: Fault['of'][]) => {
      const deck = new Deck(of(...these), new Chance(7));
      return [deck.draw().of, deck.drawBeside({ ...(faults[0] as Fault), of: 'redis' })?.of];
    };
    expect(besides('gateway', 'gateway')).toEqual(['gateway', 'gateway']);
    expect(besides('redis', 'redis')).toEqual(['redis', undefined]);
    expect(besides('all', 'all')).toEqual(['all', undefined]);
    const deck = new Deck(of('gateway'), new Chance(7));
    expect(deck.drawBeside({ ...(faults[0] as Fault), of: 'all' })).toBeUndefined();
  });
});

describe.each(redisKinds)('the faults of Redis as %s', (kind) => {
  it('each have a name of their own', () => {
    const names = faultsOf(kind).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('befall Redis, upstream and gateways', () => {
    expect(new Set(faultsOf(kind).map(({ of }) => of))).toEqual(new Set(['redis', 'upstream', 'gateway', 'all']));
  });
});
