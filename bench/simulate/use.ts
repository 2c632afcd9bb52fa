/** What gateways and their Redis have used: CPU time, bytes sent. */
import type { RunningRedis } from '../../tests/support/redis.ts';
import { cpuUsOf } from '../support/processes.ts';

type Measurable = { gateways: readonly { pid: number }[]; redis: RunningRedis };

type RedisUse = {
  cpuUs: number;
  bytesOut: number;
  /** Looks at the log: each asks for the control hash once, and nothing else does. */
  looks: number;
};

async function redisUse(redis: RunningRedis): Promise<RedisUse> {
  const [text, cpuUs] = await Promise.all([redis.send<string>('INFO', 'everything'), cpuUsOf(redis.pid)]);
  const number = (name: string) => Number(new RegExp(`${name}([\\d.]+)`).exec(text)?.[1] ?? 0);
  return {
    cpuUs,
    bytesOut: number('total_net_output_bytes:'),
    looks: number('cmdstat_hgetall:calls='),
  };
}

/** By all gateways and their Redis, while something was done. */
export type Used = { seconds: number; gatewayUs: number[]; redis: RedisUse };

export async function usedWhile({ gateways, redis }: Measurable, act: () => Promise<unknown>): Promise<Used> {
  const now = async () => {
    const [use, ...gatewayUs] = await Promise.all([redisUse(redis), ...gateways.map(({ pid }) => cpuUsOf(pid))]);
    return { atMs: performance.now(), redis: use, gatewayUs };
  };
  const before = await now();
  await act();
  const after = await now();
  const difference = (name: keyof RedisUse) => after.redis[name] - before.redis[name];
  return {
    seconds: (after.atMs - before.atMs) / 1_000,
    gatewayUs: after.gatewayUs.map((us, index) => us - (before.gatewayUs[index] as number)),
    redis: { cpuUs: difference('cpuUs'), bytesOut: difference('bytesOut'), looks: difference('looks') },
  };
}
