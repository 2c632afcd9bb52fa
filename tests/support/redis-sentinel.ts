/**
 * Sentinels on loopback that watch a master and its replicas. They promote a replica about two seconds after the master
 * is gone, or when they are told to.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from './ports.ts';
import { eventually, type RunningRedis, runServer } from './redis.ts';
import { adminUser, gatewayUser, makeTls, type Tls, urlOf, userWith } from './redis-access.ts';

/** What the sentinels call the master and its replicas together. */
const group = 'vitrine-main';
const sentinelCount = 3;
const quorum = 2;

export type RunningSentinels = {
  /** What they call the master and its replicas together. */
  readonly group: string;
  /** As a gateway is told of them. */
  readonly settings: Record<string, string>;
  readonly tls: Tls | undefined;
  readonly sentinels: readonly RunningRedis[];
  readonly servers: readonly RunningRedis[];
  /** As most of the sentinels say who answer. */
  master(): Promise<RunningRedis>;
  /** From now on this is the master, by word of these sentinels alone, or of all. */
  watch(server: RunningRedis, by?: readonly RunningRedis[]): Promise<void>;
  /** As by an operator: a replica is promoted. An old master that is well goes on as one for about ten seconds. */
  failOver(): Promise<void>;
  /** A sentinel that has not heard of the others, nor of any failover; it watches this server alone. */
  startStray(server: RunningRedis): Promise<RunningRedis>;
  /** Until the sentinels know each other and the master has its replicas. */
  settled(): Promise<void>;
  stop(): Promise<void>;
};

type Options = {
  replicas?: number;
  /**
   * They fail over when they are told to and never else. On a busy machine a server is soon silent for a second, and is
   * replaced by them; then so is the one that they put in its place.
   */
  obedient?: boolean;
  /** With them all speak TLS alone, and a gateway has a user with these rights at the servers and those at the sentinels. */
  rights?: { servers: string; sentinels: string };
};

/** When a server counts as gone, and how long promoting another may take. Both in ms. */
type Patience = { downAfterMs: number; failoverTimeoutMs: number };
const little: Patience = { downAfterMs: 1_000, failoverTimeoutMs: 3_000 };
const endless: Patience = { downAfterMs: 3_600_000, failoverTimeoutMs: 20_000 };

type Access = { tls: Tls; servers: string[]; sentinels: string };

export async function startSentinels({
  replicas = 1,
  obedient = false,
  rights,
}: Options = {}): Promise<RunningSentinels> {
  const tls = rights && (await makeTls());
  const access = tls && (await secured(tls, rights));
  const first = await startServer(access);
  const others = await Promise.all(Array.from({ length: replicas }, () => startServer(access, first.port)));
  const servers = [first, ...others];
  const watch = ({ port }: RunningRedis) => startSentinel(access, port, obedient ? endless : little);
  const sentinels = await Promise.all(Array.from({ length: sentinelCount }, () => watch(first)));
  const running = new Group(servers, sentinels);
  await running.settled();
  const strays: RunningRedis[] = [];
  return Object.assign(running, {
    group,
    startStray: async (server: RunningRedis) => {
      const stray = await watch(server);
      strays.push(stray);
      return stray;
    },
    settings: {
      REDIS_MODE: 'sentinel',
      REDIS_URL: groupUrl(access),
      REDIS_SENTINELS: sentinels.map(({ port }) => sentinelAddress(port, access)).join(','),
      ...(tls ? { REDIS_CA_FILE: tls.caFile } : {}),
    },
    tls,
    stop: async () => {
      await Promise.all([...sentinels, ...strays, ...servers].map((server) => server.stop()));
      await tls?.remove();
    },
  });
}

function groupUrl(access: Access | undefined): string {
  const { user, password } = gatewayUser;
  return access ? `rediss://${user}:${encodeURIComponent(password)}@${group}` : `redis://${group}`;
}

function sentinelAddress(port: number, access: Access | undefined): string {
  return access ? urlOf(port, gatewayUser, 'rediss:').href.slice('rediss://'.length) : `127.0.0.1:${port}`;
}

async function secured(tls: Tls, rights: { servers: string; sentinels: string }): Promise<Access> {
  const users = (mine: string) =>
    ['user default off', userWith(adminUser, '~* &* +@all'), userWith(gatewayUser, mine)].join('\n');
  const aclFile = await tls.write('users.acl', `${users(rights.servers)}\n`);
  const as = ['--masteruser', adminUser.user, '--masterauth', adminUser.password];
  return {
    tls,
    servers: [...tls.args, '--tls-replication', 'yes', ...as, '--aclfile', aclFile],
    sentinels: users(rights.sentinels),
  };
}

function startServer(access: Access | undefined, masterPort?: number): Promise<RunningRedis> {
  const following = masterPort === undefined ? [] : ['--replicaof', `127.0.0.1 ${masterPort}`];
  return runServer({
    args: (port) => [
      ...(access ? ['--port', '0', '--tls-port', String(port)] : ['--port', String(port)]),
      ...['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1'],
      ...following,
      ...(access?.servers ?? []),
    ],
    url: (port) => urlFor(port, access),
    ca: access?.tls.ca,
  });
}

function urlFor(port: number, access: Access | undefined): URL {
  return access ? urlOf(port, adminUser, 'rediss:') : new URL(`redis://127.0.0.1:${port}`);
}

/** It writes what it learns into its file. */
async function startSentinel(
  access: Access | undefined,
  masterPort: number,
  patience: Patience,
): Promise<RunningRedis> {
  const port = await freePort();
  return runServer({
    port,
    args: async (_port, dir) => {
      const file = join(dir, 'sentinel.conf');
      await writeFile(file, `${sentinelConf(port, masterPort, access, patience).join('\n')}\n`);
      return [file, '--sentinel'];
    },
    url: () => urlFor(port, access),
    ca: access?.tls.ca,
  });
}

function sentinelConf(
  port: number,
  masterPort: number,
  access: Access | undefined,
  { downAfterMs, failoverTimeoutMs }: Patience,
): string[] {
  const { user, password } = adminUser;
  const authenticated = access && [
    'port 0',
    `tls-port ${port}`,
    'tls-replication yes',
    ...inPairs(access.tls.args).map(([name, value]) => `${name.slice(2)} ${value}`),
    access.sentinels,
    `sentinel auth-user ${group} ${user}`,
    `sentinel auth-pass ${group} ${password}`,
    `sentinel sentinel-user ${user}`,
    `sentinel sentinel-pass ${password}`,
  ];
  const [listening, ...credentials] = authenticated ? ['', ...authenticated] : [`port ${port}`];
  return [
    `${listening}`,
    `sentinel monitor ${group} 127.0.0.1 ${masterPort} ${quorum}`,
    `sentinel down-after-milliseconds ${group} ${downAfterMs}`,
    `sentinel failover-timeout ${group} ${failoverTimeoutMs}`,
    ...credentials,
  ];
}

function inPairs(list: readonly string[]): [string, string][] {
  return list.flatMap((name, index) =>
    index % 2 === 0 ? [[name, list[index + 1] as string] as [string, string]] : [],
  );
}

class Group {
  readonly servers: readonly RunningRedis[];
  readonly sentinels: readonly RunningRedis[];

  constructor(servers: readonly RunningRedis[], sentinels: readonly RunningRedis[]) {
    this.servers = servers;
    this.sentinels = sentinels;
  }

  async master(): Promise<RunningRedis> {
    const asked = await Promise.allSettled(
      this.sentinels.map((sentinel) => sentinel.send<string[]>('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', group)),
    );
    const ports = asked.flatMap((answer) => (answer.status === 'fulfilled' ? [Number(answer.value[1])] : []));
    const wanted = ports.find((port) => ports.filter((other) => other === port).length >= quorum);
    const master = this.servers.find(({ port }) => port === wanted);
    if (master === undefined) throw new Error(`the sentinels do not agree: ${ports}`);
    return master;
  }

  async watch({ port }: RunningRedis, by = this.sentinels): Promise<void> {
    const lead = async (sentinel: RunningRedis) => {
      await sentinel.send('SENTINEL', 'REMOVE', group);
      await sentinel.send('SENTINEL', 'MONITOR', group, '127.0.0.1', String(port), String(quorum));
    };
    await Promise.all(by.map(lead));
  }

  async failOver(): Promise<void> {
    const [sentinel] = this.sentinels;
    // None can be promoted while what is known of the replicas is old, or the last failover is not over.
    await eventually(() => sentinel?.send('SENTINEL', 'FAILOVER', group), 20_000);
  }

  async settled(): Promise<void> {
    for (const sentinel of this.sentinels) await eventually(() => this.#knowsAll(sentinel), 20_000);
    const master = await this.master();
    const online = async () => (await master.send<string>('INFO', 'replication')).match(/state=online/g) ?? [];
    await eventually(async () => (await online()).length === this.servers.length - 1, 20_000);
  }

  async #knowsAll(sentinel: RunningRedis): Promise<boolean> {
    const told = await sentinel.send<string>('INFO', 'sentinel');
    return told.includes(`status=ok`) && told.includes(`slaves=${this.servers.length - 1},sentinels=${sentinelCount}`);
  }
}
