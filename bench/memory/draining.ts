/** What a drain holds while it runs: looked at whenever a chunk comes to its sink, which throws it away. */
import { drainInto } from '../drain/thrown-away.ts';
import type { Opening } from '../drain/way.ts';
import { heapBytes } from './heap.ts';

/** `mostBytes`: above the heap before it began. */
export type Draining = { rows: number; mostBytes: number };

export async function draining(opening: Opening): Promise<Draining> {
  let mostBytes = 0;
  const pull = drainInto(opening, {
    write() {
      mostBytes = Math.max(mostBytes, heapBytes());
    },
  });
  const beforeBytes = heapBytes();
  const rows = await pull();
  return { rows, mostBytes: mostBytes - beforeBytes };
}
