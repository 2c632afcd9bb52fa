/** Something done once in a process of its own: it is told by one message what, and answers with one. */
import { type ChildProcess, fork, type Serializable } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

type Reply<T> = { value: T } | { error: string };

/**
 * @param execArgv - Of Node.
 * @throws With its words when it fails, or how it ended. It is gone in any case.
 */
export async function inChild<T>(file: URL, message: Serializable, execArgv: readonly string[] = []): Promise<T> {
  const child = fork(fileURLToPath(file), {
    execArgv: [...execArgv],
    env: { PATH: process.env.PATH, NODE_ENV: 'production' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.removeListener('exit', kill));
  try {
    const reply = await replyTo<T>(child, message);
    if ('error' in reply) throw new Error(reply.error);
    return reply.value;
  } finally {
    const ended = once(child, 'exit');
    if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await ended;
  }
}

/** The other side: what the process does. */
export function answerParent<M, T>(act: (message: M) => Promise<T>): void {
  process.once('message', (message: M) => {
    act(message).then(
      (value) => process.send?.({ value } satisfies Reply<T>),
      (error: Error) => process.send?.({ error: error.message } satisfies Reply<T>),
    );
  });
  process.once('disconnect', () => process.exit());
}

function replyTo<T>(child: ChildProcess, message: Serializable): Promise<Reply<T>> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply<T>>();
  child.once('message', (reply: Reply<T>) => resolve(reply));
  child.once('exit', (code, signal) => reject(new Error(`Its process ended by ${signal ?? `exit code ${code}`}.`)));
  child.send(message);
  return promise;
}
