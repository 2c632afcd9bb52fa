/** What may go wrong in a run. Each run has its own selection, so that some faults are seen without the others. */
import type { Simulation } from './simulation.ts';
import { calmMood } from './upstream.ts';

export const faultNames = [
  'upstream slow',
  'upstream failing',
  'upstream hanging',
  'upstream lagging',
  'redis silent',
  'redis slow',
  'redis lossy',
  'process cut off',
  'redis flushed',
  'redis failed over',
  'redis failed over twice',
  'control deleted',
  'log deleted',
  'value evicted',
  'value poisoned',
  'process paused',
  'process paused for long',
  'process restarted',
] as const;

export type FaultName = (typeof faultNames)[number];

export class Faults {
  readonly #world: Simulation;
  readonly #names: readonly FaultName[];

  constructor(world: Simulation, names: readonly FaultName[]) {
    this.#world = world;
    this.#names = names;
  }

  happen(): void {
    const { chance } = this.#world;
    if (chance.is(0.25)) {
      this.#calm();
      return;
    }
    const name = chance.pick(this.#names);
    this.#world.count(`fault: ${name}`);
    this.#world.tell('world', name);
    this.#cause(name);
  }

  /** All works again, and goes on working. */
  heal(): void {
    this.#calm();
    for (const slot of this.#world.slots) {
      slot.line.heal();
      this.#world.resume(slot);
    }
  }

  #calm(): void {
    this.#world.tell('world', 'calm');
    this.#world.mood = calmMood;
    this.#world.shared.heal();
  }

  #cause(name: FaultName): void {
    const world = this.#world;
    const { chance, redis, shared, scheduler } = world;
    const index = chance.between(0, world.slots.length - 1);
    const pick = <T>(list: readonly T[]) => chance.pick(list);
    switch (name) {
      case 'upstream slow':
        world.mood = { ...world.mood, slowMs: chance.between(200, 2_500) };
        break;
      case 'upstream failing':
        world.mood = { ...world.mood, failing: chance.pick([0.3, 1]) };
        break;
      case 'upstream hanging':
        world.mood = { ...world.mood, hanging: chance.pick([0.3, 1]) };
        break;
      case 'upstream lagging':
        world.mood = { ...world.mood, lagMs: chance.between(100, 1_000) };
        break;
      case 'redis silent':
        shared.silentUntilMs = scheduler.nowMs + chance.between(50, 4_000);
        break;
      case 'redis slow':
        shared.slowMs = chance.between(20, 160);
        break;
      case 'redis lossy':
        shared.loss = chance.pick([0.02, 0.1, 0.3]);
        break;
      case 'process cut off': {
        const slot = world.slots[index];
        if (slot) slot.line.silentUntilMs = scheduler.nowMs + chance.between(300, 6_000);
        break;
      }
      case 'redis flushed':
        redis.flush();
        break;
      case 'redis failed over':
        redis.failOver({ lost: chance.between(0, 12), behindMs: chance.between(0, 3_000) });
        break;
      case 'redis failed over twice':
        redis.failOver({ lost: chance.between(0, 12), behindMs: chance.between(0, 3_000) });
        scheduler.after(chance.between(0, 300), undefined, () => {
          redis.failOver({ lost: chance.between(0, 12), behindMs: chance.between(0, 3_000) });
        });
        break;
      case 'control deleted':
        redis.deleteControl();
        break;
      case 'log deleted':
        redis.deleteLog();
        break;
      case 'value evicted':
        redis.evict(pick);
        break;
      case 'value poisoned':
        redis.poison(pick);
        break;
      case 'process paused':
        world.pause(index, chance.between(50, 3_000));
        break;
      case 'process paused for long':
        world.pause(index, chance.between(3_000, 16_000));
        break;
      case 'process restarted':
        world.start(index);
        break;
    }
  }
}
