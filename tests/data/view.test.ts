/** P2 parity, in memory: whatever rows come, change and go, a view's page is the model's. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Catalog, catalogs } from '../../src/catalog/catalogs.ts';
import { CursorError, type Page, type PageQuery } from '../../src/data/reader.ts';
import { View } from '../../src/data/view.ts';
import { asks, dateOf, filters, rows } from './arbitraries.ts';
import { keepOf, type ModelFilter, type ModelQuery, modelPage, type RawRow } from './model.ts';

/** A page, between the rows that stand there in the whole list; an index beyond its end means none. */
type PageStep = {
  kind: 'page';
  /** Which of the filters of the run. */
  filter: number;
  ask: Pick<ModelQuery, 'order' | 'direction' | 'first' | 'last'>;
  after: number;
  before: number;
};
type Step = { kind: 'put'; row: RawRow } | { kind: 'delete'; id: string } | PageStep;

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: rows.map((row) => ({ kind: 'put' as const, row })) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 30 }).map((id) => ({ kind: 'delete' as const, id: `${id}` })) },
  {
    weight: 3,
    arbitrary: fc
      .record({ filter: fc.nat({ max: 2 }), ask: asks, after: fc.nat({ max: 12 }), before: fc.nat({ max: 12 }) })
      .map(({ ask: { size, ...ask }, ...rest }) => ({
        kind: 'page' as const,
        ask: { ...ask, [size[0]]: size[1] },
        ...rest,
      })),
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

  check(filter: ModelFilter, { ask, ...at }: Omit<PageStep, 'kind' | 'filter'>): void {
    const all = [...this.raw.values()];
    const { order, direction } = ask;
    const { edges } = this.page(filter, { order, direction, first: 100 });
    const [after, before] = [edges[at.after], edges[at.before]];
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

/** A row of a title of its own, the same as others in all that is not said. */
function saleOf(id: string, fields: Partial<RawRow> = {}): RawRow {
  const same = { status: 'live', start_date: dateOf(1), seller_id: '1', lot_count: 1, updated_at: dateOf(1) };
  return { id, title: `Sale ${id}`, ...same, ...fields };
}

describe('P2 parity › a view', () => {
  test('gives the model’s page after any puts and deletes, whichever indexes stood before', () => {
    // Few filters to a run, so that what was kept for one is asked for again after changes.
    const sequences = fc.tuple(
      fc.tuple(fc.constant({}), filters, filters),
      fc.array(steps, { minLength: 20, maxLength: 60, size: 'max' }),
    );
    fc.assert(
      fc.property(sequences, ([asked, sequence]) => {
        const pair = new Pair();
        for (const step of sequence) {
          if (step.kind === 'put') pair.put(step.row);
          else if (step.kind === 'delete') pair.delete(step.id);
          else pair.check(asked[step.filter] as ModelFilter, step);
        }
        expect(pair.view.size).toBe(pair.raw.size);
        expect([...pair.view.rows()].map(({ id }) => id).sort()).toEqual([...pair.raw.keys()].sort());
      }),
      { numRuns: 60, seed: 20_261_124 },
    );
  });

  test('of many rows finds the few that match, and orders them, after changes too', () => {
    const pair = new Pair();
    const put = (id: number, of: number) => {
      const seller_id = of % 50 === 0 ? '2' : '1';
      const [start_date, status] = [dateOf((of * 7) % 31), of % 40 === 0 ? 'live' : 'closed'];
      pair.put(saleOf(`${id}`, { title: `Sale ${of % 9}`, status, start_date, seller_id, updated_at: dateOf(of) }));
    };
    const few: ModelFilter[] = [
      { sellerId: '2' },
      { status: ['LIVE', 'CANCELLED'] },
      { startsFrom: dateOf(29) },
      { startsBefore: dateOf(1) },
      { sellerId: '2', status: ['LIVE'] },
    ];
    const check = (order: ModelQuery['order']) => {
      for (const filter of few) {
        for (const direction of ['ASC', 'DESC'] as const) {
          pair.check(filter, { ask: { order, direction, first: 3 }, after: 0, before: 9 });
        }
      }
    };
    for (let id = 1; id <= 200; id++) put(id, id);
    check('TITLE');
    // Of those that match some go, some match no more, and others do.
    for (const [id, of] of [
      [50, 51],
      [80, 81],
      [51, 50],
      [81, 80],
      [60, 62],
    ] as const)
      put(id, of);
    for (const id of ['100', '120', '31']) pair.delete(id);
    check('TITLE');
    check('UPDATED_AT');
  });
});

describe('P2 parity › a cursor', () => {
  const pair = new Pair();
  for (const id of ['1', '2', '3', '10']) pair.put(saleOf(id));
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
    const filter = { titleContains: 'sale', sellerId: undefined, status: ['CLOSED', 'LIVE', 'LIVE'] };
    const same = pair.view.page({ ...ask, filter, after: live });
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
    ['a text where the order is of times', encode([1, 'START_DATE', 'ASC', 'sale 1', '1', '']), 'START_DATE'],
  ])('that is %s is refused', (_name, text, order = 'TITLE') => {
    expect(() => pair.view.page({ ...ask, order, after: text })).toThrow(
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
  for (const id of ['1', '2']) pair.put(saleOf(id));

  test.each([
    ['an order that there is not', { order: 'PRICE' }, 'there is no order PRICE'],
    ['a filter that there is not', { filter: { price: 1 } }, 'there is no filter price'],
    ['a date that is none', { filter: { startsFrom: '2026-11-01' } }, 'startsFrom takes a Date'],
  ])('such as %s is told', (_name, query, message) => {
    const ask = { order: 'TITLE', direction: 'ASC', first: 1 } as const;
    expect(() => pair.view.page({ ...ask, ...query })).toThrow(new TypeError(message));
  });
});
