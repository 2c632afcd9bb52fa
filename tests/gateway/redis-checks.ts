/** What is asked of a gateway and its Redis, whatever the topology. */
import type { World } from '../support/world.ts';

export type Readiness = { status: string; checks: Record<'redis' | 'coherence', { status: string }> };

export async function ready({ gateway }: Pick<World, 'gateway'>): Promise<Readiness> {
  return (await (await fetch(`${gateway.url}/readyz`)).json()) as Readiness;
}

export const well = { status: 'ok', checks: { redis: { status: 'ok' }, coherence: { status: 'ok' } } };

export const cutOff = { status: 'degraded', checks: { redis: { status: 'down' }, coherence: { status: 'degraded' } } };

type Searched = { scan(pattern: string): Promise<string[]>; send(key: string, ...command: string[]): Promise<unknown> };

/** Keys that would stay for ever. */
export async function endlessKeys(redis: Searched): Promise<string[]> {
  const keys = await redis.scan('*');
  const ttls = await Promise.all(keys.map((key) => redis.send(key, 'PTTL', key)));
  return keys.filter((_, index) => Number(ttls[index]) === -1).sort();
}
