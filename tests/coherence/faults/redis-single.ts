/** What befalls one Redis server, and each gateway's line to it. */
import type { RunningRedis } from '../../support/redis.ts';
import type { Deployment, Replica } from '../deployment.ts';
import type { Line } from '../line.ts';
import { flush } from '../redis.ts';
import { redisUser } from '../settings.ts';
import {
  eras,
  type Fault,
  failedStoreOperations,
  isDegraded,
  type ReadySign,
  slowStoreOperations,
  storeOperations,
} from './fault.ts';

const isDown: ReadySign = (checks) => checks.redis?.status === 'down' && checks.coherence?.status === 'degraded';

/** On the one server. */
const toServer = (act: (server: RunningRedis) => unknown) => (at: Deployment) => {
  if (at.redis.kind !== 'single') throw new Error('this is for one server alone');
  return act(at.redis.server);
};

const lineOf = ({ redisLine }: Replica): Line => {
  if (redisLine === undefined) throw new Error('gateways have lines to one server alone');
  return redisLine;
};

/** On the line of each gateway. */
const toLines = (act: (line: Line) => void) => (at: Deployment) => {
  for (const replica of at.replicas) act(lineOf(replica));
};

export const singleRedisFaults: readonly Fault[] = [
  {
    name: 'Redis stopped',
    of: 'redis',
    cause: toServer((server) => server.kill()),
    heal: toServer((server) => server.restart()),
    tells: { readyz: isDown, counter: storeOperations('timeout') },
  },
  {
    name: 'Redis paused (SIGSTOP)',
    of: 'redis',
    cause: toServer((server) => server.pause()),
    heal: toServer((server) => server.resume()),
    tells: { readyz: isDegraded, counter: storeOperations('timeout') },
  },
  {
    name: 'Redis restarted empty, again and again',
    of: 'redis',
    cause: toServer((server) => server.restart()),
    againEveryMs: 700,
    tells: { counter: eras },
  },
  {
    name: 'Redis slow, within its deadline (60 ms each way)',
    of: 'redis',
    cause: toLines((line) => line.slow(60)),
    heal: toLines((line) => line.pass()),
    tells: { counter: slowStoreOperations },
  },
  {
    name: 'Redis slow, beyond its deadline (150 ms each way)',
    of: 'redis',
    cause: toLines((line) => line.slow(150)),
    heal: toLines((line) => line.pass()),
    tells: { readyz: isDegraded, counter: storeOperations('timeout') },
  },
  {
    name: 'Redis silent to one gateway alone',
    of: 'redis',
    cause: (_at, { struck }) => lineOf(struck).silence(),
    heal: (_at, { struck }) => lineOf(struck).pass(),
    tells: { readyz: isDegraded, counter: storeOperations('timeout') },
  },
  {
    name: 'Redis flushed behind the back of a gateway that is cut off',
    of: 'redis',
    cause: (_at, { struck }) => lineOf(struck).silence(),
    heal: async ({ redis }, { struck }) => {
      await flush(redis);
      lineOf(struck).pass();
    },
    tells: { readyz: isDegraded, counter: storeOperations('timeout') },
  },
  {
    name: 'connections to Redis cut, again and again',
    of: 'redis',
    cause: toLines((line) => line.cut()),
    againEveryMs: 150,
    tells: { counter: failedStoreOperations },
  },
  {
    name: 'Redis refuses every command (ACL)',
    of: 'redis',
    cause: toServer((server) => server.send('ACL', 'SETUSER', redisUser, '-@all')),
    heal: toServer((server) => server.send('ACL', 'SETUSER', redisUser, '+@all')),
    tells: { readyz: isDegraded, counter: storeOperations('error') },
  },
  {
    name: 'Redis refuses to write (maxmemory, noeviction)',
    of: 'redis',
    cause: toServer(async (server) => {
      await server.send('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
      await server.send('CONFIG', 'SET', 'maxmemory', '1');
    }),
    heal: toServer((server) => server.send('CONFIG', 'SET', 'maxmemory', '0')),
    tells: { readyz: isDegraded, counter: storeOperations('error') },
  },
];
