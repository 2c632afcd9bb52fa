/** Faults in an order of chance: all of them come before any comes again, and then in another order. */
import type { Chance } from '../simulation/random.ts';
import type { Fault } from './faults/index.ts';

export class Deck {
  readonly #faults: readonly Fault[];
  readonly #chance: Chance;
  /** What is to come before anything comes again. */
  #left: Fault[] = [];

  /** @param faults - At least one. */
  constructor(faults: readonly Fault[], chance: Chance) {
    this.#faults = faults;
    this.#chance = chance;
  }

  draw(): Fault {
    return this.#drawFirst(() => true) as Fault;
  }

  /** One that befalls something else, so that neither heals the other; undefined when what is to come all does. */
  drawBeside(first: Fault): Fault | undefined {
    return this.#drawFirst((fault) => fault.of !== first.of && fault.of !== 'all' && first.of !== 'all');
  }

  #drawFirst(fits: (fault: Fault) => boolean): Fault | undefined {
    if (this.#left.length === 0) this.#left = this.#shuffled();
    const at = this.#left.findIndex(fits);
    return at < 0 ? undefined : this.#left.splice(at, 1)[0];
  }

  #shuffled(): Fault[] {
    const rest = [...this.#faults];
    const order: Fault[] = [];
    while (rest.length > 0) order.push(...rest.splice(this.#chance.between(0, rest.length - 1), 1));
    return order;
  }
}
