/** The side that tells: starts a process that runs one engine (`worker.ts`), and calls it. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Timed } from './time.ts';
import type { Checked, Message, Reply, Settings, Worker } from './worker.ts';
import type { Work } from './works.ts';

const file = fileURLToPath(new URL('worker.ts', import.meta.url));
/** Far more than anything takes that goes well. */
const patienceMs = 60_000;

type Waiting = { resolve: (value: unknown) => void; reject: (error: Error) => void };

export class Host implements Pick<Worker, 'fill' | 'check' | 'time' | 'reads' | 'version' | 'crowd' | 'invalidate'> {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (reply: Reply) => this.#take(reply));
    child.once('exit', () => this.#end());
  }

  static async open(settings: Settings): Promise<Host> {
    const child = fork(file, {
      execArgv: [],
      env: { PATH: process.env.PATH, NODE_ENV: 'production' },
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const kill = () => void child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('exit', () => process.removeListener('exit', kill));
    const host = new Host(child);
    try {
      await host.#call('open', settings);
      return host;
    } catch (error) {
      await host.close();
      throw error;
    }
  }

  fill(): Promise<void> {
    return this.#call('fill');
  }

  check(): Promise<Checked> {
    return this.#call('check');
  }

  time(work: Work, ms: number): Promise<Timed> {
    return this.#call('time', work, ms);
  }

  reads(): Promise<number> {
    return this.#call('reads');
  }

  version(id: string): Promise<number> {
    return this.#call('version', id);
  }

  crowd(id: string, callers: number): Promise<number[]> {
    return this.#call('crowd', id, callers);
  }

  invalidate(id: string): Promise<void> {
    return this.#call('invalidate', id);
  }

  /** At once: nobody waits for what an engine still has to do. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  #call<T>(method: string, ...args: unknown[]): Promise<T> {
    const call = ++this.#calls;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const timer = setTimeout(() => reject(new Error(`It did not ${method} within ${patienceMs} ms.`)), patienceMs);
    this.#waiting.set(call, { resolve, reject });
    this.#child.send({ call, method, args } satisfies Message);
    return promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(call);
    }) as Promise<T>;
  }

  #take({ call, value, error }: Reply): void {
    const waiting = this.#waiting.get(call);
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(new Error(error));
  }

  #end(): void {
    for (const { reject } of this.#waiting.values()) reject(new Error('Its process has ended.'));
  }
}
