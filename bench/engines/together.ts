/** Several processes of one engine over one upstream, from an empty Redis. All end when what is done with them is done. */
import { setTimeout as delay } from 'node:timers/promises';
import type { RunningRedis } from '../../tests/support/redis.ts';
import type { Subject } from './engines.ts';
import { Host } from './host.ts';
import { Upstream } from './upstream.ts';

const memoryRows = 1_000;
/** What an engine tells its other processes has come by then. */
const busMs = 300;

export async function together<T>(
  redis: RunningRedis,
  subject: Subject,
  count: number,
  act: (hosts: readonly Host[], upstream: Upstream) => Promise<T>,
): Promise<T> {
  await redis.send('FLUSHALL');
  const upstream = await Upstream.open();
  const settings = { subject, redisUrl: redis.url.href, upstreamUrl: upstream.url, rowCount: 0, memoryRows };
  const opening = Array.from({ length: count }, () => Host.open({ ...settings, place: 'redis' }));
  try {
    const hosts = await Promise.all(opening);
    await untilTold();
    return await act(hosts, upstream);
  } finally {
    for (const opened of await Promise.allSettled(opening)) {
      if (opened.status === 'fulfilled') await opened.value.close();
    }
    await upstream.close();
  }
}

export function untilTold(): Promise<void> {
  return delay(busMs);
}
