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
import { Deck } from './deck.ts';
import type { Fault } from './faults/index.ts';
import type { Traffic } from './traffic.ts';

type Options = At & {
  traffic: Pick<Traffic, 'writing'>;
  chance: Chance;
  faults: readonly Fault[];
};

/** In ms. */
const lastsMs = [600, 2_000] as const;
const secondComesAfterMs = [100, 600] as const;

export class Nemesis {
  readonly #options: Options;
  readonly #deck: Deck;
  /** What came, in the order in which it was over. */
  readonly came: Came[] = [];

  constructor(options: Options) {
    this.#options = options;
    this.#deck = new Deck(options.faults, options.chance);
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
    const first = this.#deck.draw();
    const second = chance.is(0.5) ? this.#deck.drawBeside(first) : undefined;
    const bringing = [this.#bring(first, tell)];
    if (second) bringing.push(delay(chance.between(...secondComesAfterMs)).then(() => this.#bring(second, tell)));
    const came = await Promise.all(bringing);
    this.came.push(...came);
    await recover(came, this.#options);
  }

  #bring(fault: Fault, tell: (fault: Fault) => void): Promise<Came> {
    const { chance, deployment } = this.#options;
    const struck = chance.between(0, deployment.replicas.length - 1);
    tell(fault);
    return bring(fault, { ...this.#options, lastsMs: chance.between(...lastsMs), struck });
  }
}
