/** The packages of the peers: apart from Vitrine's own, and installed when they are needed for the first time. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const dir = new URL('../peers/', import.meta.url);

export function installPeers(): void {
  if (arePeersInstalled()) return;
  console.error('bench/peers lacks packages: npm ci there.');
  execFileSync('npm', ['ci'], { cwd: fileURLToPath(dir), stdio: 'inherit' });
}

export function arePeersInstalled(): boolean {
  return Object.keys(peerVersions()).every((name) => existsSync(new URL(`node_modules/${name}`, dir)));
}

/** As they are pinned. */
export function peerVersions(): Record<string, string> {
  const { dependencies } = JSON.parse(readFileSync(new URL('package.json', dir), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  return dependencies;
}
