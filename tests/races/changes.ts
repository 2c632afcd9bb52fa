/** The changes that race, and what may be seen after one was acknowledged. */
import { expect } from 'vitest';
import type { InvalidationResult } from '../../src/data/reader.ts';
import type { Process, Sight } from './process.ts';
import { newTitle, oldTitle } from './rows.ts';
import type { World } from './world.ts';

export type Change = {
  name: string;
  make(by: Process): Promise<InvalidationResult>;
  /** A purge: not even those who asked before it are given the old row, once the process knows. */
  purges: boolean;
  /** Not of the row alone. */
  ofAll: boolean;
  /** From the change on upstream answers nothing but errors: what was purged is not served instead. */
  upstreamFails: boolean;
};

const refresh = { purges: false, ofAll: false, upstreamFails: false };
const purge = { ...refresh, purges: true, make: (by: Process) => by.purge() };
const purgeAll = { ...purge, ofAll: true, make: (by: Process) => by.purgeAll() };

const changes: readonly Change[] = [
  { ...refresh, name: 'an id', make: (by) => by.change() },
  { ...refresh, name: 'all, by a reset,', make: (by) => by.reset(), ofAll: true },
  { ...purge, name: 'a purged id' },
  { ...purge, name: 'a purged id, upstream failing,', upstreamFails: true },
  { ...purgeAll, name: 'all, purged,' },
  { ...purgeAll, name: 'all, purged, upstream failing,', upstreamFails: true },
];

/** Who makes the change: the process in which the read is under way, or another. */
const makers = ['the same process', 'another process'] as const;

export type Case = { change: Change; maker: (typeof makers)[number] };

/** Every change by every maker, as rows of a table of tests. */
export const cases: readonly Case[] = changes.flatMap((change) => makers.map((maker) => ({ change, maker })));

const allNew: Sight = {
  byId: newTitle,
  firstInOrder: 'lot 1',
  lastInOrder: newTitle,
  foundByOld: 'nothing',
  foundByNew: newTitle,
};

/** `one` is where the read is under way. */
export type Racers = { world: World; one: Process; two: Process };

/** Upstream has the new row, the change is made and acknowledged, and both processes have read the log. */
export async function acknowledge({ change, maker }: Case, { world, one, two }: Racers): Promise<void> {
  world.rewrite();
  if (change.upstreamFails) world.upstream.faults.set({ status: 500 });
  const told = await change.make(maker === 'the same process' ? one : two);
  expect(told).toMatchObject({ scope: 'cluster', deferred: false });
  await Promise.all([one.hears(), two.hears()]);
}

/** What a reader may be shown who began after the change was acknowledged. */
export function expectNew({ upstreamFails }: Change, ...sights: readonly Sight[]): void {
  for (const sight of sights) {
    if (upstreamFails) expect(Object.values(sight)).not.toContain(oldTitle);
    else expect(sight).toEqual(allNew);
  }
}

/** No process that knows of the change shows the old row, nor does one that has nothing but what is in Redis. */
export async function expectNewEverywhere(change: Change, world: World, ...known: Process[]): Promise<void> {
  const fresh = await world.start();
  for (const reader of [...known, fresh]) expectNew(change, await reader.see());
  // After a reset old rows stay under keys that nobody asks for any more, until their time is over.
  if (!change.ofAll) expect(String(await world.kept())).not.toContain(oldTitle);
}
