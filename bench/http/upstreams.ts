/** The APIs behind the servers, each a process of its own on the core of the load. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeCatalogue } from '../../src/embedded/index.ts';
import { type Started, startProcess } from './started.ts';

/** `catalogs` are 1,200 with 60 sellers; `many catalogs` are 100,000 with as many sellers. */
export type DataName = 'posts' | 'catalogs' | 'many catalogs';

const rows = { catalogs: 1_200, 'many catalogs': 100_000 };

export async function startUpstreamOf(data: DataName, dir: string): Promise<Started> {
  const name = `upstream-${data.replace(' ', '-')}`;
  if (data === 'posts') return startProcess({ name, args: ['bench/http/posts/upstream.ts'], dir });
  const file = join(dir, `${name}.json`);
  await writeFile(file, JSON.stringify(makeCatalogue(new Date(), { catalogs: rows[data] })));
  return startProcess({ name, args: ['bin/vitrine.js', 'upstream', '--port', '0', '--data', file], dir });
}
