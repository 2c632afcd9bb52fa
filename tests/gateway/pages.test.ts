/**
 * Fault 2 of the older cache: a cached list ignored the page and page size that were asked for.
 *
 * P2 parity: any page of any filter and order, asked for by GraphQL over HTTP, equals the model's page of the raw rows,
 * on a miss, on a hit, while stale, and after rows have changed.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareRows, keepOf, type ModelFilter, modelPage, type RawRow, statuses } from '../data/model.ts';
import { startWorld, type World } from '../support/world.ts';

const orders = ['START_DATE', 'TITLE', 'UPDATED_AT'] as const;

type Ask = {
  filter: ModelFilter;
  order: (typeof orders)[number];
  direction: 'ASC' | 'DESC';
  size: { first: number } | { last: number };
  /** Where the cursors point, as shares of the whole collection in that order. */
  after: number | undefined;
  before: number | undefined;
};

const share = fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined });
const size = fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 100 }) }, fc.constantFrom(0, 1, 100));
const instant = fc
  .integer({ min: Date.parse('2024-11-01'), max: Date.parse('2027-09-01') })
  .map((ms) => new Date(ms).toISOString());

const asks: fc.Arbitrary<Ask> = fc.record({
  filter: fc.record(
    {
      sellerId: fc.oneof(fc.integer({ min: 1, max: 62 }).map(String), fc.constantFrom('', null)),
      status: fc.oneof(fc.uniqueArray(fc.constantFrom(...statuses)), fc.constant(null)),
      startsFrom: instant,
      startsBefore: instant,
      titleContains: fc.constantFrom('', null, 'a', 'É', 'part ii', 'ART', 'нет', 'livres', '’', '한국'),
    },
    { requiredKeys: [] },
  ),
  order: fc.constantFrom(...orders),
  direction: fc.constantFrom('ASC', 'DESC'),
  size: fc.oneof(
    size.map((first) => ({ first })),
    size.map((last) => ({ last })),
  ),
  after: share,
  before: share,
});

const document = `query Page($first: Int, $after: String, $last: Int, $before: String, $filter: CatalogFilter, $orderBy: CatalogOrder) {
  catalogs(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) {
    totalCount
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    edges { cursor node { sourceId title startDate } }
    nodes { sourceId }
  }
}`;

type Data = {
  catalogs: {
    totalCount: number;
    pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null };
    edges: { cursor: string; node: { sourceId: string; title: string; startDate: string } }[];
    nodes: { sourceId: string }[];
  };
};

const globalId = (type: string, id: string) => Buffer.from(`${type}:${id}`).toString('base64url');

function variablesOf({ filter, order, direction, size }: Ask): Record<string, unknown> {
  const sellerId = filter.sellerId ? globalId('Seller', filter.sellerId) : filter.sellerId;
  return {
    ...size,
    filter: filter.sellerId === undefined ? filter : { ...filter, sellerId },
    orderBy: { field: order, direction },
  };
}

/** Any row can be asked for by cursor, whether the filter keeps it or not: its page of one is fetched unfiltered. */
class Cursors {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** A cursor of that filter and order that points at a kept row, or none when the filter keeps nothing. */
  async at(kept: readonly RawRow[], ask: Ask, portion: number): Promise<{ row: RawRow; cursor: string } | undefined> {
    const index = Math.min(kept.length - 1, Math.floor(portion * kept.length));
    const row = kept[index];
    if (row === undefined) return undefined;
    let cursor: string | undefined;
    for (let passed = 0; passed <= index; passed += 100) {
      const step = Math.min(100, index - passed + 1);
      const { data } = await this.#world.query<Data>(document, {
        ...variablesOf(ask),
        last: undefined,
        first: step,
        after: cursor,
      });
      cursor = data.catalogs.edges.at(-1)?.cursor;
    }
    return cursor === undefined ? undefined : { row, cursor };
  }
}

async function check(world: World, ask: Ask): Promise<void> {
  const rows = world.upstream.collections.rows('catalogs') as RawRow[];
  const keep = keepOf(ask.filter);
  const kept = rows.filter(keep).sort(compareRows(ask.order, ask.direction));
  const cursors = new Cursors(world);
  const after = ask.after === undefined ? undefined : await cursors.at(kept, ask, ask.after);
  const before = ask.before === undefined ? undefined : await cursors.at(kept, ask, ask.before);
  const wanted = modelPage(rows, {
    ...ask.size,
    order: ask.order,
    direction: ask.direction,
    keep,
    ...(after ? { after: after.row } : {}),
    ...(before ? { before: before.row } : {}),
  });

  const answer = await world.query<Data>(document, {
    ...variablesOf(ask),
    after: after?.cursor,
    before: before?.cursor,
  });

  expect(answer.errors).toBeUndefined();
  const { edges, nodes, pageInfo, totalCount } = answer.data.catalogs;
  expect(edges.map(({ node }) => node)).toEqual(
    wanted.rows.map((row) => ({
      sourceId: String(row.id),
      title: row.title,
      startDate: new Date(String(row.start_date)).toISOString(),
    })),
  );
  expect(nodes.map(({ sourceId }) => sourceId)).toEqual(wanted.rows.map((row) => String(row.id)));
  expect({ totalCount, ...pageInfo }).toEqual({
    totalCount: wanted.totalCount,
    hasNextPage: wanted.hasNextPage,
    hasPreviousPage: wanted.hasPreviousPage,
    startCursor: edges[0]?.cursor ?? null,
    endCursor: edges.at(-1)?.cursor ?? null,
  });
}

describe('P2 parity › any page equals the model’s', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.close());

  it('for any filter, order, direction, size and cursors, first asked and asked again', async () => {
    await fc.assert(
      fc.asyncProperty(asks, async (ask) => {
        await check(world, ask);
        await check(world, ask);
      }),
      { numRuns: 120, seed: 20_261_123 },
    );
  });

  it('after rows have changed, come and gone', async () => {
    const { collections } = world.upstream;
    const row = collections.get('catalogs', '17') as RawRow;
    await fc.assert(
      fc.asyncProperty(
        asks,
        fc.integer({ min: 1, max: 1_250 }),
        fc.integer({ min: 0, max: 2 }),
        async (ask, number, what) => {
          const id = String(number);
          const version = new Date(Date.parse('2026-11-23T12:00:00Z') + number).toISOString();
          if (what === 0) collections.remove('catalogs', id);
          else
            collections.put('catalogs', {
              ...row,
              id,
              title: `Ärt ${id}`,
              seller_id: '3',
              updated_at: version,
              start_date: what === 1 ? row.start_date : version,
            });
          const told = await world.invalidate({ type: 'catalog', ids: [id] });
          expect(told.status).toBe(200);
          await check(world, ask);
        },
      ),
      { numRuns: 60, seed: 7 },
    );
  });

  it('while stale, and after the refresh', async () => {
    await world.clock.advance(65_000);
    const ask: Ask = {
      filter: { status: ['CLOSED', 'LIVE'] },
      order: 'TITLE',
      direction: 'DESC',
      size: { last: 7 },
      after: 0.2,
      before: 0.8,
    };
    await check(world, ask);
    await check(world, ask);
  });
});

describe('P2 parity › a whole crawl', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.close());

  for (const order of orders) {
    for (const direction of ['ASC', 'DESC'] as const) {
      it(`gives every row once, forwards and backwards, ordered by ${order} ${direction}`, async () => {
        const rows = (world.upstream.collections.rows('catalogs') as RawRow[]).toSorted(compareRows(order, direction));
        const wanted = rows.map(({ id }) => String(id));
        const orderBy = { field: order, direction };

        const forwards: string[] = [];
        for (let after: string | null = null, more = true; more; ) {
          const { data }: { data: Data } = await world.query<Data>(document, { first: 97, after, orderBy });
          forwards.push(...data.catalogs.nodes.map(({ sourceId }) => sourceId));
          ({ endCursor: after, hasNextPage: more } = data.catalogs.pageInfo);
        }
        const backwards: string[] = [];
        for (let before: string | null = null, more = true; more; ) {
          const { data }: { data: Data } = await world.query<Data>(document, { last: 100, before, orderBy });
          backwards.unshift(...data.catalogs.nodes.map(({ sourceId }) => sourceId));
          ({ startCursor: before, hasPreviousPage: more } = data.catalogs.pageInfo);
        }

        expect(forwards).toEqual(wanted);
        expect(backwards).toEqual(wanted);
      });
    }
  }
});
