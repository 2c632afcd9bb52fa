/** One way in a process of its own, which it is told by a message. It pulls once and tells what that took. */
import { answerParent } from '../support/child.ts';
import { peakOf } from '../support/processes.ts';
import type { Opening, OpenWay } from './way.ts';
import type { Way } from './ways.ts';

export type Settings = { way: Way; opening: Opening };

export type Pulled = {
  rows: number;
  ms: number;
  /** CPU time of the process, all its threads. */
  cpuMs: number;
  /** Resident at most, above what was before it began. */
  peakBytes: number;
};

answerParent(pull);

async function pull({ way, opening }: Settings): Promise<Pulled> {
  const { open } = (await import(way.module)) as { open: OpenWay };
  const pullNow = await open(opening);
  const cpuBefore = process.cpuUsage();
  const startedAtMs = performance.now();
  const residentBytes = process.memoryUsage.rss();
  const rows = await pullNow();
  const ms = performance.now() - startedAtMs;
  const { user, system } = process.cpuUsage(cpuBefore);
  const peakBytes = (await peakOf(process.pid)) - residentBytes;
  return { rows, ms, cpuMs: (user + system) / 1_000, peakBytes };
}
