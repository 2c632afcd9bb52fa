/**
 * Real Redis servers for tests: on loopback, with nothing on disk, that can be paused, stopped and started again.
 *
 * What happens in them cannot be awaited, so tests ask again and again, within a bound: `eventually`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { createClient } from '@redis/client';
import { generate } from 'selfsigned';

export type RedisOptions = {
  /** Further arguments of `redis-server`. */
  args?: string[];
};

export type RunningRedis = {
  readonly url: URL;
  readonly port: number;
  readonly pid: number;
  /** Connections stay open and nothing is answered, as when a machine is out of breath. */
  pause(): void;
  resume(): void;
  /** At once, and what it held is gone. */
  stop(): Promise<void>;
  /** Stopped if it still runs, then started empty on the same port. */
  restart(): Promise<void>;
  /** One command, through a connection of its own. */
  send<T = unknown>(...command: string[]): Promise<T>;
  /** Names of the keys of a pattern. */
  scan(pattern: string): Promise<string[]>;
};

export function startRedis({ args = [] }: RedisOptions = {}): Promise<RunningRedis> {
  return run({
    args: (port) => ['--port', String(port), ...args],
    url: (port) => new URL(`redis://127.0.0.1:${port}`),
  });
}

export type TlsRedis = RunningRedis & {
  readonly user: string;
  readonly password: string;
  /** Of the CA that signed the server's certificate. */
  readonly caFile: string;
  /** Of a CA that signed nothing. */
  readonly strangerCaFile: string;
};

/** Speaks TLS alone; the default user is off and one user has `rights`, as ACL rules without name and password. */
export async function startTlsRedis({ rights }: { rights: string }): Promise<TlsRedis> {
  const user = 'gateway';
  const password = 'p@ss:word/1';
  const dir = await mkdtemp(join(tmpdir(), 'vitrine-tls-'));
  const write = async (name: string, text: string) => {
    await writeFile(join(dir, name), text);
    return join(dir, name);
  };
  const ca = await makeCa('the CA of the tests');
  const server = await generate([{ name: 'commonName', value: 'redis of the tests' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ca: { key: ca.private, cert: ca.cert },
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
    ],
  });
  const caFile = await write('ca.pem', ca.cert);
  const strangerCaFile = await write('stranger.pem', (await makeCa('a stranger')).cert);
  const tls = {
    '--tls-ca-cert-file': caFile,
    '--tls-cert-file': await write('server.pem', server.cert),
    '--tls-key-file': await write('server.key', server.private),
    '--tls-auth-clients': 'no',
    '--aclfile': await write('users.acl', `user default off\nuser ${user} on >${password} ${rights}\n`),
  };
  const redis = await run({
    args: (port) => ['--port', '0', '--tls-port', String(port), ...Object.entries(tls).flat()],
    url: (port) => new URL(`rediss://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}`),
    ca: ca.cert,
  });
  const { stop: end } = redis;
  const stop = async () => {
    await end();
    await rm(dir, { recursive: true, force: true });
  };
  return Object.assign(redis, { stop, user, password, caFile, strangerCaFile });
}

/** Asks until the answer is neither undefined nor false and nothing is thrown; for what happens in another process. */
export async function eventually<T>(ask: () => Promise<T> | T, withinMs = 10_000): Promise<T> {
  const endMs = performance.now() + withinMs;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      if (performance.now() > endMs) throw new Error(`not within ${withinMs} ms: ${ask}`);
    } catch (error) {
      if (performance.now() > endMs) throw error;
    }
    await delay(10);
  }
}

// ── One server ──────────────────────────────────────────────────────────────────────────────────────────────────────

type Plan = { args(port: number): string[]; url(port: number): URL; ca?: string };

async function run(plan: Plan): Promise<RunningRedis> {
  const port = await freePort();
  const url = plan.url(port);
  const dir = await mkdtemp(join(tmpdir(), 'vitrine-redis-'));
  let server = await start();

  async function start(): Promise<ChildProcess> {
    await mkdir(dir, { recursive: true });
    const fixed = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', dir];
    const child = spawn('redis-server', [...plan.args(port), ...fixed], { stdio: ['ignore', 'pipe', 'pipe'] });
    const kill = () => void child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('exit', () => process.removeListener('exit', kill));
    const said: string[] = [];
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => said.push(String(text)));
    await eventually(() => {
      if (child.exitCode === null) return answers({ port, ...(plan.ca ? { ca: plan.ca } : {}) });
      throw new Error(`redis-server ended: ${said.join('')}`);
    });
    return child;
  }

  async function kill(): Promise<void> {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  }

  return {
    url,
    port,
    get pid() {
      return server.pid as number;
    },
    pause: () => void server.kill('SIGSTOP'),
    resume: () => void server.kill('SIGCONT'),
    stop: async () => {
      await kill();
      await rm(dir, { recursive: true, force: true });
    },
    restart: async () => {
      await kill();
      server = await start();
    },
    send: async <T>(...command: string[]) => {
      const client = await connected();
      try {
        return (await client.sendCommand(command)) as T;
      } finally {
        client.destroy();
      }
    },
    scan: async (pattern) => {
      const client = await connected();
      try {
        return [...new Set((await Array.fromAsync(client.scanIterator({ MATCH: pattern, COUNT: 1_000 }))).flat())];
      } finally {
        client.destroy();
      }
    },
  };

  async function connected() {
    const client = createClient({
      url: url.href,
      ...(plan.ca ? { socket: { tls: true as const, ca: plan.ca } } : {}),
    });
    client.on('error', () => {}); // `connect` and the command tell.
    await client.connect();
    return client;
  }
}

/** Whether it answers at all; a refusal for want of a password is an answer. */
async function answers({ port, ca }: { port: number; ca?: string }): Promise<boolean> {
  const socket = ca ? connectTls({ port, host: '127.0.0.1', ca }) : connect({ port, host: '127.0.0.1' });
  try {
    socket.write('PING\r\n');
    const [reply] = await once(socket, 'data');
    return /^(\+PONG|-NOAUTH)/.test(String(reply));
  } finally {
    socket.destroy();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function makeCa(name: string) {
  return generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
}
