/** What Vitrine answered once: these bytes, with these headers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const dir = String(process.argv[2]);

export const body = readFileSync(join(dir, 'answer.json'));
export const headers = JSON.parse(readFileSync(join(dir, 'headers.json'), 'utf8')) as Record<string, string>;
