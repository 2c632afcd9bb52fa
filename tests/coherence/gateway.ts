/**
 * A gateway as an operator runs it: a process of its own, started by its command and spoken to by HTTP, that can be
 * paused, killed and started again. Each process that stands in its place is another life of it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Webhook } from 'standardwebhooks';
import { Pool } from 'undici';
import { eventually } from '../support/redis.ts';
import { GatewayLog } from './gateway-log.ts';
import { Metrics } from './metrics.ts';
import { secrets } from './settings.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));

export type HttpReply = {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  text: string;
};

type Sent = { body?: Record<string, unknown>; headers?: Record<string, string> };

export type Readiness = {
  status: 'ok' | 'degraded' | 'unready';
  checks: Readonly<Record<string, { status: string; size?: number }>>;
};

/** How many requests can be under way to one process; nobody here asks for more at once. */
const connections = 32;
/** Far beyond any deadline: a request that takes this long is not answered at all. */
const patienceMs = 10_000;
const startsWithinMs = 20_000;

const webhook = new Webhook(secrets.webhook);

export class GatewayProcess {
  readonly name: string;
  readonly log = new GatewayLog();
  readonly #env: Record<string, string>;
  #life = 0;
  #child: ChildProcess | undefined;
  #url: string | undefined;
  #pool: Pool | undefined;

  readonly #logFile: WriteStream | undefined;

  /** @param logDir - Where what it prints is kept. */
  constructor(name: string, env: Record<string, string>, logDir?: string) {
    this.name = name;
    this.#env = env;
    this.#logFile = logDir === undefined ? undefined : createWriteStream(join(logDir, `gateway-${name}.log`));
  }

  /** Counts the processes that have stood in its place. */
  get life(): number {
    return this.#life;
  }

  /** Where it listens; undefined while no process stands in its place. */
  get url(): string | undefined {
    return this.#url;
  }

  /** @throws When it is not there. */
  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`${this.name} is not there`);
    return pid;
  }

  // ── Living and dying ──────────────────────────────────────────────────────────────────────────────────────────────

  /** Resolves once it listens, whether it has anything to serve or not. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, ['bin/vitrine.js', 'serve'], {
      cwd: project,
      env: { PATH: process.env.PATH, ...this.#env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const killed = () => void child.kill('SIGKILL');
    process.once('exit', killed);
    child.once('exit', () => process.removeListener('exit', killed));
    this.#life += 1;
    this.#child = child;
    this.#url = await this.#address(child);
    this.#pool = new Pool(this.#url, {
      connections,
      headersTimeout: patienceMs,
      bodyTimeout: patienceMs,
    });
  }

  /** At once, without a word to anybody. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    this.#url = undefined;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    this.log.ends();
    await this.#pool?.destroy();
    this.#pool = undefined;
  }

  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  // ── Speaking to it ────────────────────────────────────────────────────────────────────────────────────────────────

  /**
   * @param position - Of a change that the answer is to know of.
   * @throws When no whole answer comes.
   */
  query(query: string, variables: Record<string, unknown>, position?: string): Promise<HttpReply> {
    const headers = position === undefined ? {} : { 'vitrine-position': position };
    return this.#send('POST', '/graphql', { body: { query, variables }, headers });
  }

  invalidate(body: Record<string, unknown>): Promise<HttpReply> {
    return this.#send('POST', '/admin/invalidate', { body });
  }

  /** As upstream tells of its changes, signed by Standard Webhooks. */
  tell(events: readonly Record<string, unknown>[]): Promise<HttpReply> {
    const body = { events };
    const id = randomUUID();
    const at = new Date();
    const headers = {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': webhook.sign(id, at, JSON.stringify(body)),
    };
    return this.#send('POST', '/webhooks/upstream', { body, headers });
  }

  async readyz(): Promise<Readiness> {
    return JSON.parse((await this.#send('GET', '/readyz')).text) as Readiness;
  }

  async metrics(): Promise<Metrics> {
    return new Metrics((await this.#send('GET', '/metrics')).text);
  }

  async #send(method: 'GET' | 'POST', path: string, { body, headers: own }: Sent = {}): Promise<HttpReply> {
    if (this.#pool === undefined) throw new Error(`${this.name} is not there`);
    const {
      statusCode,
      headers,
      body: answer,
    } = await this.#pool.request({
      method,
      path,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${secrets.admin}`, ...own },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(patienceMs),
    });
    return { status: statusCode, headers, text: await answer.text() };
  }

  /** Where it says that it listens. */
  async #address(child: ChildProcess): Promise<string> {
    let said = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      if (said.length < 100_000) said += text;
      this.#logFile?.write(text);
      this.log.read(text);
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.log.readError(text));
    return eventually(() => {
      const [, url] = /"event":"gateway\.started","url":"([^"]+)"/.exec(said) ?? [];
      if (url === undefined) throw new Error(`${this.name} does not listen; it said: ${said}`);
      return url;
    }, startsWithinMs);
  }
}
