/** The APIs behind the servers, each a process of its own on the core of the load. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeCatalogue } from '../../src/embedded/index.ts';
import { type Started, startProcess } from './started.ts';

/** With 60 sellers, however many there are. */
export const catalogCounts = { 'few catalogs': 1_000, catalogs: 1_200, 'many catalogs': 100_000 };

export type DataName = 'posts' | keyof typeof catalogCounts;

export async function startUpstreamOf(data: DataName, dir: string): Promise<Started> {
  const name = `upstream-${data.replace(' ', '-')}`;
  if (data === 'posts') return startProcess({ name, args: ['bench/http/posts/upstream.ts'], dir });
  const file = join(dir, `${name}.json`);
  await writeFile(file, JSON.stringify(makeCatalogue(new Date(), { catalogs: catalogCounts[data] })));
  return startProcess({ name, args: ['bin/vitrine.js', 'upstream', '--port', '0', '--data', file], dir });
}
