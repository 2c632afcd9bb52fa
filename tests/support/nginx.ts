/**
 * Real nginx before a gateway, by `ops/nginx/vitrine.conf` as it stands there, but for addresses, the folder it keeps
 * answers in, and what a test replaces. One process on loopback, whoever runs it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './ports.ts';
import { eventually } from './redis.ts';

const example = join(import.meta.dirname, '../../ops/nginx/vitrine.conf');

export type RunningNginx = { url: string; pid: number; stop(): Promise<void> };

type Options = {
  /** Address of the gateway behind it. */
  gateway: string;
  /** What stands otherwise in the file. */
  replaced?: Readonly<Record<string, string>>;
  /** By which nginx is run. */
  command?: readonly string[];
};

export async function startNginx({ gateway, replaced = {}, command = ['nginx'] }: Options): Promise<RunningNginx> {
  const dir = await mkdtemp(join(tmpdir(), 'vitrine-nginx-'));
  const port = await freePort();
  const places = {
    'server 127.0.0.1:4000;': `server ${new URL(gateway).host};`,
    'listen 80;': `listen 127.0.0.1:${port} backlog=4096;`,
    '/var/lib/nginx/vitrine': join(dir, 'cache'),
  };
  const text = replaceAll(await readFile(example, 'utf8'), { ...places, ...replaced });
  await writeFile(join(dir, 'vitrine.conf'), text);
  await writeFile(join(dir, 'nginx.conf'), around(dir));

  const [file = '', ...args] = [...command, '-c', join(dir, 'nginx.conf'), '-e', 'stderr'];
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.removeListener('exit', kill));
  const said: string[] = [];
  child.stderr.on('data', (words) => said.push(String(words)));

  const url = `http://127.0.0.1:${port}`;
  await eventually(async () => {
    if (child.exitCode === null) return (await fetch(url)).status === 404;
    throw new Error(`nginx ended: ${said.join('')}`);
  });
  return {
    url,
    pid: child.pid as number,
    stop: async () => {
      const ended = once(child, 'exit');
      if (child.kill('SIGTERM')) await ended;
      await rm(dir, { recursive: true });
    },
  };
}

/** @throws When one of them is not in the text exactly once: then what is tried is not what is shown. */
function replaceAll(text: string, replaced: Readonly<Record<string, string>>): string {
  return Object.entries(replaced).reduce((before, [from, to]) => {
    const parts = before.split(from);
    if (parts.length !== 2) throw new Error(`vitrine.conf has ${parts.length - 1} times: ${from}`);
    return parts.join(to);
  }, text);
}

/** What a machine's own `nginx.conf` brings, as little of it as there can be. */
function around(dir: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `
    daemon off;
    master_process off;
    pid ${dir}/nginx.pid;
    error_log stderr;
    events { worker_connections 4096; }
    http {
      access_log off;
      sendfile on;
      tcp_nopush on;
      keepalive_requests 1000000000;
      ${temporary.map((name) => `${name}_temp_path ${dir}/${name};`).join('\n      ')}
      include ${dir}/vitrine.conf;
    }`;
}
