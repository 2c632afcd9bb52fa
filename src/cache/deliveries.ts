/**
 * Deliveries of change events that are done: whoever sends one again, since it did not hear the answer, changes nothing.
 *
 * Known as long as Redis keeps them; a delivery that is done twice is harmless, so losing them costs reads alone.
 */
import type { Engine } from './engine.ts';
import { deliveryKey } from './keys.ts';
import { SharedTier } from './shared-tier.ts';

/** Senders try again for hours; a day is as long as most of them. In ms. */
const rememberedMs = 86_400_000;

export class Deliveries {
  readonly #prefix: string;
  readonly #shared: SharedTier;

  constructor(engine: Engine) {
    this.#prefix = engine.prefix;
    this.#shared = new SharedTier(engine, 'webhooks');
  }

  /** @returns What was noted of it when it was done; undefined when it was not, or nobody can tell. */
  async done(id: string): Promise<string | undefined> {
    const [found] = await this.#shared.find([deliveryKey(this.#prefix, id)]);
    return found?.state === 'found' ? found.text : undefined;
  }

  async note(id: string, text: string): Promise<void> {
    await this.#shared.put(deliveryKey(this.#prefix, id), text, rememberedMs);
  }
}
