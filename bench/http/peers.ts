/** The packages of the peers: apart from Vitrine's own, and installed when they are needed for the first time. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const dir = new URL('../peers/', import.meta.url);

export function installPeers(): void {
  if (existsSync(new URL('node_modules', dir))) return;
  console.error('bench/peers has no packages yet: npm ci there.');
  execFileSync('npm', ['ci'], { cwd: fileURLToPath(dir), stdio: 'inherit' });
}

/** As they are pinned. */
export function peerVersions(): Record<string, string> {
  const { dependencies } = JSON.parse(readFileSync(new URL('package.json', dir), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  return dependencies;
}
