/** Single faults, by what they befall, for each topology of Redis. */
import type { RedisKind } from '../redis.ts';
import type { Fault } from './fault.ts';
import { gatewayFaults } from './gateways.ts';
import { redisFaults } from './redis.ts';
import { clusterFaults } from './redis-cluster.ts';
import { sentinelFaults } from './redis-sentinel.ts';
import { singleRedisFaults } from './redis-single.ts';
import { upstreamFaults } from './upstream.ts';

export type { Fault, Signs } from './fault.ts';

const ofTopology = { single: singleRedisFaults, cluster: clusterFaults, sentinel: sentinelFaults };

export function faultsOf(redis: RedisKind): readonly Fault[] {
  return [...ofTopology[redis], ...redisFaults, ...upstreamFaults, ...gatewayFaults];
}
