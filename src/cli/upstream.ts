/** `vitrine upstream`: the embedded upstream by itself. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { PaginationStyle } from '../config.ts';
import { makeCatalogue, startEmbeddedUpstream } from '../embedded/index.ts';

type Options = { port: number; style: PaginationStyle; data?: string; maxPageSize: number; trailingSlash?: true };
type Rows = z.output<typeof rowsSchema>;

const rowsSchema = z.record(z.string(), z.array(z.looseObject({ id: z.union([z.string(), z.number()]) })));

/** Serves until it is told to stop. */
export async function serveUpstream({ data, ...options }: Options): Promise<void> {
  const collections: Rows = data === undefined ? makeCatalogue(new Date()) : await readRows(data);
  const upstream = await startEmbeddedUpstream({ ...options, collections });
  const sizes = Object.entries(collections).map(([name, rows]) => `${rows.length} ${name}`);
  console.log(`${upstream.url} serves ${sizes.join(', ')}; PUT ${upstream.url}/__faults makes it misbehave.`);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void upstream.close());
}

async function readRows(file: string): Promise<Rows> {
  const rows = rowsSchema.safeParse(parseJson(file, await readFile(file, 'utf8')));
  if (rows.success) return rows.data;
  const [mistake] = rows.error.issues;
  const where = mistake === undefined || mistake.path.length === 0 ? 'the top' : z.core.toDotPath(mistake.path);
  throw new Error(`${file} does not hold lists of rows by name, each row with an id: see ${where}`);
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`${file} is not JSON: ${(cause as Error).message}`, { cause });
  }
}
