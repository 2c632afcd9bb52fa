/** What befalls a Redis Cluster: slots move, and masters change, with and without the log. */
import type { RunningRedis } from '../../support/redis.ts';
import type { Deployment } from '../deployment.ts';
import { type ClusteredRedis, keysOfLog, type RedisUnderTest } from '../redis.ts';
import { eras, type Fault, failedStoreOperations } from './fault.ts';
import { killed, redisNodeFaults, settled } from './redis-nodes.ts';

const clustered = ({ redis }: Pick<Deployment, 'redis'>): ClusteredRedis => {
  if (redis.kind !== 'cluster') throw new Error('this is for a cluster alone');
  return redis;
};

async function masterWithoutLog(redis: RedisUnderTest): Promise<RunningRedis> {
  const ofLog = await redis.masterOfLog();
  return (await redis.masters()).find(({ port }) => port !== ofLog.port) as RunningRedis;
}

/** To another master, key by key. */
async function move(redis: ClusteredRedis, key: string): Promise<void> {
  const moving = await redis.cluster.move(key);
  await moving.keys(...(await redis.cluster.scan(`*{${tagOf(key)}}*`)).slice(0, 20));
  await moving.end();
}

const tagOf = (key: string) => key.slice(key.indexOf('{') + 1, key.indexOf('}'));

export const clusterFaults: readonly Fault[] = [
  ...redisNodeFaults,
  killed({ name: 'a master without the log', victim: masterWithoutLog, tells: { counter: failedStoreOperations } }),
  {
    name: 'the slot of the log moved to another master, again and again',
    of: 'redis',
    cause: (at) => move(clustered(at), keysOfLog.control),
    heal: ({ redis }) => settled(redis),
    againEveryMs: 700,
    tells: { counter: eras },
  },
  {
    name: 'slots of rows moved to another master, again and again',
    of: 'redis',
    cause: (at, { nth }) => move(clustered(at), `vitrine:{catalog:${(nth % 16).toString(16)}}:x`),
    heal: ({ redis }) => settled(redis),
    againEveryMs: 200,
    tells: {},
  },
  {
    name: 'the replica of the log made its master (CLUSTER FAILOVER)',
    of: 'redis',
    cause: async (at) => {
      const { cluster, masterOfLog } = clustered(at);
      const before = await masterOfLog();
      const replica = await replicaOf(before, cluster.nodes);
      await replica.send('CLUSTER', 'FAILOVER');
    },
    heal: ({ redis }) => settled(redis),
    tells: { counter: eras },
  },
];

async function replicaOf(master: RunningRedis, nodes: readonly RunningRedis[]): Promise<RunningRedis> {
  const [, , replicas] = await master.send<[string, number, [string, string, string][]]>('ROLE');
  const port = Number(replicas[0]?.[1]);
  const replica = nodes.find((node) => node.port === port);
  if (replica === undefined) throw new Error(`${master.port} has no replica`);
  return replica;
}
