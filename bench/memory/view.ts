/** What a row of a view takes, decoded from a text of its own, and what more in each list that is sorted. */
import { catalogs } from '../../src/catalog/catalogs.ts';
import { View } from '../../src/data/view.ts';
import { makeTexts, rowOf } from '../engines/rows.ts';
import { known } from '../simulate/view.ts';
import { heapBytes } from './heap.ts';

export type ViewBytes = { rows: number; rowBytes: number; sortedRowBytes: number };

export async function viewBytes(rows: number): Promise<ViewBytes> {
  const texts = makeTexts(rows);
  const view = new View(catalogs);
  const emptyBytes = heapBytes();
  for (const [id, text] of texts) {
    const { value } = rowOf(text);
    view.put({ ...known, id, value, version: value?.version, size: text.length } as Parameters<typeof view.put>[0]);
  }
  const filledBytes = heapBytes();
  const orders = Object.keys(catalogs.orders);
  for (const order of orders) view.page({ order, direction: 'ASC', filter: {}, first: 1 });
  const sortedBytes = heapBytes();
  // Asked again, so that neither can go before.
  if (view.size !== texts.size) throw new Error(`The view has ${view.size} rows of ${texts.size}.`);
  return {
    rows,
    rowBytes: (filledBytes - emptyBytes) / rows,
    sortedRowBytes: (sortedBytes - filledBytes) / rows / orders.length,
  };
}
