/** One race: a read comes to a gate, the row changes, others read, and the gate opens. */
import { acknowledge, type Case, expectNew, expectNewEverywhere, type Racers } from './changes.ts';
import type { Point } from './gates.ts';

export type Race = Racers &
  Case & {
    /** Where the read is held. */
    point: Point;
    /** Begins it. */
    begin(): Promise<string>;
    /** Those who come after the change wait neither for the read nor for its lease: they are answered while it is held. */
    passes?: boolean;
  };

/** @returns What the read gave in the end, to the one who asked before the change. */
export async function race({ world, one, two, change, maker, point, begin, passes = false }: Race): Promise<string> {
  const hold = one.hold(point);
  const early = begin();
  await hold.arrived;

  await acknowledge({ change, maker }, { world, one, two });
  const newcomers = Promise.all([one.see(), two.see()]);
  if (passes) await newcomers;
  hold.release();

  expectNew(change, ...(await newcomers));
  const given = await early;
  await expectNewEverywhere(change, world, one, two);
  return given;
}
