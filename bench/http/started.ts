/** A process that listens somewhere, and says where in its first lines. What it prints goes to a file, as in service. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { eventually } from '../../tests/support/redis.ts';
import { onCores, type Role } from './cores.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));
const startsWithinMs = 60_000;
/** How long it may take its leave before it is killed. */
const endsWithinMs = 3_000;

type Plan = {
  name: string;
  /** Of Node, or of `file`. */
  args: readonly string[];
  /** Node when absent. */
  file?: string;
  env?: Readonly<Record<string, string>>;
  /** Where its output goes. */
  dir: string;
  /** Whose cores it runs on; those of this process when absent. */
  cores?: readonly Role[] | undefined;
};

export class Started {
  /** The first address that it names. */
  readonly url: string;
  readonly #child: ChildProcess;

  constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#child = child;
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async stop(): Promise<void> {
    if (this.hasEnded) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await Promise.race([ended, delay(endsWithinMs, undefined, { ref: false })]);
    if (!this.hasEnded) this.#child.kill('SIGKILL');
    await ended;
  }
}

/** @throws With what it printed, when it ends before it says where it listens. */
export async function startProcess(plan: Plan): Promise<Started> {
  const { name, args, file = process.execPath, env, dir, cores } = plan;
  const output = join(dir, `${name}.log`);
  const log = await open(output, 'w');
  const command = [file, ...args];
  const [first = file, ...rest] = cores ? onCores(cores, command) : command;
  const child = spawn(first, rest, {
    cwd: project,
    env: { PATH: process.env.PATH, NODE_ENV: 'production', ...env },
    stdio: ['ignore', log.fd, log.fd],
  });
  await log.close();
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.removeListener('exit', kill));
  const started = await eventually(async () => {
    const said = await readFile(output, 'utf8');
    const url = /https?:\/\/[^\s"]+/.exec(said)?.[0];
    if (url !== undefined) return new Started(url, child);
    return child.exitCode === null ? undefined : new Error(`${name} ended before it listened:\n${said}`);
  }, startsWithinMs);
  if (started instanceof Error) throw started;
  return started as Started;
}
