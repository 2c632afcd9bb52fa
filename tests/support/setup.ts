/** Before any test: the Node that the project brings, and a redis-server to start. What few tests need, they ask for. */
import { execFileSync } from 'node:child_process';

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
  if (runs('redis-server', ['--version']) || installs('redis-server')) return;
  throw new Error(
    'Tests need redis-server 7 on the PATH. Debian and Ubuntu: sudo apt-get install redis-server; macOS: brew install redis.',
  );
}

/** @returns Why there is no promtool and none can be had here; undefined when there is one. */
export function lackOfPromtool(): string | undefined {
  if (runs('promtool', ['--version']) || installs('prometheus', 'promtool')) return undefined;
  return 'no promtool on the PATH. Debian and Ubuntu: sudo apt-get install prometheus; macOS: brew install prometheus.';
}

/** @returns Whether the command is there now; only root on Debian can bring it. */
function installs(debianPackage: string, command = debianPackage): boolean {
  if (process.getuid?.() !== 0 || !runs('apt-get', ['--version'])) return false;
  execFileSync('apt-get', ['update', '-qq'], { stdio: 'inherit' });
  // The package would start a server of its own; tests start theirs, if any.
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', debianPackage], {
    stdio: 'inherit',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
  });
  return runs(command, ['--version']);
}

function runs(command: string, args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
