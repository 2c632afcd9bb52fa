/** One way, once, in a process of its own. What it says that it pulled is held against what upstream gave. */
import type { RunningRedis } from '../../tests/support/redis.ts';
import { inChild } from '../support/child.ts';
import type { Upstream } from './upstream.ts';
import type { Opening } from './way.ts';
import type { Way } from './ways.ts';
import type { Pulled, Settings } from './worker.ts';

const worker = new URL('worker.ts', import.meta.url);

export type Figure = Pulled & {
  /** How many were asked for, some of them twice. */
  pages: number;
};

/** Rows asked for in one page, and pages under way at once. */
export type Paging = Pick<Opening, 'pageSize' | 'concurrency'>;

type On = { redis: RunningRedis; upstream: Upstream; latencyMs: number };

/** @throws When not all rows came, or not all lie where they should. */
export async function measure(
  way: Way,
  { redis, upstream, latencyMs }: On,
  { pageSize, concurrency }: Paging,
): Promise<Figure> {
  await redis.send('FLUSHALL');
  await upstream.wait(latencyMs);
  await upstream.pages();
  const opening = { upstreamUrl: upstream.url, redisUrl: redis.url.href, pageSize, concurrency };
  const pulled = await inChild<Pulled>(worker, { way, opening } satisfies Settings);
  const pages = await upstream.pages();
  const { count } = upstream;
  if (pulled.rows !== count) throw new Error(`It pulled ${pulled.rows} rows of ${count}.`);
  const least = Math.ceil(count / pageSize);
  if (pages < least) throw new Error(`It asked for ${pages} pages of ${least}.`);
  const inRedis = way.isOnRedis ? await rowsIn(redis) : count;
  if (inRedis !== count) throw new Error(`It left ${inRedis} rows of ${count} in Redis.`);
  return { ...pulled, pages };
}

/** As the manifest of the drain has it, which is written when all of its chunks are there. */
async function rowsIn(redis: RunningRedis): Promise<number> {
  const [manifest] = await redis.scan('{vitrine}:*:base:catalogs:*');
  if (manifest === undefined) return 0;
  const text = await redis.send<string>('GET', manifest);
  return (JSON.parse(text.split('\n')[1] as string) as { rows: number }).rows;
}
