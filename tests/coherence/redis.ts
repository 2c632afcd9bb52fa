/** The Redis under test, in one of its topologies: what its faults are done to, and how gateways are told to reach it. */
import { type RunningRedis, startRedis } from '../support/redis.ts';
import { type RunningCluster, startCluster } from '../support/redis-cluster.ts';
import { type RunningSentinels, startSentinels } from '../support/redis-sentinel.ts';
import { redisUser, secrets } from './settings.ts';

export const redisKinds = ['single', 'cluster', 'sentinel'] as const;
export type RedisKind = (typeof redisKinds)[number];

type Common = {
  /**
   * Of a gateway.
   *
   * @param port - Of a line to a single server; the nodes of a topology are known by their own addresses.
   */
  settings(port?: number): Record<string, string>;
  /** Masters and replicas. */
  readonly nodes: readonly RunningRedis[];
  masters(): Promise<RunningRedis[]>;
  /** The one that has the change log. */
  masterOfLog(): Promise<RunningRedis>;
  close(): Promise<unknown>;
};

type SingleRedis = Common & { readonly kind: 'single'; readonly server: RunningRedis };
export type ClusteredRedis = Common & { readonly kind: 'cluster'; readonly cluster: RunningCluster };
export type WatchedRedis = Common & { readonly kind: 'sentinel'; readonly sentinels: RunningSentinels };
export type RedisUnderTest = SingleRedis | ClusteredRedis | WatchedRedis;

/** Keys of the change log; they share a slot. */
export const keysOfLog = { control: '{vitrine}:control', logs: '{vitrine}:log:*' };

export function openRedis(kind: RedisKind): Promise<RedisUnderTest> {
  return { single: openSingle, cluster: openCluster, sentinel: openSentinels }[kind]();
}

async function openSingle(): Promise<SingleRedis> {
  const server = await startRedis({ args: ['--user', redisUser, 'on', `>${secrets.redis}`, '~*', '&*', '+@all'] });
  return {
    kind: 'single',
    server,
    nodes: [server],
    settings: (port = server.port) => ({ REDIS_URL: `redis://${redisUser}:${secrets.redis}@127.0.0.1:${port}` }),
    masters: async () => [server],
    masterOfLog: async () => server,
    close: () => server.stop(),
  };
}

async function openCluster(): Promise<ClusteredRedis> {
  const cluster = await startCluster();
  return {
    kind: 'cluster',
    cluster,
    nodes: cluster.nodes,
    settings: () => cluster.settings,
    masters: () => cluster.masters(),
    masterOfLog: () => cluster.masterOf(keysOfLog.control),
    close: () => cluster.stop(),
  };
}

async function openSentinels(): Promise<WatchedRedis> {
  const sentinels = await startSentinels();
  return {
    kind: 'sentinel',
    sentinels,
    nodes: sentinels.servers,
    settings: () => sentinels.settings,
    masters: async () => [await sentinels.master()],
    masterOfLog: () => sentinels.master(),
    close: () => sentinels.stop(),
  };
}

/** All that it holds is gone. */
export async function flush(redis: RedisUnderTest): Promise<void> {
  await Promise.all((await redis.masters()).map((master) => master.send('FLUSHALL')));
}

/** The record of what changed is gone, and the rows are not. */
export async function forget(redis: RedisUnderTest, what: keyof typeof keysOfLog): Promise<void> {
  const master = await redis.masterOfLog();
  for (const key of await master.scan(keysOfLog[what])) await master.send('DEL', key);
}
