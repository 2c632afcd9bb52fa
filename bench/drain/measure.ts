/** One way, once, in a process of its own. What it says that it pulled is held against what upstream gave. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { RunningRedis } from '../../tests/support/redis.ts';
import type { Upstream } from './upstream.ts';
import type { Opening } from './way.ts';
import type { Way } from './ways.ts';
import type { Pulled, Reply, Settings } from './worker.ts';

const file = fileURLToPath(new URL('worker.ts', import.meta.url));

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
  const pulled = await inChild({ way, opening });
  const pages = await upstream.pages();
  const { count } = upstream;
  if (pulled.rows !== count) throw new Error(`It pulled ${pulled.rows} rows of ${count}.`);
  const least = Math.ceil(count / pageSize);
  if (pages < least) throw new Error(`It asked for ${pages} pages of ${least}.`);
  const inRedis = way.isOnRedis ? await rowsIn(redis) : count;
  if (inRedis !== count) throw new Error(`It left ${inRedis} rows of ${count} in Redis.`);
  return { ...pulled, pages };
}

async function inChild(settings: Settings): Promise<Pulled> {
  const child = fork(file, {
    execArgv: [],
    env: { PATH: process.env.PATH, NODE_ENV: 'production' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.removeListener('exit', kill));
  try {
    const reply = await replyTo(child, settings);
    if ('error' in reply) throw new Error(reply.error);
    return reply.pulled;
  } finally {
    const ended = once(child, 'exit');
    if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await ended;
  }
}

function replyTo(child: ChildProcess, settings: Settings): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  child.once('message', (reply: Reply) => resolve(reply));
  child.once('exit', (code, signal) => reject(new Error(`Its process ended by ${signal ?? `exit code ${code}`}.`)));
  child.send(settings);
  return promise;
}

/** As the manifest of the drain has it, which is written when all of its chunks are there. */
async function rowsIn(redis: RunningRedis): Promise<number> {
  const [manifest] = await redis.scan('{vitrine}:*:base:catalogs:*');
  if (manifest === undefined) return 0;
  const text = await redis.send<string>('GET', manifest);
  return (JSON.parse(text.split('\n')[1] as string) as { rows: number }).rows;
}
