/** What it was measured on, and of. */
import { readFileSync } from 'node:fs';
import { cpus, platform, release } from 'node:os';

/** Such as `Intel(R) Xeon(R) Processor, 2 cores, linux 6.18.44`. */
export function machine(): string {
  return `${cpus()[0]?.model}, ${cpus().length} cores, ${platform()} ${release().split('-')[0]}`;
}

export function versionOfVitrine(): string {
  return ownPackage().version;
}

/** Of a package that Vitrine depends on, as it is pinned. */
export function versionOf(dependency: string): string {
  return String(ownPackage().dependencies[dependency]);
}

function ownPackage(): { version: string; dependencies: Readonly<Record<string, string>> } {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
}
