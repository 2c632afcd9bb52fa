/** What befalls a Redis that sentinels watch, and what befalls them. */
import { eventually, type RunningRedis } from '../../support/redis.ts';
import type { Deployment } from '../deployment.ts';
import type { WatchedRedis } from '../redis.ts';
import { eras, type Fault, isDegraded } from './fault.ts';
import { redisNodeFaults, settled } from './redis-nodes.ts';

const watched = ({ redis }: Deployment): WatchedRedis => {
  if (redis.kind !== 'sentinel') throw new Error('this is for sentinels alone');
  return redis;
};

/** How long sentinels may need to be ready for the next failover. */
const willingWithinMs = 15_000;

export const sentinelFaults: readonly Fault[] = [
  ...redisNodeFaults,
  {
    name: 'the replica made master (SENTINEL FAILOVER)',
    of: 'redis',
    cause: async (at) => {
      const { sentinels } = watched(at);
      const before = await sentinels.master();
      const [sentinel] = sentinels.sentinels as [RunningRedis];
      await eventually(() => sentinel.send('SENTINEL', 'FAILOVER', sentinels.group), willingWithinMs);
      await eventually(async () => (await sentinels.master()).port !== before.port, willingWithinMs);
    },
    heal: ({ redis }) => settled(redis),
    tells: { counter: eras },
  },
  {
    name: 'sentinels silent (SIGSTOP)',
    of: 'redis',
    cause: (at) => {
      for (const sentinel of watched(at).sentinels.sentinels) sentinel.pause();
    },
    heal: async (at) => {
      for (const sentinel of watched(at).sentinels.sentinels) sentinel.resume();
      await settled(at.redis);
    },
    // Which server is the master nobody can tell meanwhile.
    tells: { readyz: isDegraded },
  },
];
