/**
 * Bad input › cursors: the right page or BAD_USER_INPUT, never a wrong page in silence.
 *
 * A cursor is a place, not a row, so one that was changed may still be one. `placeIn` says by itself which place, by
 * what the contract says of cursors, and the model cuts the page there.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareRows, foldText, type RawRow } from '../data/model.ts';
import { anyJson, anyText, spoiltBytes } from './arbitraries.ts';
import { ask, globalId, type HostileWorld, runs, startHostileWorld, timeLimitMs } from './support.ts';

const document = `query ($first: Int, $last: Int, $after: String, $before: String, $filter: CatalogFilter, $orderBy: CatalogOrder) {
  catalogs(first: $first, last: $last, after: $after, before: $before, filter: $filter, orderBy: $orderBy) {
    totalCount edges { cursor node { sourceId } } pageInfo { hasNextPage hasPreviousPage }
  }
}`;

type Page = {
  totalCount: number;
  edges: { cursor: string; node: { sourceId: string } }[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean };
};

/** What a cursor is bound to. */
type Query = { order: 'START_DATE' | 'TITLE' | 'UPDATED_AT'; direction: 'ASC' | 'DESC'; seller: string };
type Place = { key: string | number; id: string };

const queries: Query[] = (['START_DATE', 'TITLE', 'UPDATED_AT'] as const).flatMap((order) =>
  (['ASC', 'DESC'] as const).flatMap((direction) => ['', '1'].map((seller) => ({ order, direction, seller }))),
);

const keyOf = {
  START_DATE: (row: RawRow) => Date.parse(String(row.start_date)),
  UPDATED_AT: (row: RawRow) => Date.parse(String(row.updated_at)),
  TITLE: (row: RawRow) => [...foldText(String(row.title))].slice(0, 128).join(''),
};

function compare(a: Place, b: Place): number {
  if (a.key !== b.key) return a.key < b.key ? -1 : 1;
  return a.id.length - b.id.length || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** The place that a text stands for in a query, undefined when it is no cursor of it. */
function placeIn(text: string, { order, direction }: Query, hash: unknown): Place | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') !== text || !bytes.equals(Buffer.from(bytes.toString()))) return undefined;
  const fields = parsed(bytes.toString());
  if (!Array.isArray(fields) || fields.length !== 6) return undefined;
  const [version, ofOrder, ofDirection, key, id, ofFilter] = fields as [
    unknown,
    unknown,
    unknown,
    string | number,
    unknown,
    unknown,
  ];
  const isOfQuery = Object.is(version, 1) && ofOrder === order && ofDirection === direction && ofFilter === hash;
  const isKey = typeof key === (order === 'TITLE' ? 'string' : 'number') && key !== Number.POSITIVE_INFINITY;
  return isOfQuery && isKey && key !== Number.NEGATIVE_INFINITY && typeof id === 'string' ? { key, id } : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

describe('bad input › cursors', () => {
  let world: HostileWorld;
  let rows: RawRow[];
  const real = new Map<Query, string[]>();

  beforeAll(async () => {
    world = await startHostileWorld();
    rows = world.upstream.collections.rows('catalogs') as RawRow[];
    for (const query of queries) {
      const { page } = await read(query, { first: 25 });
      real.set(query, page?.edges.map(({ cursor }) => cursor) ?? []);
    }
  });
  afterAll(() => world.close());

  async function read({ order, direction, seller }: Query, window: Record<string, unknown>) {
    const filter = seller === '' ? {} : { sellerId: globalId('Seller', seller) };
    const variables = { ...window, filter, orderBy: { field: order, direction } };
    const form = world.wellFormed(await ask(world.gateway.url, document, variables));
    return { ...form, page: (form.data as { catalogs: Page | null } | null)?.catalogs };
  }

  /** Asks for the page after or before a text, and holds it against the model. */
  async function check(query: Query, text: string, side: 'after' | 'before'): Promise<void> {
    const { codes, page } = await read(query, { [side === 'after' ? 'first' : 'last']: 5, [side]: text });
    const hash = (parsed(Buffer.from(real.get(query)?.[0] ?? '', 'base64url').toString()) as unknown[])[5];
    const place = placeIn(text, query, hash);
    if (place === undefined) {
      expect({ text, codes }).toEqual({ text, codes: ['BAD_USER_INPUT'] });
      return;
    }
    const sign = query.direction === 'ASC' ? 1 : -1;
    const sorted = rows
      .filter((row) => query.seller === '' || row.seller_id === query.seller)
      .toSorted(compareRows(query.order, query.direction));
    const sides = (row: RawRow) => sign * compare({ key: keyOf[query.order](row), id: String(row.id) }, place);
    const behind = sorted.filter((row) => sides(row) > 0);
    const ahead = sorted.filter((row) => sides(row) < 0);
    const wanted = side === 'after' ? behind.slice(0, 5) : ahead.slice(-5);
    expect({ text, codes, ids: page?.edges.map(({ node }) => node.sourceId) }).toEqual({
      text,
      codes: [],
      ids: wanted.map(({ id }) => String(id)),
    });
    expect(page?.totalCount).toBe(sorted.length);
    if (wanted.length > 0) return;
    expect(page?.pageInfo).toEqual({ hasNextPage: behind.length > 0, hasPreviousPage: ahead.length > 0 });
  }

  const anyQuery = fc.constantFrom(...queries);
  const side = fc.constantFrom('after' as const, 'before' as const);
  /** Chosen late, since cursors are only there when the world is. */
  const index = fc.nat(24);
  const realOf = (query: Query, at: number) => {
    const cursors = real.get(query) ?? [];
    return cursors[at % cursors.length] as string;
  };

  it(
    'as they were given lead to the page of the model',
    async () => {
      await fc.assert(
        fc.asyncProperty(anyQuery, index, side, (query, at, where) => check(query, realOf(query, at), where)),
        runs(80),
      );
    },
    timeLimitMs,
  );

  it(
    'of another order, direction or filter are refused',
    async () => {
      await fc.assert(
        fc.asyncProperty(anyQuery, anyQuery, index, side, (query, other, at, where) =>
          check(query, realOf(other, at), where),
        ),
        runs(120),
      );
      await world.wellAfter();
    },
    timeLimitMs,
  );

  it(
    'with bytes changed, cut or written in another way are a place or refused',
    async () => {
      const rewritten = fc.constantFrom<(cursor: string) => string>(
        (cursor) => `${cursor}=`,
        (cursor) => `${cursor} `,
        (cursor) => cursor.toLowerCase(),
        (cursor) => Buffer.from(cursor, 'base64url').toString('base64'),
        (cursor) => Buffer.from(cursor, 'base64url').toString('hex'),
        (cursor) => Buffer.from(cursor, 'base64url').toString(),
        (cursor) => `${cursor.slice(0, 8)}\n${cursor.slice(8)}`,
        (cursor) => cursor.slice(0, -1) + String.fromCharCode(cursor.charCodeAt(cursor.length - 1) + 1),
        (cursor) => cursor + cursor,
      );
      // A length no cursor falls below, so that the same choice fits each.
      const bytes = spoiltBytes(Buffer.alloc(40)).map((mask) => (cursor: string) => {
        const changed = Buffer.from(cursor, 'base64url').map((byte, at) => byte ^ (mask[at] ?? 0));
        return Buffer.from(changed.subarray(0, mask.length < 40 ? mask.length : undefined)).toString('base64url');
      });
      await fc.assert(
        fc.asyncProperty(
          anyQuery,
          index,
          side,
          fc.oneof({ weight: 4, arbitrary: bytes }, rewritten),
          (query, at, where, change) => check(query, change(realOf(query, at)), where),
        ),
        runs(500),
      );
      await world.wellAfter();
    },
    timeLimitMs,
  );

  it(
    'with fields of any kind are a place or refused',
    async () => {
      const key = fc.oneof(anyJson, fc.constantFrom(0, -1, 1e300, Date.now(), '', 'm', '\uffff', 'a'.repeat(100_000)));
      const spoil = fc.tuple(fc.nat(6), fc.oneof(anyText, key));
      await fc.assert(
        fc.asyncProperty(anyQuery, index, side, spoil, (query, at, where, [field, value]) => {
          const fields = parsed(Buffer.from(realOf(query, at), 'base64url').toString()) as unknown[];
          fields[field] = value;
          return check(query, Buffer.from(JSON.stringify(fields)).toString('base64url'), where);
        }),
        runs(500),
      );
      await world.wellAfter();
    },
    timeLimitMs,
  );

  it(
    'that never were one are refused',
    async () => {
      const text = fc.oneof(
        anyText.map((any) => any.toWellFormed()),
        fc.base64String(),
        fc.stringMatching(/^[A-Za-z0-9_-]{1,200}$/),
      );
      await fc.assert(
        fc.asyncProperty(anyQuery, text, side, (query, any, where) => check(query, any, where)),
        runs(200),
      );
      await world.wellAfter();
    },
    timeLimitMs,
  );
});
