/**
 * Which core does what: the server under measure has one for itself; whoever asks it, the API behind it, Redis and this
 * process share another. A server of several processes may use both. Without `taskset`, or on one core, they all run
 * where the kernel puts them.
 */
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

export type Role = 'load' | 'server';

const cores: Record<Role, number> = { load: 0, server: 1 };

/** @returns Whether the roles are apart. Whatever this process starts from now on is on its own core, unless told. */
export function takeCore(): boolean {
  if (availableParallelism() < 2) return false;
  try {
    execFileSync('taskset', ['-acp', String(cores.load), String(process.pid)], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** @returns The command that runs this one on the cores of these roles. */
export function onCores(roles: readonly Role[], command: readonly string[]): readonly string[] {
  return ['taskset', '-c', roles.map((role) => cores[role]).join(','), ...command];
}
