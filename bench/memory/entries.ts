/**
 * What an entry of the memory tier takes, beside what the tier counts, and whether a tier that is full grows:
 *
 *   half as many rows as fit ─► nearly all ─► as many others ─► four times as many others
 *          └── what lies between ──┘               └── nothing may lie between ──┘
 *
 * Rows are read one by one through the engine, over Redis, so that the process keeps nothing else of them.
 */
import { MemoryTier } from '../../src/cache/memory.ts';
import { catalogs } from '../../src/catalog/catalogs.ts';
import { makeTexts, rowOf } from '../engines/rows.ts';
import { openOver } from '../engines/vitrine.ts';
import { heapBytes } from './heap.ts';
import { type Held, slopeOf } from './held.ts';

export type EntrySetting = { redisUrl: string; maxBytes: number };

const templates = 1_000;
/** By which is guessed how many fit. */
const firstRows = 100;
const atOnce = 100;
/** Of what fits, so that nothing has to go yet. */
const nearlyAll = 0.95;

export async function entries({ redisUrl, maxBytes }: EntrySetting): Promise<Held> {
  const texts = [...makeTexts(templates).values()].map((text) => JSON.parse(text) as object);
  const textOf = (id: string) => JSON.stringify({ ...texts[Number(id) % templates], id });
  const memory = new MemoryTier({ maxBytes });
  const engine = await openOver(memory, { redisUrl, read: async (id) => rowOf(textOf(id)) });
  let read = 0;

  async function readUntil(count: number): Promise<void> {
    while (read < count) {
      const ids = Array.from({ length: Math.min(atOnce, count - read) }, (_, index) => String(read + index));
      await Promise.all(ids.map((id) => engine.get(id)));
      read += ids.length;
    }
  }
  const now = () => ({ count: read, heapBytes: heapBytes(), countedBytes: memory.bytes });

  await readUntil(firstRows);
  const first = now();
  const about = Math.floor((maxBytes * firstRows) / first.countedBytes);
  await readUntil(Math.floor(about / 2));
  const half = now();
  await readUntil(Math.floor(nearlyAll * about));
  const nearlyFull = now();
  await readUntil(2 * about);
  const once = now();
  await readUntil(6 * about);
  const often = now();
  return {
    maxBytes,
    fits: [...memory.part(catalogs.name).entries()].length,
    bytes: slopeOf(half, nearlyFull, 'heapBytes'),
    countedBytes: slopeOf(half, nearlyFull, 'countedBytes'),
    churnedOnceBytes: once.heapBytes - first.heapBytes,
    churnedOftenBytes: often.heapBytes - first.heapBytes,
  };
}
