/** What a view looks at: a filter finds rows by an index, and finds them once. */
import { expect, test } from 'vitest';
import { View } from '../../src/data/view.ts';

type Sale = { id: number; seller: string; title: string };

const stamp = { era: 0, position: '' };
const times = { storedAtMs: 0, freshUntilMs: 1, staleUntilMs: 1, errorUntilMs: 1 };

function rowOf(value: Sale) {
  return { id: `${value.id}`, value, version: undefined, size: 1, from: { times, asOf: stamp, contentAsOf: stamp } };
}

/** 200 sales, of which the seller `few` has four; and how many rows a filter looked at. */
function openSales() {
  let looks = 0;
  const look = () => {
    looks++;
    return 'yes';
  };
  const filters = {
    /** All rows match it; of those that are looked at it is asked first, as its name sorts first. */
    all: { kind: 'equals', of: look },
    seller: { kind: 'equals', of: ({ seller }: Sale) => seller },
    sellers: { kind: 'oneOf', of: ({ seller }: Sale) => seller },
    from: { kind: 'from', order: 'ID' },
    until: { kind: 'before', order: 'ID' },
    word: { kind: 'contains', of: ({ title }: Sale) => title },
  } as const;
  const view = new View<Sale>({ orders: { ID: ({ id }) => id, SELLER: ({ seller }) => seller }, filters });
  for (let id = 1; id <= 200; id++) {
    view.put(rowOf({ id, seller: id % 50 === 0 ? 'few' : 'many', title: `Sale ${id}` }));
  }
  const looksFor = (filter: Record<string, unknown>, order = 'ID') => {
    looks = 0;
    view.page({ first: 1, order, direction: 'ASC', filter: { all: 'yes', ...filter } });
    return looks;
  };
  looksFor({ seller: 'none' }); // The index of what is counted is made once.
  return looksFor;
}

test.each([
  ['one value', { seller: 'few' }],
  ['one of some', { sellers: ['few', 'none'] }],
  ['a time on', { from: new Date(197) }],
  ['until a time', { until: new Date(5) }],
  ['the narrowest of several', { from: new Date(2), seller: 'few', until: new Date(190) }],
  ['some value and a word of the text', { seller: 'few', word: 'sale' }],
  ['a word of few texts', { word: 'sale 19' }, 11],
  ['a value that many have and a word of few texts', { seller: 'many', word: 'SALE 19' }, 11],
])('a filter by %s looks at the few rows that an index leaves', (_name, filter, rows = 4) => {
  expect(openSales()(filter)).toBe(rows);
});

test('a filter that many rows match walks over them in their order', () => {
  expect(openSales()({ seller: 'many' })).toBe(200);
});

test('a filter that is asked for again looks at no row', () => {
  const looksFor = openSales();
  expect(looksFor({ seller: 'few' })).toBe(4);
  expect(looksFor({ seller: 'few' })).toBe(0);
  expect(looksFor({ seller: 'few' }, 'SELLER')).toBe(4);
});

test('a text is found in rows that changed, however many did since it was first asked for', () => {
  const filters = { word: { kind: 'contains', of: ({ title }: Sale) => title } } as const;
  const view = new View<Sale>({ orders: { ID: ({ id }) => id }, filters });
  const count = 1_100;
  const found = (word: string) => view.page({ first: 1, order: 'ID', direction: 'ASC', filter: { word } }).totalCount;
  for (let id = 1; id <= count; id++) view.put(rowOf({ id, seller: 'any', title: `Sale ${id}` }));
  expect(found('sale 110')).toBe(2);
  for (let id = 1; id <= count; id++) view.put(rowOf({ id, seller: 'any', title: `Lot ${id}` }));
  expect(found('sale 11')).toBe(0);
  expect(found('lot 110')).toBe(2);
});
