/**
 * An invalidation that comes while a row is read:
 *
 *   filler   asks ─► upstream reads version 1 ································· answers ─► stored?
 *   upstream                                  becomes version 2
 *   teller                                                     invalidates
 *
 * Then both are asked: the process that filled, and another one.
 */
import type { RunningRedis } from '../../tests/support/redis.ts';
import type { Subject } from './engines.ts';
import type { Host } from './host.ts';
import { together, untilTold } from './together.ts';

/** The process that fills, and another one. */
type Process = 'filler' | 'other';

/** The versions that each of them gives afterwards; 1 is old. */
type Afterwards = Record<Process, number>;

/** By who invalidates. */
export type Invalidated = Record<Process, Afterwards>;

const id = '1';

export async function invalidateDuringFill(redis: RunningRedis, subject: Subject): Promise<Invalidated> {
  return { filler: await toldBy('filler', redis, subject), other: await toldBy('other', redis, subject) };
}

function toldBy(teller: Process, redis: RunningRedis, subject: Subject): Promise<Afterwards> {
  return together(redis, subject, 2, async (hosts, upstream) => {
    const [filler, other] = hosts as [Host, Host];
    const held = upstream.holdNext();
    const filled = filler.version(id);
    await held.reached;
    upstream.version = 2;
    await { filler, other }[teller].invalidate(id);
    held.release();
    await filled;
    await untilTold();
    return { filler: await filler.version(id), other: await other.version(id) };
  });
}
