/** The bytes alone, and each row of them decoded as Vitrine decodes it: what typed rows cost before there is a cache. */
import { catalogCodec } from '../../src/catalog/catalogs.ts';
import { open as openBytes } from './bytes.ts';
import type { Engine, Opening } from './engine.ts';

export async function open(opening: Opening): Promise<Engine> {
  const bytes = await openBytes(opening);
  return {
    ...bytes,
    get: async (id) => decode(await bytes.get(id)),
    getMany: async (ids) => (await bytes.getMany(ids)).map(decode),
  };
}

/** @param stored - A head in a line of its own, then the row. */
function decode(stored: unknown): unknown {
  const text = String(stored);
  return catalogCodec.decode(JSON.parse(text.slice(text.indexOf('\n') + 1)));
}
