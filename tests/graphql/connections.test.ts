import { describe, expect, it } from 'vitest';
import { CursorError } from '../../src/data/reader.ts';
import { ask, catalogId, catalogs, encodedNoSeller, memoryReaders, sellerId } from './catalogue.ts';

const ids = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => catalogId(from + i));
const nodeIds = (connection: { nodes: { id: string }[] }) => connection.nodes.map((node) => node.id);
const pageInfo = 'pageInfo { hasNextPage hasPreviousPage startCursor endCursor }';

describe('a connection', () => {
  it('gives the first 20 when asked for no size', async () => {
    const { data } = await ask(`{ catalogs { nodes { id } totalCount ${pageInfo} } }`);
    expect(nodeIds(data.catalogs)).toEqual(ids(1, 20));
    expect(data.catalogs.totalCount).toBe(30);
    expect(data.catalogs.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
  });

  it('reads on from the last cursor, and back from the first', async () => {
    const one = await ask(`{ catalogs(first: 12) { nodes { id } edges { cursor node { id } } ${pageInfo} } }`);
    const { edges, pageInfo: info } = one.data.catalogs;
    expect(edges.map((edge: { node: unknown }) => edge.node)).toEqual(one.data.catalogs.nodes);
    expect([info.startCursor, info.endCursor]).toEqual([edges[0].cursor, edges[11].cursor]);

    const query = `query ($first: Int, $after: String, $last: Int, $before: String) {
      catalogs(first: $first, after: $after, last: $last, before: $before) { nodes { id } ${pageInfo} }
    }`;
    const two = await ask(query, { variables: { first: 12, after: info.endCursor } });
    expect(nodeIds(two.data.catalogs)).toEqual(ids(13, 24));
    expect(two.data.catalogs.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: true });
    const back = await ask(query, { variables: { last: 5, before: two.data.catalogs.pageInfo.startCursor } });
    expect(nodeIds(back.data.catalogs)).toEqual(ids(8, 12));
    const between = { after: edges[1].cursor, before: edges[8].cursor };
    expect(nodeIds((await ask(query, { variables: between })).data.catalogs)).toEqual(ids(3, 8));
    expect(nodeIds((await ask(query, { variables: { last: 2, ...between } })).data.catalogs)).toEqual(ids(7, 8));
  });

  it('gives an empty page for first 0, with both neighbours told', async () => {
    const { data } = await ask(`{ catalogs(first: 0) { nodes { id } edges { cursor } totalCount ${pageInfo} } }`);
    expect(data.catalogs).toEqual({
      nodes: [],
      edges: [],
      totalCount: 30,
      pageInfo: { hasNextPage: true, hasPreviousPage: false, startCursor: null, endCursor: null },
    });
  });

  it.each(['first', 'last'])('takes %s 100 and refuses what lies outside', async (name) => {
    const query = `query ($size: Int) { catalogs(${name}: $size) { totalCount } }`;
    for (const size of [0, 1, 100]) expect((await ask(query, { variables: { size } })).errors).toBeUndefined();
    for (const size of [-1, 101, 2_147_483_647]) {
      const { data, errors } = await ask(query, { variables: { size } });
      expect(data).toEqual({ catalogs: null });
      expect(errors).toMatchObject([
        { message: `\`${name}\` is ${size}; it must be from 0 to 100.`, extensions: { code: 'BAD_USER_INPUT' } },
      ]);
    }
  });

  it('refuses first beside last, but takes one of them as null', async () => {
    const both = await ask('{ catalogs(first: 0, last: 0) { totalCount } }');
    expect(both.errors).toMatchObject([
      { message: 'Give `first` or `last`, not both.', extensions: { code: 'BAD_USER_INPUT' } },
    ]);
    const { data } = await ask('{ catalogs(first: null, last: 2, after: null) { nodes { id } } }');
    expect(nodeIds(data.catalogs)).toEqual(ids(29, 30));
  });

  it('refuses a cursor that is none, or of another order or filter, in the words of the reader', async () => {
    const { data } = await ask('{ catalogs(first: 1) { edges { cursor } } }');
    const { cursor } = data.catalogs.edges[0];
    for (const query of [
      'query ($after: String) { catalogs(after: $after, orderBy: { field: TITLE }) { totalCount } }',
      'query ($after: String) { catalogs(after: $after, filter: { titleContains: "a" }) { totalCount } }',
    ]) {
      expect((await ask(query, { variables: { after: cursor } })).errors).toMatchObject([
        { message: 'The cursor belongs to another order or filter.', extensions: { code: 'BAD_USER_INPUT' } },
      ]);
    }
    expect((await ask('{ catalogs(before: "nonsense") { totalCount } }')).errors).toMatchObject([
      { message: 'The cursor cannot be read.', extensions: { code: 'BAD_USER_INPUT' } },
    ]);
  });

  it('refuses a cursor as well when the reader throws before it promises', async () => {
    const readers = memoryReaders();
    readers.Catalog.page = () => {
      throw new CursorError('The cursor cannot be read.');
    };
    expect((await ask('{ catalogs { totalCount } }', { readers })).errors).toMatchObject([
      { extensions: { code: 'BAD_USER_INPUT' } },
    ]);
  });

  it.each([
    ['', 'START_DATE', 'ASC'],
    ['(orderBy: null)', 'START_DATE', 'ASC'],
    ['(orderBy: { field: TITLE })', 'TITLE', 'ASC'],
    ['(orderBy: { field: UPDATED_AT, direction: DESC })', 'UPDATED_AT', 'DESC'],
  ])('ordered by %j asks the reader for %s %s', async (args, order, direction) => {
    const readers = memoryReaders();
    await ask(`{ catalogs${args} { totalCount } }`, { readers });
    expect(readers.Catalog.pages).toMatchObject([{ order, direction, first: 20 }]);
  });
});

describe('a filter', () => {
  it('reaches the reader by the names of the schema', async () => {
    const readers = memoryReaders();
    await ask(
      `query ($seller: ID) {
        catalogs(filter: { sellerId: $seller, status: [LIVE, OTHER], startsFrom: "2026-03-02T00:00:00Z",
          startsBefore: "2026-04-01T00:00:00Z", titleContains: "sale" }) { totalCount }
        sellers(filter: { country: ["DE", "FR"], nameContains: "e" }) { totalCount }
      }`,
      { variables: { seller: sellerId(2) }, readers },
    );
    expect(readers.Catalog.pages[0]?.filter).toEqual({
      sellerId: '2',
      status: ['LIVE', 'OTHER'],
      startsFrom: new Date('2026-03-02'),
      startsBefore: new Date('2026-04-01'),
      titleContains: 'sale',
    });
    expect(readers.Seller.pages[0]?.filter).toEqual({ country: ['DE', 'FR'], nameContains: 'e' });
  });

  it.each(['2', 'nonsense', catalogId(2), encodedNoSeller])(
    'by the seller %j matches nothing, and nothing is read',
    async (id) => {
      const readers = memoryReaders();
      const query = `query ($id: ID) { catalogs(filter: { sellerId: $id }) { edges { cursor } nodes { id } totalCount ${pageInfo} } }`;
      const { data, errors } = await ask(query, { variables: { id }, readers });
      expect(errors).toBeUndefined();
      expect(data.catalogs).toEqual({
        edges: [],
        nodes: [],
        totalCount: 0,
        pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
      });
      expect(readers.Catalog.pages).toEqual([]);
    },
  );

  it('that matches nothing still refuses a bad size and every cursor', async () => {
    for (const args of ['first: 101', 'first: 1, last: 1', 'after: "x"', 'last: 1, before: "x"']) {
      const { errors } = await ask(`{ catalogs(filter: { sellerId: "nonsense" }, ${args}) { totalCount } }`);
      expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    }
  });

  it.each([null, ''])('by the seller %j does not restrict', async (id) => {
    const { data } = await ask('query ($id: ID) { catalogs(filter: { sellerId: $id }) { totalCount } }', {
      variables: { id },
    });
    expect(data.catalogs.totalCount).toBe(30);
  });
});

describe('the catalogs of a seller', () => {
  const countOf = (id: string) => catalogs.filter((catalog) => catalog.sellerId === id).length;

  it('are a connection of their own', async () => {
    const { data } = await ask(
      `{ sellers { nodes { name catalogs(last: 2, filter: { startsBefore: "2026-03-20T00:00:00Z" }) {
        totalCount nodes { seller { name } } pageInfo { hasPreviousPage hasNextPage } } } } }`,
    );
    expect(data.sellers.nodes.map((node: { name: string }) => node.name)).toEqual(['Alder', 'Birch', 'Cedar']);
    for (const { name, catalogs: page } of data.sellers.nodes) {
      expect(page.nodes).toEqual([{ seller: { name } }, { seller: { name } }]);
      expect(page.pageInfo).toEqual({ hasPreviousPage: true, hasNextPage: false });
    }
  });

  it('keep to the seller when the filter names it, and are none when it names another', async () => {
    const query = `query ($seller: ID!, $asked: ID) {
      seller(id: $seller) { catalogs(filter: { sellerId: $asked }) { totalCount } }
    }`;
    const count = async (asked: string | null) =>
      (await ask(query, { variables: { seller: sellerId(1), asked } })).data.seller.catalogs.totalCount;
    expect(await count(null)).toBe(countOf('1'));
    expect(await count('')).toBe(countOf('1'));
    expect(await count(sellerId(1))).toBe(countOf('1'));
    expect(await count(sellerId(2))).toBe(0);
    expect(await count('nonsense')).toBe(0);
  });

  it('share their cursors with the same filter at the root', async () => {
    const { data } = await ask(`{ seller(id: "${sellerId(1)}") { catalogs(first: 3) { ${pageInfo} } } }`);
    const after = data.seller.catalogs.pageInfo.endCursor;
    const query =
      'query ($id: ID, $after: String) { catalogs(filter: { sellerId: $id }, after: $after) { nodes { id } } }';
    const answer = await ask(query, { variables: { id: sellerId(1), after } });
    expect(answer.data.catalogs.nodes).toHaveLength(countOf('1') - 3);
  });
});

describe('a catalog', () => {
  it('has no seller when it names none, or one that nobody has', async () => {
    const readers = memoryReaders();
    const query =
      'query ($a: ID!, $b: ID!) { a: catalog(id: $a) { seller { id } } b: catalog(id: $b) { seller { id } } }';
    const answer = await ask(query, { variables: { a: catalogId(5), b: catalogId(30) }, readers });
    expect(answer).toEqual({ data: { a: { seller: null }, b: { seller: null } } });
    expect(readers.Seller.loads).toEqual(['99']);
  });
});
