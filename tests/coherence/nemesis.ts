/**
 * The nemesis: one fault after another by chance, now and then a second upon the first. Every kind comes once before
 * any comes again.
 *
 *   a fault comes ─► lasts ─► goes ───────────────────┐
 *        └─ now and then another comes, lasts, goes ──┴─► all is well
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Chance } from '../simulation/random.ts';
import { type At, bring, type Came, recover } from './bring.ts';
import type { Fault } from './faults/index.ts';
import type { Traffic } from './traffic.ts';

type Options = At & {
  traffic: Traffic;
  chance: Chance;
  faults: readonly Fault[];
};

/** In ms. */
const lastsMs = [600, 2_000] as const;
const secondComesAfterMs = [100, 600] as const;

export class Nemesis {
  readonly #options: Options;
  /** What is to come before anything comes again. */
  #deck: Fault[] = [];
  /** What came, in the order in which it was over. */
  readonly came: Came[] = [];

  constructor(options: Options) {
    this.#options = options;
  }

  /** What has not come yet. */
  get toCome(): Fault[] {
    const done = new Set(this.came.map(({ fault }) => fault));
    return this.#options.faults.filter((fault) => !done.has(fault));
  }

  /**
   * @param tell - Told what comes.
   * @throws When all is not well again in time.
   */
  async strike(tell: (fault: Fault) => void): Promise<void> {
    const { chance } = this.#options;
    const first = this.#draw(() => true) as Fault;
    const second = chance.is(0.5) ? this.#draw((fault) => areApart(first, fault)) : undefined;
    const bringing = [this.#bring(first, tell)];
    if (second) bringing.push(delay(chance.between(...secondComesAfterMs)).then(() => this.#bring(second, tell)));
    const came = await Promise.all(bringing);
    this.came.push(...came);
    await recover(came, this.#options);
  }

  /** The next that fits. */
  #draw(fits: (fault: Fault) => boolean): Fault | undefined {
    if (this.#deck.length === 0) this.#deck = this.#shuffled();
    const at = this.#deck.findIndex(fits);
    return at < 0 ? undefined : this.#deck.splice(at, 1)[0];
  }

  #shuffled(): Fault[] {
    const rest = [...this.#options.faults];
    const order: Fault[] = [];
    while (rest.length > 0) order.push(...rest.splice(this.#options.chance.between(0, rest.length - 1), 1));
    return order;
  }

  #bring(fault: Fault, tell: (fault: Fault) => void): Promise<Came> {
    const { chance, deployment } = this.#options;
    const struck = chance.between(0, deployment.replicas.length - 1);
    tell(fault);
    return bring(fault, { ...this.#options, lastsMs: chance.between(...lastsMs), struck });
  }
}

function areApart(a: Fault, b: Fault): boolean {
  return a.of !== b.of && a.of !== 'all' && b.of !== 'all';
}
