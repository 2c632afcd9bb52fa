/** The program as a user runs it: a process of its own, with nothing in its environment but what a test gives. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { onTestFinished } from 'vitest';

export const project = fileURLToPath(new URL('../..', import.meta.url));

export type ProgramOptions = {
  env?: Record<string, string>;
  /** The project's folder when absent. */
  cwd?: string;
  /** Where `bin/vitrine.js` stands; the project's folder when absent. */
  home?: string;
  /** The Node to run on; this test's own when absent. */
  node?: string;
  nodeArgs?: string[];
  /** In a process group of its own, as a shell starts it, which is gone with the test. */
  ownGroup?: boolean;
};

/** `code` is null when a signal ended it. */
export type Ended = { code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string };

export type Program = {
  pid: number;
  send(signal: NodeJS.Signals): void;
  /** As Ctrl-C does, and what stops a service: to all processes of its group, which must be its own. */
  sendToGroup(signal: NodeJS.Signals): void;
  /** What it printed so far. */
  said(): string;
  /** The first match in what it printed, once there is one. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  ended(): Promise<Ended>;
};

/** Far longer than anything here takes; only a failing test comes this far. */
const longestMs = 20_000;

/** Started, and gone when the test is over. */
export function start(args: readonly string[], options: ProgramOptions = {}): Program {
  const { env = {}, cwd = project, home = project, node = process.execPath, nodeArgs = [] } = options;
  const { ownGroup: detached = false } = options;
  const child = spawn(node, [...nodeArgs, `${home}/bin/vitrine.js`, ...args], {
    cwd,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached,
  });
  const pid = child.pid as number;
  onTestFinished(() => void (detached ? signalIfThere(-pid, 'SIGKILL') : child.kill('SIGKILL')));

  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      said[name] += stripVTControlCharacters(text);
    });
  }
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  const within = <T>(promise: Promise<T>, what: string): Promise<T> => {
    const bound = Promise.withResolvers<never>();
    const timer = setTimeout(() => bound.reject(new Error(`not within ${longestMs} ms: ${what}`)), longestMs);
    return Promise.race([promise, bound.promise])
      .catch((error: Error) => {
        throw new Error(`${error.message}; it said:\n${said.stdout}\n${said.stderr}`);
      })
      .finally(() => clearTimeout(timer));
  };

  return {
    pid,
    send: (signal) => void child.kill(signal),
    sendToGroup: (signal) => void process.kill(-pid, signal),
    said: () => said.stdout,
    says: (pattern) => {
      const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
      const look = () => {
        const match = pattern.exec(said.stdout);
        if (match) resolve(match);
      };
      child.stdout.on('data', look);
      void closed.then(() => reject(new Error(`ended before it said ${pattern}`)));
      look();
      return within(promise, `says ${pattern}`).finally(() => child.stdout.off('data', look));
    },
    ended: async () => {
      const [code, signal] = await within(closed, 'ends');
      return { code, signal, ...said };
    },
  };
}

/** @returns Whether there was a process, or a group of them. */
export function signalIfThere(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Run to its end. */
export function run(args: readonly string[], options?: ProgramOptions): Promise<Ended> {
  return start(args, options).ended();
}

/** A gateway on a free port that logs JSON, and where it listens. */
export async function startGateway(options: ProgramOptions = {}): Promise<{ program: Program; url: string }> {
  const program = start(['serve'], { ...options, env: { PORT: '0', LOG_FORMAT: 'json', ...options.env } });
  const [, url = ''] = await program.says(/"event":"gateway.started","url":"([^"]+)"/);
  return { program, url };
}

/** Every line of the log; throws when one is no JSON. */
export function logLines(stdout: string): Record<string, unknown>[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

export async function ask(url: string, query: string): Promise<{ data?: Record<string, unknown>; errors?: unknown }> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  return (await response.json()) as { data?: Record<string, unknown> };
}
