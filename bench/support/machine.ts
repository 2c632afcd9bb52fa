/** What it was measured on, and of. */
import { readFileSync } from 'node:fs';
import { cpus, platform, release } from 'node:os';

/** Such as `Intel(R) Xeon(R) Processor, 2 cores, linux 6.18.44`. */
export function machine(): string {
  return `${cpus()[0]?.model}, ${cpus().length} cores, ${platform()} ${release().split('-')[0]}`;
}

export function versionOfVitrine(): string {
  return (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string })
    .version;
}
