/** A stampede: several processes, each with many who ask in one moment for one row that nobody has. */
import type { RunningRedis } from '../../tests/support/redis.ts';
import type { Subject } from './engines.ts';
import { together, untilTold } from './together.ts';

export type Herd = { processes: number; callers: number; latencyMs: number };

/** How often upstream was read, and how long it took until the last had its answer. */
export type Stampede = { reads: number; ms: number };

export function stampede(
  redis: RunningRedis,
  subject: Subject,
  { processes, callers, latencyMs }: Herd,
): Promise<Stampede> {
  return together(redis, subject, processes, async (hosts, upstream) => {
    const crowds = (id: string) => Promise.all(hosts.map((host) => host.crowd(id, callers)));
    // Connections are made, and code is compiled, with another row.
    await crowds('warm');
    await untilTold();
    const readBefore = upstream.reads;
    upstream.latencyMs = latencyMs;
    const startedAtMs = performance.now();
    const versions = await crowds('cold');
    const ms = performance.now() - startedAtMs;
    if (versions.flat().some((version) => version !== 1)) throw new Error(`It answered with versions ${versions}.`);
    return { reads: upstream.reads - readBefore, ms };
  });
}
