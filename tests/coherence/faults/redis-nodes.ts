/** What befalls the nodes of a Redis that fails over, by Sentinel or as a cluster. */
import type { RunningRedis } from '../../support/redis.ts';
import type { Deployment } from '../deployment.ts';
import type { RedisUnderTest } from '../redis.ts';
import { eras, type Fault, failedStoreOperations, isDegraded, type Signs, slowStoreOperations } from './fault.ts';

type Failover = {
  name: string;
  /** Of all nodes, the one that it befalls. */
  victim(redis: RedisUnderTest): Promise<RunningRedis>;
  tells: Signs;
};

const masterOfLog = (redis: RedisUnderTest) => redis.masterOfLog();

/** Until the others have noticed and put another in its place. */
const failoverMs = 3_500;

const toMasters =
  (act: (master: RunningRedis) => Promise<unknown>) =>
  async ({ redis }: Deployment) => {
    await Promise.all((await redis.masters()).map(act));
  };

export const redisNodeFaults: readonly Fault[] = [
  killed({ name: 'the master of the log', victim: masterOfLog, tells: { readyz: isDegraded, counter: eras } }),
  paused({ name: 'the master of the log', victim: masterOfLog, tells: { readyz: isDegraded, counter: eras } }),
  {
    name: 'connections to the masters cut, again and again',
    of: 'redis',
    cause: toMasters((master) => master.send('CLIENT', 'KILL', 'TYPE', 'normal')),
    againEveryMs: 150,
    tells: { counter: failedStoreOperations },
  },
  {
    name: 'the masters of Redis slow, again and again (150 ms)',
    of: 'redis',
    cause: toMasters((master) => master.send('CLIENT', 'PAUSE', '150', 'ALL')),
    againEveryMs: 400,
    tells: { counter: slowStoreOperations },
  },
];

/** Dead until another is in its place; then it comes back, empty, and follows that one. */
export function killed({ name, victim, tells }: Failover): Fault {
  return {
    name: `${name} killed, and failed over`,
    of: 'redis',
    cause: async ({ redis }) => (await victim(redis)).kill(),
    heal: ({ redis }) => bringBack(redis),
    lastsMs: failoverMs,
    tells,
  };
}

/** Silent until another is in its place; then it wakes, and takes itself for the master until it is told. */
function paused({ name, victim, tells }: Failover): Fault {
  return {
    name: `${name} paused until it was failed over`,
    of: 'redis',
    cause: async ({ redis }) => (await victim(redis)).pause(),
    heal: ({ redis }) => bringBack(redis),
    lastsMs: failoverMs,
    tells,
  };
}

async function bringBack(redis: RedisUnderTest): Promise<void> {
  for (const node of redis.nodes) {
    node.resume();
    if (!node.isRunning) await node.restart();
  }
  await settled(redis);
}

/** Until every master has a replica again, so that what comes next can be survived. */
export async function settled(redis: RedisUnderTest): Promise<void> {
  if (redis.kind === 'cluster') await redis.cluster.settled();
  if (redis.kind === 'sentinel') await redis.sentinels.settled();
}
