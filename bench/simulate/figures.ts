/** What is drawn of deployments, and what their limits are called. */

import { sayBytes, sayCount, saySeconds } from '../support/say.ts';
import type { LimitName, Load } from './model.ts';
import type { Panel } from './plots.ts';
import { limits } from './scenario.ts';

export const words: Record<LimitName, string> = {
  replicaBytes: 'memory of a replica',
  replicaCpu: 'CPU of a replica',
  redisCpu: 'CPU of Redis',
  redisBytesPerSecond: 'link of Redis',
  drainSeconds: 'deadline of a drain',
  drainedStale: 'drained stale',
  loadRoundMs: 'all load at once',
  standstillMs: 'standstill in a sort',
};

type Drawn = { title: string; of: (load: Load) => number; say: (value: number) => string; limits?: Panel['limits'] };

/** By the name of the picture. */
export const figures: Readonly<Record<string, readonly Drawn[]>> = {
  upstream: [
    { title: 'Requests to upstream, each second', of: (load) => load.upstreamRequestsPerSecond, say: sayCount },
    {
      title: 'Time of a drain',
      of: (load) => load.drainSeconds,
      say: saySeconds,
      limits: [{ name: 'deadline, 120 s', at: limits.drainSeconds }],
    },
    { title: 'Records in the log, each second', of: (load) => load.logRecordsPerSecond, say: sayCount },
  ],
  redis: [
    {
      title: 'CPU of Redis, in cores',
      of: (load) => load.redisCpu,
      say: sayCount,
      limits: [{ name: 'one core', at: 1 }],
    },
    {
      title: 'Sent by Redis, each second',
      of: (load) => load.redisBytesPerSecond,
      say: sayBytes,
      limits: [{ name: '1 Gbit/s', at: limits.redisBytesPerSecond }],
    },
    {
      title: 'Wait for chunks, when all load at once',
      of: (load) => load.loadRoundMs / 1_000,
      say: saySeconds,
      limits: [{ name: 'REDIS_TIMEOUT_MS', at: limits.loadRoundMs / 1_000 }],
    },
  ],
  replica: [
    {
      title: 'CPU of a replica, in cores',
      of: (load) => load.replicaCpu,
      say: sayCount,
      limits: [{ name: 'one core', at: 1 }],
    },
    {
      title: 'Heap of a replica, while it drains or loads',
      of: (load) => load.replicaBytes,
      say: sayBytes,
      limits: [{ name: '4 GiB', at: limits.replicaBytes }],
    },
    {
      title: 'Standstill, while a list is sorted',
      of: (load) => load.standstillMs / 1_000,
      say: saySeconds,
      limits: [{ name: 'COHERENCE_MS', at: limits.standstillMs / 1_000 }],
    },
  ],
};
