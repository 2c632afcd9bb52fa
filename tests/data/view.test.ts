/** P2 parity, in memory: whatever rows come, change and go, a view's page is the model's. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Catalog, catalogs } from '../../src/catalog/catalogs.ts';
import { CursorError, type Page, type PageQuery } from '../../src/data/reader.ts';
import { View } from '../../src/data/view.ts';
import { asks, dateOf, filters, rows } from './arbitraries.ts';
import { keepOf, type ModelFilter, type ModelQuery, modelPage, type RawRow } from './model.ts';

type Step =
  | { kind: 'put'; row: RawRow }
  | { kind: 'delete'; id: string }
  | {
      kind: 'page';
      filter: ModelFilter;
      ask: Pick<ModelQuery, 'order' | 'direction' | 'first' | 'last'>;
      at: number[];
    };

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: rows.map((row) => ({ kind: 'put' as const, row })) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 30 }).map((id) => ({ kind: 'delete' as const, id: `${id}` })) },
  {
    weight: 3,
    arbitrary: fc.tuple(filters, asks, fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 2 })).map(
      ([
        filter,
        {
          size: [end, count],
          ...ask
        },
        at,
      ]) => ({
        kind: 'page' as const,
        filter,
        ask: { ...ask, [end]: count },
        at,
      }),
    ),
  },
);

const from = {
  times: { storedAtMs: 0, freshUntilMs: 0, staleUntilMs: 0, errorUntilMs: 0 },
  asOf: { era: 0, position: '' as never },
  contentAsOf: { era: 0, position: '' as never },
};

/** A view and the raw rows that it should be of. */
class Pair {
  readonly view = new View<Catalog>(catalogs);
  readonly raw = new Map<string, RawRow>();

  put(row: RawRow): void {
    this.raw.set(row.id as string, row);
    const value = catalogs.endpoint.codec.decode(row);
    this.view.put({ id: value.id, value, version: undefined, size: 1, from });
  }

  delete(id: string): void {
    this.raw.delete(id);
    this.view.delete(id);
  }

  page(filter: ModelFilter, query: Omit<PageQuery, 'filter'>): Page<Catalog> {
    const { startsFrom, startsBefore, ...rest } = filter;
    const dates = {
      ...(startsFrom ? { startsFrom: new Date(startsFrom) } : {}),
      ...(startsBefore ? { startsBefore: new Date(startsBefore) } : {}),
    };
    const { span: _span, ...page } = this.view.page({ ...query, filter: { ...rest, ...dates } });
    return page;
  }

  check({ filter, ask, at }: Extract<Step, { kind: 'page' }>): void {
    const all = [...this.raw.values()];
    const { order, direction } = ask;
    const everyRow = this.page(filter, { order, direction, first: 100 });
    const pick = (index: number | undefined) => (index === undefined ? undefined : everyRow.edges[index]);
    const [after, before] = at.map(pick);
    const rawOf = (edge: typeof after) => edge && this.raw.get(edge.node.id);
    const [afterRow, beforeRow] = [rawOf(after), rawOf(before)];
    const model = modelPage(all, {
      ...ask,
      keep: keepOf(filter),
      ...(afterRow ? { after: afterRow } : {}),
      ...(beforeRow ? { before: beforeRow } : {}),
    });
    const page = this.page(filter, { ...ask, after: after?.cursor, before: before?.cursor });
    expect({ ...page, edges: page.edges.map(({ node }) => node.id) }).toEqual({
      edges: model.rows.map(({ id }) => id),
      hasNextPage: model.hasNextPage,
      hasPreviousPage: model.hasPreviousPage,
      totalCount: model.totalCount,
    });
  }
}

describe('P2 parity › a view', () => {
  test('gives the model’s page after any puts and deletes, whichever indexes stood before', () => {
    fc.assert(
      fc.property(fc.array(steps, { minLength: 1, maxLength: 60 }), (sequence) => {
        const pair = new Pair();
        for (const step of sequence) {
          if (step.kind === 'put') pair.put(step.row);
          else if (step.kind === 'delete') pair.delete(step.id);
          else pair.check(step);
        }
        expect(pair.view.size).toBe(pair.raw.size);
        expect([...pair.view.rows()].map(({ id }) => id).sort()).toEqual([...pair.raw.keys()].sort());
      }),
      { numRuns: 300, seed: 20_261_124 },
    );
  });

  test('of many rows finds the few that match by an index, and orders them', () => {
    const pair = new Pair();
    for (let id = 1; id <= 200; id++) {
      const seller_id = id % 50 === 0 ? '2' : '1';
      const start_date = dateOf((id * 7) % 31);
      const status = id % 40 === 0 ? 'live' : 'closed';
      pair.put({
        id: `${id}`,
        title: `Sale ${id % 9}`,
        status,
        start_date,
        seller_id,
        lot_count: 1,
        updated_at: dateOf(id),
      });
    }
    const filters: ModelFilter[] = [
      { sellerId: '2' },
      { status: ['LIVE', 'CANCELLED'] },
      { startsFrom: dateOf(29) },
      { startsBefore: dateOf(1) },
      { sellerId: '2', status: ['LIVE'] },
    ];
    for (const filter of filters) {
      for (const direction of ['ASC', 'DESC'] as const) {
        pair.check({ kind: 'page', filter, ask: { order: 'TITLE', direction, first: 3 }, at: [0] });
      }
    }
  });
});

describe('P2 parity › a cursor', () => {
  const pair = new Pair();
  for (const id of ['1', '2', '3', '10']) {
    pair.put({
      id,
      title: `Sale ${id}`,
      status: 'live',
      start_date: dateOf(1),
      seller_id: '1',
      lot_count: 1,
      updated_at: dateOf(1),
    });
  }
  const ask = { order: 'TITLE', direction: 'ASC', first: 2 } as const;
  const cursor = pair.page({}, ask).edges[1]?.cursor as string;
  const ids = (page: Page<Catalog>) => page.edges.map(({ node }) => node.id);

  test('holds though its row is gone', () => {
    const other = new Pair();
    for (const row of pair.raw.values()) if (row.id !== '10') other.put(row);
    expect(ids(pair.page({}, ask))).toEqual(['1', '10']);
    expect(ids(other.page({}, { ...ask, after: cursor }))).toEqual(['2', '3']);
  });

  test('is for one that means the same filter, however it is written', () => {
    const live = pair.page({ status: ['LIVE', 'CLOSED'], titleContains: 'SALE' }, ask).edges[0]?.cursor;
    const same = pair.page(
      { titleContains: 'sale', sellerId: null, status: ['CLOSED', 'LIVE', 'LIVE'] },
      { ...ask, after: live },
    );
    expect(ids(same)).toEqual(['10', '2']);
  });

  const encode = (fields: unknown) => Buffer.from(JSON.stringify(fields)).toString('base64url');

  test.each([
    ['of another order', { order: 'START_DATE' }, 'The cursor is of the order TITLE ASC, not START_DATE ASC.'],
    ['of the other direction', { direction: 'DESC' as const }, 'The cursor is of the order TITLE ASC, not TITLE DESC.'],
    ['of another filter', { filter: { sellerId: '1' } }, 'The cursor is of another filter.'],
  ])('%s is refused', (_name, query, message) => {
    const use = () => pair.view.page({ ...ask, after: cursor, ...query });
    expect(use).toThrow(CursorError);
    expect(use).toThrow(message);
  });

  test.each([
    ['nothing', ''],
    ['not base64url', 'a b'],
    ['base64, but not in its one form', `${cursor}=`],
    ['not JSON', Buffer.from('[1,').toString('base64url')],
    ['no list', encode({ length: 6, 0: 1 })],
    ['a field too few', encode([1, 'TITLE', 'ASC', 'sale 1', '1'])],
    ['a field too many', encode([1, 'TITLE', 'ASC', 'sale 1', '1', '', ''])],
    ['another version', encode([2, 'TITLE', 'ASC', 'sale 1', '1', ''])],
    ['an order that is no text', encode([1, 7, 'ASC', 'sale 1', '1', ''])],
    ['a direction that is no text', encode([1, 'TITLE', null, 'sale 1', '1', ''])],
    ['an id that is no text', encode([1, 'TITLE', 'ASC', 'sale 1', 1, ''])],
    ['a hash that is no text', encode([1, 'TITLE', 'ASC', 'sale 1', '1', false])],
    ['a key that is neither text nor number', encode([1, 'TITLE', 'ASC', null, '1', ''])],
    ['a number where the order is of texts', encode([1, 'TITLE', 'ASC', 5, '1', ''])],
  ])('that is %s is refused', (_name, text) => {
    expect(() => pair.view.page({ ...ask, after: text })).toThrow(
      new CursorError('The cursor is not one of this API.'),
    );
  });

  test('is understood by an empty view, whose keys are of no kind yet', () => {
    const page = new Pair().page({}, { ...ask, after: cursor });
    expect(page).toEqual({ edges: [], hasNextPage: false, hasPreviousPage: false, totalCount: 0 });
  });
});

describe('a mistake of the caller', () => {
  const pair = new Pair();
  for (const id of ['1', '2']) {
    pair.put({
      id,
      title: 'a',
      status: 'live',
      start_date: dateOf(1),
      seller_id: '1',
      lot_count: 1,
      updated_at: dateOf(1),
    });
  }

  test.each([
    ['an order that there is not', { order: 'PRICE' }, 'there is no order PRICE'],
    ['a filter that there is not', { filter: { price: 1 } }, 'there is no filter price'],
    ['a date that is none', { filter: { startsFrom: '2026-11-01' } }, 'startsFrom takes a Date'],
  ])('such as %s is told', (_name, query, message) => {
    const ask = { order: 'TITLE', direction: 'ASC', first: 1 } as const;
    expect(() => pair.view.page({ ...ask, ...query })).toThrow(new TypeError(message));
  });
});
