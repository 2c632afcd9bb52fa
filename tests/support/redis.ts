/**
 * Real Redis servers for tests: on loopback, with nothing on disk, that can be paused, stopped and started again.
 *
 * What happens in them cannot be awaited, so tests ask again and again, within a bound: `eventually`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { createClient } from '@redis/client';
import { freePort } from './ports.ts';
import { type Credentials, gatewayUser, makeTls, type Tls, urlOf, userWith } from './redis-access.ts';

export type RedisOptions = {
  /** Further arguments of `redis-server`. */
  args?: string[];
};

export type RunningRedis = {
  readonly url: URL;
  readonly port: number;
  readonly pid: number;
  /** Neither killed nor paused. */
  readonly isRunning: boolean;
  /** Connections stay open and nothing is answered, as when a machine is out of breath. */
  pause(): void;
  resume(): void;
  /** At once, and what it held is gone; `restart` brings it back. */
  kill(): Promise<void>;
  /** For good. */
  stop(): Promise<void>;
  /** Stopped if it still runs, then started empty on the same port. */
  restart(): Promise<void>;
  /** One command, through a connection of its own. */
  send<T = unknown>(...command: string[]): Promise<T>;
  /** Names of the keys of a pattern. */
  scan(pattern: string): Promise<string[]>;
};

export function startRedis({ args = [] }: RedisOptions = {}): Promise<RunningRedis> {
  return runServer({
    args: (port) => ['--port', String(port), ...args],
    url: (port) => new URL(`redis://127.0.0.1:${port}`),
  });
}

export type TlsRedis = RunningRedis & Credentials & Pick<Tls, 'caFile' | 'strangerCaFile'>;

/** Speaks TLS alone; the default user is off and one user has `rights`, as ACL rules without name and password. */
export async function startTlsRedis({ rights }: { rights: string }): Promise<TlsRedis> {
  const tls = await makeTls();
  const aclFile = await tls.write('users.acl', `user default off\n${userWith(gatewayUser, rights)}\n`);
  const redis = await runServer({
    args: (port) => ['--port', '0', '--tls-port', String(port), ...tls.args, '--aclfile', aclFile],
    url: (port) => urlOf(port, gatewayUser, 'rediss:'),
    ca: tls.ca,
  });
  const { stop: end } = redis;
  const stop = async () => {
    await end();
    await tls.remove();
  };
  return Object.assign(redis, { ...gatewayUser, stop, caFile: tls.caFile, strangerCaFile: tls.strangerCaFile });
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

export type Plan = {
  /** @param dir - Of the server's own; gone once it is stopped. */
  args(port: number, dir: string): string[] | Promise<string[]>;
  /** By which the test itself talks to it. */
  url(port: number): URL;
  ca?: string | undefined;
  /** The port that others already know. */
  port?: number;
};

export async function runServer(plan: Plan): Promise<RunningRedis> {
  const port = plan.port ?? (await freePort());
  const url = plan.url(port);
  const dir = await mkdtemp(join(tmpdir(), 'vitrine-redis-'));
  let isPaused = false;
  let server = await start();

  async function start(): Promise<ChildProcess> {
    await mkdir(dir, { recursive: true });
    const fixed = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', dir];
    const args = [...(await plan.args(port, dir)), ...fixed];
    const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const kill = () => void child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('exit', () => process.removeListener('exit', kill));
    const said: string[] = [];
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => said.push(String(text)));
    await eventually(() => {
      if (child.exitCode === null) return answers({ port, ca: plan.ca });
      throw new Error(`redis-server ended: ${said.join('')}`);
    });
    return child;
  }

  async function kill(): Promise<void> {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
    isPaused = false;
  }

  return {
    url,
    port,
    get pid() {
      return server.pid as number;
    },
    get isRunning() {
      return server.exitCode === null && server.signalCode === null && !isPaused;
    },
    pause: () => {
      isPaused = server.kill('SIGSTOP');
    },
    resume: () => {
      server.kill('SIGCONT');
      isPaused = false;
    },
    kill,
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
      socket: { reconnectStrategy: false, ...(plan.ca ? { tls: true as const, ca: plan.ca } : {}) },
    });
    client.on('error', () => {}); // `connect` and the command tell.
    await client.connect();
    return client;
  }
}

/** Whether it answers at all; a refusal for want of a password is an answer. */
async function answers({ port, ca }: { port: number; ca?: string | undefined }): Promise<boolean> {
  const socket = ca ? connectTls({ port, host: '127.0.0.1', ca }) : connect({ port, host: '127.0.0.1' });
  try {
    socket.write('PING\r\n');
    const [reply] = await once(socket, 'data');
    return /^(\+PONG|-NOAUTH)/.test(String(reply));
  } finally {
    socket.destroy();
  }
}
