/**
 * What works are measured on: the API of each, and servers, each started anew with a Redis of its own.
 *
 *   load ─► server under measure ─► API
 *                   └─► Redis
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { type RunningNginx, startNginx } from '../../tests/support/nginx.ts';
import { freePort } from '../../tests/support/ports.ts';
import { eventually, startRedis } from '../../tests/support/redis.ts';
import { withChildren } from '../support/processes.ts';
import { type Answer, ask, type Target } from './answers.ts';
import { onCores } from './cores.ts';
import type { Server } from './servers.ts';
import { type Started, startProcess } from './started.ts';
import { type DataName, startUpstreamOf } from './upstreams.ts';
import type { Work } from './works.ts';

const readyWithinMs = 120_000;
/** Of an answer; not of a connection, nor of this one exchange alone. */
const notOfTheAnswer = new Set(['connection', 'keep-alive', 'date', 'content-length', 'transfer-encoding']);

export type Running = {
  target: Target;
  /** Of all that is measured, once it is ready with those that it has started. */
  pids: readonly number[];
  /** Answers with 200 once it is ready; undefined when it is as soon as it listens. */
  readyUrl: string | undefined;
  /** By the monotonic clock: before there was a process. */
  startedAtMs: number;
  stop(): Promise<void>;
};

type Options = {
  /** Whether servers have a core to themselves. */
  isApart: boolean;
};

export class Stage {
  readonly dir: string;
  readonly #isApart: boolean;
  readonly #upstreams = new Map<DataName, Started>();
  #starts = 0;

  private constructor(dir: string, { isApart }: Options) {
    this.dir = dir;
    this.#isApart = isApart;
  }

  static async open(options: Options): Promise<Stage> {
    const dir = await mkdtemp(join(tmpdir(), 'vitrine-bench-'));
    return new Stage(dir, options);
  }

  async close(): Promise<void> {
    await Promise.all(this.#upstreams.values().map((upstream) => upstream.stop()));
    await rm(this.dir, { recursive: true, force: true });
  }

  /** Bodies in a file, one in each line. */
  async write({ name }: Work, requests: readonly string[]): Promise<string> {
    const file = join(this.dir, `${name}.txt`);
    await writeFile(file, requests.join('\n'));
    return file;
  }

  /** Keeps an answer for those that give a fixed one. */
  async keepAnswer({ name }: Work, { body, headers }: Answer): Promise<void> {
    await mkdir(this.#answerDir(name), { recursive: true });
    const own = Object.entries(headers).filter(([header]) => !notOfTheAnswer.has(header));
    await writeFile(join(this.#answerDir(name), 'answer.json'), body);
    await writeFile(join(this.#answerDir(name), 'headers.json'), JSON.stringify(Object.fromEntries(own)));
  }

  /** With an empty Redis, and ready. */
  async start(server: Server, work: Work): Promise<Running> {
    const running = await this.launch(server, work);
    try {
      const pids = await withChildren(running.pids);
      if (running.readyUrl !== undefined) await untilReady(running.readyUrl, { times: pids.length });
      else await untilListening(running.target);
      return { ...running, pids };
    } catch (error) {
      await running.stop();
      throw error;
    }
  }

  /** With an empty Redis; resolves as soon as it says where it listens, ready or not. */
  async launch(server: Server, { name, data }: Work): Promise<Running> {
    const upstream = await this.upstream(data);
    await using starting = new AsyncDisposableStack();
    const redis = await startRedis();
    starting.defer(() => redis.stop());
    const command = server.command({
      data,
      upstreamUrl: upstream.url,
      redisUrl: redis.url.href,
      answerDir: this.#answerDir(name),
      port: await freePort(),
    });
    const startedAtMs = performance.now();
    const started = await startProcess({
      ...command,
      name: `${server.name}-${name}-${++this.#starts}`,
      dir: this.dir,
      cores: this.#isApart ? (server.cores ?? ['server']) : undefined,
    });
    starting.defer(() => started.stop());
    const nginx = server.isBehindNginx && (await this.#startNginx(started));
    if (nginx) starting.defer(() => nginx.stop());
    const all = starting.move();
    return {
      target: { url: new URL(server.path, nginx?.url ?? started.url).href, method: server.method },
      pids: [started.pid, ...(nginx ? [nginx.pid] : [])],
      readyUrl: server.readyPath && new URL(server.readyPath, started.url).href,
      startedAtMs,
      stop: () => all.disposeAsync(),
    };
  }

  /** The API of the data, started when it is first asked for. */
  async upstream(data: DataName): Promise<Started> {
    const known = this.#upstreams.get(data);
    if (known !== undefined) return known;
    const upstream = await startUpstreamOf(data, this.dir);
    this.#upstreams.set(data, upstream);
    return upstream;
  }

  #startNginx(gateway: Started): Promise<RunningNginx> {
    const command = ['nginx'];
    return startNginx({ gateway: gateway.url, command: this.#isApart ? onCores(['server'], command) : command });
  }

  #answerDir(workName: string): string {
    return join(this.dir, `answer-${workName}`);
  }
}

/** @param times - How often in a row: each connection may come to another of its processes. */
async function untilReady(url: string, { times }: { times: number }): Promise<void> {
  let ready = 0;
  await eventually(async () => {
    const { statusCode, body } = await request(url, { reset: true });
    const { status } = (await body.json()) as { status: string };
    ready = statusCode === 200 && status === 'ok' ? ready + 1 : 0;
    return ready >= times;
  }, readyWithinMs);
}

async function untilListening(target: Target): Promise<void> {
  await eventually(() => ask(target, JSON.stringify({ query: '{ __typename }' })));
}
