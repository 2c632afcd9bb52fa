/**
 * What is measured: gateways, a Redis and an upstream, each a process of its own. Whoever asks is this process, and so
 * none of them.
 *
 *   this process ─► gateway A, B, C ─► Redis
 *                        └──────────► vitrine upstream
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type CatalogRow, makeCatalogue } from '../../src/embedded/index.ts';
import { GatewayProcess } from '../../tests/coherence/gateway.ts';
import { secrets } from '../../tests/coherence/settings.ts';
import { eventually, type RunningRedis, startRedis } from '../../tests/support/redis.ts';

export type Stage = {
  readonly redis: RunningRedis;
  readonly upstream: Upstream;
  readonly gateways: readonly GatewayProcess[];
  readonly rows: readonly CatalogRow[];
  /** On a gateway's heap once its garbage is collected, in bytes. */
  heapOf(gateway: GatewayProcess): Promise<number>;
  close(): Promise<void>;
};

type Options = {
  rows: number;
  maxAgeSeconds: number;
  /** Of each gateway, besides those that all have. */
  env: readonly Record<string, string>[];
};

/** As an operator has them, but for deadlines: a busy machine must not be taken for a Redis that is down. */
const settings = {
  NODE_ENV: 'production',
  HOST: '127.0.0.1',
  PORT: '0',
  ADMIN_TOKEN: secrets.admin,
  WEBHOOK_SECRET: secrets.webhook,
  REDIS_TIMEOUT_MS: '5000',
  REQUEST_TIMEOUT_MS: '30000',
  UPSTREAM_TIMEOUT_MS: '20000',
};

/** Resolves once every gateway has all rows. */
export async function openStage({ rows: count, maxAgeSeconds, env }: Options): Promise<Stage> {
  const dir = await mkdtemp(join(tmpdir(), 'vitrine-bench-'));
  const collections = makeCatalogue(new Date(), { catalogs: count });
  const [redis, upstream] = await Promise.all([
    startRedis(),
    Upstream.start(dir, collections),
    writeSchema(dir, maxAgeSeconds),
  ]);
  const heapFile = (index: number) => join(dir, `heap-${index}.json`);
  const gateways = env.map(
    (own, index) =>
      new GatewayProcess(String.fromCharCode(65 + index), {
        ...settings,
        SCHEMA_DIR: join(dir, 'schema'),
        REDIS_URL: redis.url.href,
        UPSTREAM_URL: upstream.url,
        NODE_OPTIONS: `--expose-gc --import ${new URL('heap.ts', import.meta.url).href}`,
        BENCH_HEAP_FILE: heapFile(index),
        ...own,
      }),
  );
  const stage: Stage = {
    redis,
    upstream,
    gateways,
    rows: collections.catalogs,
    heapOf: (gateway) => heapOf(gateway.pid, heapFile(gateways.indexOf(gateway))),
    close: async () => {
      await Promise.all(gateways.map((gateway) => gateway.kill()));
      await Promise.all([redis.stop(), upstream.stop()]);
      await rm(dir, { recursive: true, force: true });
    },
  };
  try {
    for (const gateway of gateways) {
      await gateway.start();
      await eventually(async () => (await gateway.readyz()).status === 'ok', 60_000);
      await checkApart(gateway.pid);
    }
    return stage;
  } catch (error) {
    await stage.close();
    throw error;
  }
}

/** @throws When it is not a gateway that would be measured, but whoever asks it. */
async function checkApart(pid: number): Promise<void> {
  const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').join(' ');
  if (pid === process.pid || !/vitrine\.js serve/.test(command)) throw new Error(`${pid} is no gateway: ${command}`);
}

/** The embedded upstream by itself. */
class Upstream {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#child = child;
  }

  static async start(dir: string, collections: object): Promise<Upstream> {
    const file = join(dir, 'rows.json');
    await writeFile(file, JSON.stringify(collections));
    const child = spawn(process.execPath, ['bin/vitrine.js', 'upstream', '--port', '0', '--data', file], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    process.once('exit', () => void child.kill('SIGKILL'));
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const url = await eventually(() => /^http:\S+/.exec(said)?.[0], 60_000);
    return new Upstream(String(url), child);
  }

  async put(row: CatalogRow): Promise<void> {
    await this.#send('PUT', `/__rows/catalogs/${row.id}`, row);
  }

  async faults(faults: Record<string, unknown>): Promise<void> {
    await this.#send('PUT', '/__faults', faults);
  }

  /** Requests by route since the last time that this was asked. */
  async requests(): Promise<Record<string, number>> {
    const { routes } = (await this.#send('GET', '/__requests')) as { routes: Record<string, number> };
    await this.#send('DELETE', '/__requests');
    return routes;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  async #send(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(this.url + path, { method, ...(body && { body: JSON.stringify(body) }) });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`);
    return response.json();
  }
}

/** The schema as it is, but for how long catalogs are fresh; sellers, of which there are few, are always. */
async function writeSchema(dir: string, maxAgeSeconds: number): Promise<void> {
  const own = new URL('../../schema/', import.meta.url);
  await mkdir(join(dir, 'schema'));
  for (const file of await readdir(own)) {
    const text = await readFile(new URL(file, own), 'utf8');
    const maxAge = file === 'catalog.graphql' ? maxAgeSeconds : 86_400;
    await writeFile(join(dir, 'schema', file), text.replace(/maxAge: \d+/g, `maxAge: ${maxAge}`));
  }
}

async function heapOf(pid: number, file: string): Promise<number> {
  await rm(file, { force: true });
  process.kill(pid, 'SIGUSR2');
  const { heapUsed, external } = await eventually(
    async () => JSON.parse(await readFile(file, 'utf8')) as NodeJS.MemoryUsage,
    20_000,
  );
  return heapUsed + external;
}
