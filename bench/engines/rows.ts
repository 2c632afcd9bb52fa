/** The rows that are cached: catalogs as the embedded upstream has them, each with two dates or three. */
import type { Row } from '../../src/cache/engine.ts';
import { type Catalog, catalogCodec } from '../../src/catalog/catalogs.ts';
import { type CatalogRow, makeCatalogue } from '../../src/embedded/index.ts';

/** Of one day, so that every process has the same. */
const day = new Date('2026-11-25T00:00:00Z');

/** By id: the text that upstream gives. */
export function makeTexts(count: number): ReadonlyMap<string, string> {
  const { catalogs } = makeCatalogue(day, { catalogs: count });
  return new Map(catalogs.map((row) => [String(row.id), JSON.stringify(row)]));
}

/** A row that says of which version it is. */
export function textOfVersion(id: string, version: number): string {
  const [row] = makeCatalogue(day, { catalogs: 1 }).catalogs as [CatalogRow];
  const updatedAt = new Date(Date.parse(row.updated_at) + 1_000 * version).toISOString();
  return JSON.stringify({ ...row, id, title: `Version ${version}`, updated_at: updatedAt });
}

/** @throws When it is no such row. */
export function versionOf(row: unknown): number {
  const version = Number(/^Version (\d+)$/.exec((row as Partial<Catalog>)?.title ?? '')?.[1]);
  if (Number.isNaN(version)) throw new Error(`answered with ${JSON.stringify(row)}`);
  return version;
}

export function rowOf(text: string): Row<Catalog> {
  return { text, value: catalogCodec.decode(JSON.parse(text)) };
}
