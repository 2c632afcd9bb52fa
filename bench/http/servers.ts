/** Who is measured: Vitrine in its forms, the peers, and what answers with fixed bytes, which is the most there can be. */
import { join } from 'node:path';
import { webhookSecret } from './changes.ts';
import type { Role } from './cores.ts';
import type { DataName } from './upstreams.ts';

/** What a server is started with. */
type Setting = {
  data: DataName;
  upstreamUrl: string;
  redisUrl: string;
  /** Folder of `answer.json` and `headers.json`: what Vitrine answers where its answer never changes. */
  answerDir: string;
  /** Free at the moment, for those who cannot choose for themselves. */
  port: number;
};

type Command = {
  /** Node when absent. */
  file?: string;
  args: readonly string[];
  env?: Readonly<Record<string, string>>;
};

export type Server = {
  name: string;
  title: string;
  kind: 'vitrine' | 'peer' | 'ceiling';
  /** Keeps what it answered, or what it is made of. */
  keeps: boolean;
  method: 'GET' | 'POST';
  /** Of the endpoint, below the address that it listens on. */
  path: string;
  /** Is ready once this path answers with 200. */
  readyPath?: string;
  /** Asked through nginx, by `ops/nginx/vitrine.conf`. */
  isBehindNginx?: true;
  /** Names of the works that it takes part in; all when absent. */
  works?: readonly string[];
  /** Whose cores it may use, where the server is apart; its own when absent. */
  cores?: readonly Role[];
  command: (setting: Setting) => Command;
};

export const servers: readonly Server[] = [
  vitrine('vitrine', 'Vitrine', {}),
  vitrine('vitrine-redis', 'Vitrine, on Redis', {}, { onRedis: true }),
  vitrine('vitrine-off', 'Vitrine, `RESPONSE_CACHE=off`', { RESPONSE_CACHE: 'off' }),
  { ...vitrine('vitrine-get', 'Vitrine, by GET', {}), method: 'GET' },
  { ...vitrine('vitrine-nginx', 'Vitrine behind nginx, by GET', {}), method: 'GET', isBehindNginx: true },
  byWorkers(1),
  byWorkers(2),
  peer('apollo-standalone', 'Apollo Server'),
  peer('apollo-fastify', 'Apollo Server on Fastify'),
  ...withCache('apollo-response-cache', 'Apollo Server on Fastify + response cache'),
  peer('mercurius', 'Mercurius'),
  peer('mercurius-jit', 'Mercurius + JIT'),
  ...withCache('mercurius-cache', 'Mercurius + JIT + mercurius-cache'),
  peer('yoga', 'GraphQL Yoga'),
  ...withCache('yoga-response-cache', 'GraphQL Yoga + response cache'),
  peer('hive-gateway', 'Hive Gateway before Yoga'),
  ...withCache('hive-gateway-response-cache', 'Hive Gateway before Yoga + response cache'),
  peer('graphql-jit-express', 'graphql-jit on Express'),
  // The faster client, which their docs do not name, for the fastest of each kind.
  ...[
    peer('apollo-fastify', 'Apollo Server on Fastify'),
    peer('mercurius-jit', 'Mercurius + JIT'),
    peer('mercurius-cache-memory', 'Mercurius + JIT + mercurius-cache, in memory', 'mercurius-cache'),
  ].map(byUndici),
  ceiling('fixed-fastify', 'fixed body, Fastify', {
    command: ({ answerDir }) => ({ args: ['bench/http/ceilings/fastify.ts', answerDir] }),
  }),
  ceiling('fixed-node', 'fixed body, `node:http`', {
    command: ({ answerDir }) => ({ args: ['bench/http/ceilings/node.ts', answerDir] }),
  }),
  ceiling('nginx', 'static file, nginx', {
    method: 'GET', // It gives no file to a POST.
    path: '/answer.json',
    command: ({ answerDir, port }) => ({
      file: 'bench/http/ceilings/nginx.sh',
      args: [answerDir, String(port)],
    }),
  }),
];

function vitrine(
  name: string,
  title: string,
  env: Record<string, string>,
  { onRedis = false }: { onRedis?: boolean } = {},
): Server {
  return {
    name,
    title,
    kind: 'vitrine',
    keeps: env.RESPONSE_CACHE !== 'off',
    method: 'POST',
    path: '/graphql',
    readyPath: '/readyz',
    command: ({ data, upstreamUrl, redisUrl }) => ({
      args: data === 'posts' ? ['bench/http/posts/vitrine.ts'] : ['bin/vitrine.js', 'serve'],
      env: {
        HOST: '127.0.0.1',
        PORT: '0',
        UPSTREAM_URL: upstreamUrl,
        WEBHOOK_SECRET: webhookSecret,
        ...(onRedis && { REDIS_URL: redisUrl }),
        ...env,
      },
    }),
  };
}

/** On both cores, so that a second worker has one; what is kept and what is not. */
function byWorkers(count: number): Server {
  const title = `Vitrine, on Redis, \`WORKERS=${count}\`, on both cores`;
  const own = vitrine(`vitrine-workers-${count}`, title, { WORKERS: String(count) }, { onRedis: true });
  return { ...own, works: ['Q4', 'Q6'], cores: ['load', 'server'] };
}

function peer(name: string, title: string, file = name, { onRedis = false }: { onRedis?: boolean } = {}): Server {
  return {
    name,
    title,
    kind: 'peer',
    keeps: file.endsWith('-cache'),
    method: 'POST',
    path: '/graphql',
    command: ({ data, upstreamUrl, redisUrl }) => ({
      args: [join('bench/peers', `${file}.js`)],
      env: {
        DATA: data === 'posts' ? 'posts' : 'catalogs',
        UPSTREAM_URL: upstreamUrl,
        ...(onRedis && { REDIS_URL: redisUrl }),
      },
    }),
  };
}

/** Reads the API by undici's `request`. */
function byUndici({ name, title, command, ...others }: Server): Server {
  return {
    ...others,
    name: `${name}-undici`,
    title: `${title}, by undici`,
    command: (setting) => {
      const { env, ...rest } = command(setting);
      return { ...rest, env: { ...env, CLIENT: 'undici' } };
    },
  };
}

function withCache(file: string, title: string): Server[] {
  return [
    peer(`${file}-memory`, `${title}, in memory`, file),
    peer(`${file}-redis`, `${title}, on Redis`, file, { onRedis: true }),
  ];
}

function ceiling(name: string, title: string, own: Pick<Server, 'command'> & Partial<Server>): Server {
  return { name, title, kind: 'ceiling', keeps: true, method: 'POST', path: '/graphql', ...own };
}
