import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { checkLimits, defaultLimits, encodeNodeId } from '../../src/graphql/index.ts';
import { measure } from '../../src/graphql/limits.ts';
import { ask, catalogId, schema } from './catalogue.ts';

const sizeOf = (query: string, variables: Record<string, unknown> = {}, operationName?: string) =>
  measure({ schema, document: parse(query), variables, operationName });
const costOf = (query: string, variables?: Record<string, unknown>) => sizeOf(query, variables).cost;

/** A catalog, its seller, the seller's catalogs, and so on: `depth` levels. */
function nested(depth: number): string {
  const levels = ['seller(id: "x")', ...Array(depth).fill(['catalogs(first: 0)', 'nodes', 'seller']).flat()];
  return `{ ${levels.slice(0, depth - 1).join(' { ')} { __typename id${' }'.repeat(depth)}`;
}

describe('depth', () => {
  it('counts fields below each other, through fragments', () => {
    expect(sizeOf('{ catalogs { nodes { id } } }').depth).toBe(3);
    expect(
      sizeOf('{ ... { ...F } } fragment F on Query { catalogs { ... on CatalogConnection { nodes { id } } } }').depth,
    ).toBe(3);
    expect(sizeOf('{ sellers { totalCount } catalogs { nodes { seller { id } } } }').depth).toBe(4);
  });

  it('holds at the limit and refuses one beyond', () => {
    const check = (depth: number) => checkLimits({ schema, document: parse(nested(depth)) });
    // The last selection of a level that is a connection has no `id`; the measure does not mind.
    expect(check(15)).toBeUndefined();
    expect(check(16)).toMatchObject({
      message: 'The query is 16 levels deep; at most 15 are allowed.',
      extensions: { code: 'QUERY_TOO_COMPLEX' },
    });
  });
});

describe('aliases', () => {
  const aliased = (count: number) =>
    `{ catalog(id: "x") { ${Array.from({ length: count }, (_, i) => `a${i}: id`).join(' ')} } }`;

  it('hold at the limit, and one beyond is refused before anything runs', async () => {
    expect((await ask(aliased(100))).errors).toBeUndefined();
    const { data, errors } = await ask(aliased(101));
    expect(data).toBeUndefined();
    expect(errors).toMatchObject([
      { message: 'The query has 101 aliases; at most 100 are allowed.', extensions: { code: 'QUERY_TOO_COMPLEX' } },
    ]);
  });

  it('count where they are written: once in a fragment, not in one that is not used', () => {
    const fragments = 'fragment F on Catalog { x: id y: title }';
    expect(sizeOf(`{ catalogs { nodes { ...F } edges { node { ...F } } } } ${fragments}`).aliases).toBe(2);
    expect(
      sizeOf(`query A { catalogs { totalCount } } query B { catalogs { nodes { ...F } } } ${fragments}`, {}, 'A')
        .aliases,
    ).toBe(0);
  });
});

describe('tokens', () => {
  /** Sixteen tokens stand around the list. */
  const long = (tokens: number) => `{ catalogs(filter: { status: [${'LIVE '.repeat(tokens - 16)}] }) { totalCount } }`;

  it('hold at the limit, and one beyond is refused by the parser', async () => {
    expect((await ask(long(5_000))).errors).toBeUndefined();
    expect((await ask(long(5_001))).errors).toMatchObject([
      {
        message: 'The query has more than 5,000 tokens; at most 5,000 are allowed.',
        extensions: { code: 'QUERY_TOO_COMPLEX', requestId: 'request-1' },
      },
    ]);
  });
});

describe('fields repeated beyond what can be checked', () => {
  it('are QUERY_TOO_COMPLEX as well', async () => {
    const { errors } = await ask(`{ catalogs { ${'totalCount '.repeat(4_000)} } }`);
    expect(errors).toMatchObject([
      {
        message: 'The query repeats fields too often to be checked.',
        extensions: { code: 'QUERY_TOO_COMPLEX' },
      },
    ]);
  });
});

describe('cost', () => {
  it('is one for each value the answer may hold', () => {
    expect(costOf('{ catalog(id: "x") { id title } }')).toBe(3);
    expect(costOf('{ catalogs(first: 5) { nodes { id title } totalCount } }')).toBe(1 + 5 * 3 + 1);
    expect(costOf('{ catalogs(last: 5) { edges { cursor node { id } } pageInfo { hasNextPage } } }')).toBe(
      1 + 5 * 4 + 2,
    );
    expect(costOf('{ catalogs { nodes { id } } }')).toBe(1 + 20 * 2);
    expect(costOf('{ catalogs(first: 0) { nodes { id } } }')).toBe(1);
  });

  it('multiplies connections within connections, through fragments too', () => {
    const cost = 1 + 10 * (1 + (1 + 7 * 2));
    expect(costOf('{ sellers(first: 10) { nodes { catalogs(first: 7) { nodes { id } } } } }')).toBe(cost);
    expect(
      costOf(`{ sellers(first: 10) { ...S } }
        fragment S on SellerConnection { nodes { catalogs(first: 7) { ...C } } }
        fragment C on CatalogConnection { nodes { id } }`),
    ).toBe(cost);
  });

  it('gives one fragment the size of each place it is spread', () => {
    expect(
      costOf(`{ a: catalogs(first: 2) { ...C } b: catalogs(first: 50) { ...C } }
        fragment C on CatalogConnection { nodes { id } }`),
    ).toBe(1 + 2 * 2 + 1 + 50 * 2);
  });

  it('knows sizes from variables, their defaults and the number of ids', () => {
    const paged = 'query ($n: Int = 3, $last: Int) { catalogs(first: $n, last: $last) { nodes { id } } }';
    expect(costOf(paged)).toBe(1 + 3 * 2);
    expect(costOf(paged, { n: 8 })).toBe(1 + 8 * 2);
    expect(costOf(paged, { n: null, last: 4 })).toBe(1 + 4 * 2);
    expect(costOf(paged, { n: null })).toBe(1 + 20 * 2);
    const ids = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';
    expect(costOf(ids, { ids: ['a', 'b', 'c'] })).toBe(3 * 2);
    expect(costOf(ids, { ids: 'a' })).toBe(2);
    expect(costOf('{ nodes(ids: ["a", "b"]) { id } }')).toBe(4);
  });

  it('leaves sizes that are not allowed to the resolver, which names them', async () => {
    expect(costOf('{ catalogs(first: 2000000000) { nodes { id } } }')).toBe(1 + 100 * 2);
    expect(costOf('{ catalogs(first: -5) { nodes { id } } }')).toBe(1 + 100 * 2);
    expect((await ask('{ catalogs(first: 2000000000) { nodes { id } } }')).errors).toMatchObject([
      { extensions: { code: 'BAD_USER_INPUT' } },
    ]);
  });

  it('leaves out what is skipped or not included', () => {
    const query = `query ($yes: Boolean!, $no: Boolean!) {
      catalog(id: "x") { id title @skip(if: $yes) status @include(if: $no) ... @include(if: $no) { lotCount } location @skip(if: $no) }
    }`;
    expect(costOf(query, { yes: true, no: false })).toBe(3);
    expect(costOf(query, { yes: false, no: true })).toBe(5);
    expect(costOf('query ($no: Boolean = false) { catalog(id: "x") @skip(if: $no) { id } }', { no: null })).toBe(2);
  });

  it('holds at the limit and refuses one beyond', () => {
    const query = { schema, document: parse('{ catalogs(first: 7) { nodes { id } totalCount } }') };
    expect(checkLimits(query, { ...defaultLimits, cost: 16 })).toBeUndefined();
    expect(checkLimits(query, { ...defaultLimits, cost: 15 })).toMatchObject({
      message: 'The query may return 16 values; at most 15 are allowed.',
      extensions: { code: 'QUERY_TOO_COMPLEX' },
    });
  });

  it('lets a whole page of sellers show a page of catalogs each, and refuses a third level', () => {
    const page = (inner: string) => `(first: 100) { nodes { id name: __typename ${inner} } }`;
    const two = `{ sellers${page(`catalogs${page('title status startDate')}`)} }`;
    expect(checkLimits({ schema, document: parse(two) })).toBeUndefined();
    const three = `{ sellers${page(`catalogs${page(`seller { catalogs${page('')} }`)}`)} }`;
    expect(checkLimits({ schema, document: parse(three) })?.message).toMatch(
      /^The query may return [\d,]+ values; at most 100,000 are allowed\.$/,
    );
  });
});

describe('every limit', () => {
  it('lets introspection pass', async () => {
    const levels = 30;
    const query = `{ __typename __schema { types { fields { type ${'{ ofType '.repeat(levels)}{ name }${' }'.repeat(levels)} } } } }`;
    expect(sizeOf(query)).toEqual({ depth: 0, aliases: 0, cost: 0 });
  });

  it('measures doubling fragments in linear time', () => {
    const chain = (levels: number, body: (next: string) => string) =>
      Array.from({ length: levels }, (_, i) => `fragment F${i} on Seller { ${body(`...F${i + 1}`)} }`).join('\n');
    const levels = 20;
    const flat = `{ seller(id: "x") { ...F0 } } ${chain(levels, (next) => `${next} ${next}`)} fragment F${levels} on Seller { id name }`;
    expect(sizeOf(flat)).toEqual({ depth: 2, aliases: 0, cost: 1 + 2 * 2 ** levels });

    const deep = chain(
      levels,
      (next) => `a: catalogs { nodes { seller { ${next} } } } b: catalogs { nodes { seller { ${next} } } }`,
    );
    const bomb = `{ seller(id: "x") { ...F0 } } ${deep} fragment F${levels} on Seller { id }`;
    expect(sizeOf(bomb)).toMatchObject({ depth: 2 + 3 * levels, aliases: 2 * levels });
    expect(checkLimits({ schema, document: parse(bomb) }, { ...defaultLimits, depth: 100 })?.message).toBe(
      'The query may return far too many values; at most 100,000 are allowed.',
    );
  });

  it('does not hang on a fragment within itself', () => {
    expect(sizeOf('{ seller(id: "x") { ...A } } fragment A on Seller { id ...A }').depth).toBe(2);
  });

  it('leaves a query without its operation, or with variables that cannot be read, to those who name that', () => {
    const none = { depth: 0, aliases: 0, cost: 0 };
    expect(sizeOf('query A { __typename } query B { __typename }')).toEqual(none);
    expect(sizeOf('query ($n: Int!) { catalogs(first: $n) { totalCount } }', { n: 'many' })).toEqual(none);
  });

  it('lets an ordinary page pass with room to spare', async () => {
    const query = `query ($ids: [ID!]!) {
      nodes(ids: $ids) { ... on Catalog { title seller { name } } ... on Seller { name } }
      catalogs(first: 100) { edges { cursor node { id title status startDate endDate location lotCount seller { id name country website } } } pageInfo { hasNextPage endCursor } totalCount }
    }`;
    const answer = await ask(query, { variables: { ids: [catalogId(1), encodeNodeId('Seller', '1')] } });
    expect(answer.errors).toBeUndefined();
  });
});
