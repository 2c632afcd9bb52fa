/** `vitrine upstream`: the embedded upstream by itself. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { paginationStyles } from '../config.ts';
import { makeCatalogue, startEmbeddedUpstream } from '../embedded/index.ts';

const optionsSchema = z.object({
  port: z.coerce.number().int().min(0).max(65_535),
  style: z.enum(paginationStyles),
  data: z.string().optional(),
  maxPageSize: z.coerce.number().int().min(1).max(100_000),
  trailingSlash: z.boolean().default(false),
});

const rowsSchema = z.record(z.string(), z.array(z.looseObject({ id: z.union([z.string(), z.number()]) })));

/** Serves until it is told to stop. */
export async function serveUpstream(given: unknown): Promise<void> {
  const parsed = optionsSchema.safeParse(given);
  if (!parsed.success) throw new Error(z.prettifyError(parsed.error));
  const { data, ...options } = parsed.data;
  const collections = data === undefined ? makeCatalogue(new Date()) : await readRows(data);
  const upstream = await startEmbeddedUpstream({ ...options, collections });
  const sizes = Object.entries(collections).map(([name, rows]) => `${rows.length} ${name}`);
  console.log(`${upstream.url} serves ${sizes.join(', ')}; PUT ${upstream.url}/__faults makes it misbehave.`);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void upstream.close());
}

async function readRows(file: string): Promise<z.output<typeof rowsSchema>> {
  const rows = rowsSchema.safeParse(JSON.parse(await readFile(file, 'utf8')));
  if (!rows.success) throw new Error(`${file} does not hold lists of rows by name: ${z.prettifyError(rows.error)}`);
  return rows.data;
}
