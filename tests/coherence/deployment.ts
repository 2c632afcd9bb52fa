/**
 * What is put under faults: some gateways on one Redis over one API, all by real sockets, each line of which can fail.
 *
 *   readers, writers ─► gateway A ─ line ─► Redis
 *                  └──► gateway B ─ line ──┘   └─ line (of A, of B) ─► the embedded upstream, in this process
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type EmbeddedUpstream, startEmbeddedUpstream } from '../../src/embedded/index.ts';
import { eventually } from '../support/redis.ts';
import { Catalogue, sellers } from './catalogue.ts';
import { GatewayProcess } from './gateway.ts';
import { Line } from './line.ts';
import { openRedis, type RedisKind, type RedisUnderTest } from './redis.ts';
import { gatewaySettings, makeSchemaDir, secrets } from './settings.ts';

export type Replica = {
  readonly gateway: GatewayProcess;
  /** To a single server; there is none to the nodes of a topology. */
  readonly redisLine: Line | undefined;
  readonly upstreamLine: Line;
};

export type Deployment = {
  readonly catalogue: Catalogue;
  readonly upstream: EmbeddedUpstream;
  readonly redis: RedisUnderTest;
  readonly replicas: readonly Replica[];
  /** Called after each page of the collection that upstream has made and not sent yet, while `latencyMs` is set on it. */
  onPageMade: () => void;
  /** Ends what is at fault with upstream. */
  healUpstream(): void;
  close(): Promise<void>;
};

type Options = {
  redis?: RedisKind;
  replicas?: number;
  rows?: number;
  /** How far away upstream is: at none, reads that are sent at the same time hardly ever overlap. */
  upstreamLatencyMs?: number;
  /** Of each gateway, besides its settings. */
  env?: Record<string, string>;
  /** Where what gateways print is kept. */
  logDir?: string;
};

/** Resolves once every gateway has all to serve. */
export async function openDeployment({
  redis: kind = 'single',
  replicas: count = 2,
  rows = 60,
  upstreamLatencyMs,
  env = {},
  logDir,
}: Options = {}): Promise<Deployment> {
  const catalogue = new Catalogue({ rows });
  const hooks = { onPageMade: () => {} };
  const [redis, schemaDir, upstream] = await Promise.all([
    openRedis(kind),
    makeSchemaDir(),
    openUpstream(catalogue, () => hooks.onPageMade()),
  ]);
  const open = { redis, upstream, schemaDir: schemaDir.path, env, logDir };
  const replicas = await Promise.all(Array.from({ length: count }, (_, index) => openReplica(index, open)));
  const deployment: Deployment = Object.assign(hooks, {
    catalogue,
    upstream,
    redis,
    replicas,
    healUpstream: () => upstream.faults.replace({ latencyMs: upstreamLatencyMs ?? false }),
    close: async () => {
      for (const node of redis.nodes) node.resume();
      await Promise.all(replicas.map(closeReplica));
      await Promise.all([redis.close(), upstream.close(), schemaDir.remove()]);
    },
  });
  try {
    deployment.healUpstream();
    await untilReady(deployment);
    return deployment;
  } catch (error) {
    await deployment.close();
    throw error;
  }
}

/** Until each gateway says that all is well. */
export async function untilReady({ replicas }: Deployment, withinMs = 20_000): Promise<void> {
  await Promise.all(
    replicas.map(({ gateway }) => eventually(async () => (await gateway.readyz()).status === 'ok', withinMs)),
  );
}

async function openUpstream(catalogue: Catalogue, onPageMade: () => void): Promise<EmbeddedUpstream> {
  const upstream = await startEmbeddedUpstream({
    collections: { catalogs: catalogue.present, sellers },
    token: secrets.upstream,
    sleep: async (ms, signal) => {
      onPageMade();
      await delay(ms, undefined, signal ? { signal } : {});
    },
  });
  catalogue.serveFrom({
    put: (row) => upstream.collections.put('catalogs', row),
    remove: (id) => void upstream.collections.remove('catalogs', id),
  });
  return upstream;
}

type Open = Pick<Deployment, 'redis' | 'upstream'> & {
  schemaDir: string;
  env: Record<string, string>;
  logDir: string | undefined;
};

async function openReplica(index: number, { redis, upstream, schemaDir, env, logDir }: Open): Promise<Replica> {
  const [redisLine, upstreamLine] = await Promise.all([
    redis.kind === 'single' ? Line.open(redis.server.port) : undefined,
    Line.open(Number(new URL(upstream.url).port)),
  ]);
  const settings = {
    ...gatewaySettings,
    SCHEMA_DIR: schemaDir,
    ...redis.settings(redisLine?.port),
    UPSTREAM_URL: `http://127.0.0.1:${upstreamLine.port}`,
  };
  const gateway = new GatewayProcess(String.fromCharCode(65 + index), { ...env, ...settings }, logDir);
  await gateway.start();
  return { gateway, redisLine, upstreamLine };
}

async function closeReplica({ gateway, redisLine, upstreamLine }: Replica): Promise<void> {
  await gateway.kill();
  await Promise.all([redisLine?.close(), upstreamLine.close()]);
}
