/** Before any test: the Node that the project brings, and a redis-server to start. What few tests need, they ask for. */
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export default function setup(): void {
  requireNode();
  requireRedis();
}

function requireNode(): void {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 22 || (major === 22 && minor < 19)) {
    throw new Error(`Tests need Node 22.19 or newer, not ${process.versions.node}: run them by npm test.`);
  }
}

function requireRedis(): void {
  if (isThere('redis-server') || installs('redis-server')) return;
  throw new Error(
    'Tests need redis-server 7 on the PATH. Debian and Ubuntu: sudo apt-get install redis-server; macOS: brew install redis.',
  );
}

/** @returns Why there is no promtool and none can be had here; undefined when there is one. */
export function lackOfPromtool(): string | undefined {
  if (isThere('promtool') || installs('prometheus', 'promtool')) return undefined;
  return 'no promtool on the PATH. Debian and Ubuntu: sudo apt-get install prometheus; macOS: brew install prometheus.';
}

/** @returns Why there is no nginx and none can be had here; undefined when there is one. */
export function lackOfNginx(): string | undefined {
  if (isThere('nginx') || installs('nginx')) return undefined;
  return 'no nginx on the PATH. Debian and Ubuntu: sudo apt-get install nginx; macOS: brew install nginx.';
}

/** @returns Whether the command is there now; only root on Debian can bring it. */
function installs(debianPackage: string, command = debianPackage): boolean {
  if (process.getuid?.() !== 0 || !isThere('apt-get')) return false;
  try {
    aptGet('update', '-qq');
    aptGet('install', '-y', '-qq', '--no-install-recommends', debianPackage);
  } catch {
    return false; // It has said why.
  }
  return isThere(command);
}

/** One at a time, since files of tests run side by side. */
function aptGet(...args: readonly string[]): void {
  execFileSync('flock', [join(tmpdir(), 'vitrine-tests-apt.lock'), 'apt-get', ...args], {
    stdio: 'inherit',
    // The package would start a server of its own; tests start theirs, if any.
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
  });
}

export function isThere(command: string): boolean {
  try {
    execFileSync(command, [command === 'nginx' ? '-v' : '--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
