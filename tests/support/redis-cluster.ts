/**
 * A real Redis Cluster on loopback: three masters, each with a replica, that notice within about a second when one of
 * them is gone. What a dead master's slots do costs no other slots (`cluster-require-full-coverage no`).
 */
import { freePort } from './ports.ts';
import { eventually, type RunningRedis, runServer } from './redis.ts';
import { adminUser, gatewayUser, makeTls, type Tls, urlOf, userWith } from './redis-access.ts';

const masterCount = 3;
const slotCount = 16_384;

export type RunningCluster = {
  /** As a gateway is told of it: by one of its nodes. */
  readonly settings: Record<string, string>;
  readonly tls: Tls | undefined;
  readonly nodes: readonly RunningRedis[];
  masters(): Promise<RunningRedis[]>;
  /** Who has the slot of a key now, as they say who run. */
  masterOf(key: string): Promise<RunningRedis>;
  /** One command, at the master of the key it is about. */
  send<T = unknown>(key: string, ...command: string[]): Promise<T>;
  /** Names of the keys of a pattern, of all masters. */
  scan(pattern: string): Promise<string[]>;
  /** Begins to move the slot of a key to another master. */
  move(key: string): Promise<Move>;
  /** Until all nodes agree that every slot has a master, and every master a replica that follows. */
  settled(): Promise<void>;
  stop(): Promise<void>;
};

/** A slot on its way from one master to another. Keys go one by one; the slot is the other's when it is `end`ed. */
type Move = {
  readonly to: RunningRedis;
  keys(...names: string[]): Promise<void>;
  /** The keys that are left, and then the slot. */
  end(): Promise<void>;
};

/** @param rights - With them the cluster speaks TLS alone, and a gateway has a user with these rights. */
export async function startCluster({ rights }: { rights?: string } = {}): Promise<RunningCluster> {
  const tls = rights === undefined ? undefined : await makeTls();
  const access = tls && (await secured(tls, rights as string));
  const starting = Array.from({ length: 2 * masterCount }, () => startNode(access));
  const nodes = await Promise.all(starting);
  const cluster = new Cluster(nodes, { isSecured: tls !== undefined });
  await cluster.join();
  const { port } = nodes[0] as RunningRedis;
  return Object.assign(cluster, {
    settings: {
      REDIS_MODE: 'cluster',
      REDIS_URL: tls ? urlOf(port, gatewayUser, 'rediss:').href : `redis://127.0.0.1:${port}`,
      ...(tls ? { REDIS_CA_FILE: tls.caFile } : {}),
    },
    tls,
    stop: async () => {
      await Promise.all(nodes.map((node) => node.stop()));
      await tls?.remove();
    },
  });
}

type Access = { tls: Tls; args: string[] };

async function secured(tls: Tls, rights: string): Promise<Access> {
  const users = ['user default off', userWith(adminUser, '~* &* +@all'), userWith(gatewayUser, rights)];
  const aclFile = await tls.write('users.acl', `${users.join('\n')}\n`);
  const between = ['--tls-cluster', 'yes', '--tls-replication', 'yes'];
  const as = ['--masteruser', adminUser.user, '--masterauth', adminUser.password];
  return { tls, args: [...tls.args, ...between, ...as, '--aclfile', aclFile] };
}

async function startNode(access: Access | undefined): Promise<RunningRedis> {
  const busPort = await freePort();
  const clustered = {
    '--cluster-enabled': 'yes',
    '--cluster-config-file': 'nodes.conf',
    '--cluster-node-timeout': '1000',
    '--cluster-port': String(busPort),
    '--cluster-require-full-coverage': 'no',
    '--repl-diskless-sync-delay': '0',
    // A replica that has heard nothing yet is not listed.
    '--repl-ping-replica-period': '1',
  };
  const listening = (port: number) => (access ? ['--port', '0', '--tls-port', String(port)] : ['--port', String(port)]);
  const node = await runServer({
    args: (port) => [...listening(port), ...Object.entries(clustered).flat(), ...(access?.args ?? [])],
    url: (port) => (access ? urlOf(port, adminUser, 'rediss:') : new URL(`redis://127.0.0.1:${port}`)),
    ca: access?.tls.ca,
  });
  return Object.assign(node, { busPort });
}

type Node = RunningRedis & { busPort?: number };
/** Slots, and who has them. */
type Range = [from: number, to: number, master: ListedNode, ...replicas: ListedNode[]];
type ListedNode = [host: string, port: number, id: string];

class Cluster {
  readonly nodes: readonly Node[];
  /** By key; it never changes. */
  readonly #slots = new Map<string, number>();

  readonly #isSecured: boolean;

  constructor(nodes: readonly Node[], { isSecured }: { isSecured: boolean }) {
    this.nodes = nodes;
    this.#isSecured = isSecured;
  }

  async join(): Promise<void> {
    const [first] = this.nodes as [Node];
    const masters = this.nodes.slice(0, masterCount);
    for (const [index, master] of masters.entries()) {
      const [from, to] = [index, index + 1].map((part) => Math.floor((part * slotCount) / masterCount)) as [
        number,
        number,
      ];
      await master.send('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to - 1));
      await master.send('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
    }
    for (const { port, busPort } of this.nodes.slice(1)) {
      await first.send('CLUSTER', 'MEET', '127.0.0.1', String(port), String(busPort));
    }
    for (const [index, replica] of this.nodes.slice(masterCount).entries()) {
      const id = await (masters[index] as Node).send<string>('CLUSTER', 'MYID');
      await eventually(() => replica.send('CLUSTER', 'REPLICATE', id));
    }
    await this.settled();
  }

  async settled(): Promise<void> {
    for (const node of this.nodes) await eventually(() => this.#seesAll(node), 20_000);
    for (const master of await this.masters()) {
      await eventually(async () => /slave0:.*state=online/.test(await master.send<string>('INFO', 'replication')));
    }
  }

  async #seesAll(node: Node): Promise<boolean> {
    if (!/cluster_state:ok/.test(await node.send<string>('CLUSTER', 'INFO'))) return false;
    const ranges = await node.send<Range[]>('CLUSTER', 'SLOTS');
    const covered = ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0);
    return covered === slotCount && ranges.every(([, , , ...replicas]) => replicas.length === 1);
  }

  async masters(): Promise<RunningRedis[]> {
    const ports = new Set((await this.#ranges()).map(([, , [, port]]) => port));
    return this.nodes.filter(({ port }) => ports.has(port));
  }

  async masterOf(key: string): Promise<RunningRedis> {
    const slot = this.#slots.get(key) ?? (await this.#anyOne((node) => node.send<number>('CLUSTER', 'KEYSLOT', key)));
    this.#slots.set(key, slot);
    const range = (await this.#ranges()).find(([from, to]) => from <= slot && slot <= to);
    return this.#at(range?.[2][1]);
  }

  async move(key: string): Promise<Move> {
    const from = await this.masterOf(key);
    const to = (await this.masters()).find((master) => master !== from) as RunningRedis;
    const slot = String(this.#slots.get(key));
    const [fromId, toId] = await Promise.all([from, to].map((node) => node.send<string>('CLUSTER', 'MYID')));
    await to.send('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId as string);
    await from.send('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId as string);
    const keys = async (...names: string[]) => {
      const as = this.#isSecured ? ['AUTH2', adminUser.user, adminUser.password] : [];
      for (const name of names) {
        await from.send('MIGRATE', '127.0.0.1', String(to.port), name, '0', '5000', ...as);
      }
    };
    const end = async () => {
      await keys(...(await from.send<string[]>('CLUSTER', 'GETKEYSINSLOT', slot, '10000')));
      for (const node of [to, from]) await node.send('CLUSTER', 'SETSLOT', slot, 'NODE', toId as string);
    };
    return { to, keys, end };
  }

  async send<T>(key: string, ...command: string[]): Promise<T> {
    return (await this.masterOf(key)).send<T>(...command);
  }

  async scan(pattern: string): Promise<string[]> {
    const found = await Promise.all((await this.masters()).map((master) => master.scan(pattern)));
    return [...new Set(found.flat())];
  }

  #ranges(): Promise<Range[]> {
    return this.#anyOne((node) => node.send<Range[]>('CLUSTER', 'SLOTS'));
  }

  /** Whichever runs. */
  async #anyOne<T>(ask: (node: Node) => Promise<T>): Promise<T> {
    for (const node of this.nodes) {
      if (node.isRunning) return ask(node);
    }
    throw new Error('no node runs');
  }

  #at(port: number | undefined): RunningRedis {
    const node = this.nodes.find((one) => one.port === port);
    if (node === undefined) throw new Error(`no node at ${port}`);
    return node;
  }
}
