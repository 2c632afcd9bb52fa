import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeNodeId, encodeNodeId, sourceIdOf } from '../../src/graphql/index.ts';
import { ask, catalogId, memoryReaders, sellerId } from './catalogue.ts';

const seed = { seed: 20261123 };
const ids = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
const types = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,30}$/);

describe('global ids', () => {
  it('are base64url of type and id', () => {
    expect(encodeNodeId('Catalog', '42')).toBe(Buffer.from('Catalog:42').toString('base64url'));
    expect(decodeNodeId('Q2F0YWxvZzo0Mg')).toEqual({ type: 'Catalog', id: '42' });
  });

  it('come back as they were, for every type and id', () => {
    fc.assert(
      fc.property(types, ids, (type, id) => {
        expect(decodeNodeId(encodeNodeId(type, id))).toEqual({ type, id });
      }),
      seed,
    );
  });

  it('are the only text that decodes to them', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.base64String(), ids), (text) => {
        const node = decodeNodeId(text);
        expect(node === null || encodeNodeId(node.type, node.id) === text).toBe(true);
      }),
      { ...seed, numRuns: 1_000 },
    );
  });

  it.each([
    ['nothing', ''],
    ['the id of the API', '42'],
    ['plain text', 'Catalog:42'],
    ['padding', Buffer.from('Catalog:4').toString('base64').replace(/=*$/, '==')],
    ['a blank at the end', `${catalogId(42)} `],
    ['bits left over', 'Q2F0YWxvZzo0Mh'],
    ['standard base64', Buffer.from('Catalog:~~~').toString('base64')],
    ['no type', Buffer.from(':42').toString('base64url')],
    ['no id', Buffer.from('Catalog:').toString('base64url')],
    ['two colons', Buffer.from('Catalog:4:2').toString('base64url')],
    ['a line break', Buffer.from('Catalog:42\n').toString('base64url')],
    ['a path', Buffer.from('Catalog:../42').toString('base64url')],
    ['an id too long', encodeNodeId('Catalog', 'x'.repeat(65))],
    ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x3a, 0x34]).toString('base64url')],
  ])('do not decode from %s', (_, text) => {
    expect(decodeNodeId(text)).toBeNull();
  });

  it('of one type are no ids of another', () => {
    expect(sourceIdOf('Catalog', catalogId(42))).toBe('42');
    expect(sourceIdOf('Seller', catalogId(42))).toBeNull();
  });
});

describe('node, nodes, catalog and seller', () => {
  it('find an object by its global id and tell the id of the API', async () => {
    const { data, errors } = await ask(
      `query ($c: ID!, $s: ID!) {
        node(id: $c) { __typename id ... on Catalog { title startDate } }
        catalog(id: $c) { id sourceId seller { id } }
        seller(id: $s) { id sourceId name }
      }`,
      { variables: { c: catalogId(7), s: sellerId(2) } },
    );
    expect(errors).toBeUndefined();
    expect(data).toEqual({
      node: { __typename: 'Catalog', id: catalogId(7), title: 'Sale g', startDate: '2026-03-07T09:30:00.000Z' },
      catalog: { id: catalogId(7), sourceId: '7', seller: { id: sellerId(2) } },
      seller: { id: sellerId(2), sourceId: '2', name: 'Birch' },
    });
  });

  it.each(['42', 'not an id', '', sellerId(1), encodeNodeId('PageInfo', '1'), encodeNodeId('constructor', '1')])(
    'give null for %j, without reading and without an error',
    async (id) => {
      const readers = memoryReaders();
      const answer = await ask('query ($id: ID!) { catalog(id: $id) { id } }', { variables: { id }, readers });
      expect(answer).toEqual({ data: { catalog: null } });
      expect(readers.Catalog.loads).toEqual([]);
    },
  );

  it.each(['42', '__proto__', encodeNodeId('Unknown', '1'), encodeNodeId('constructor', '1'), catalogId(999)])(
    'node gives null for %j',
    async (id) => {
      expect(await ask('query ($id: ID!) { node(id: $id) { id } }', { variables: { id } })).toEqual({
        data: { node: null },
      });
    },
  );

  it('nodes keeps the order asked for, twice where asked twice, null where nothing is', async () => {
    const given = [sellerId(3), catalogId(1), 'nonsense', catalogId(999), sellerId(3)];
    const { data } = await ask('query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }', {
      variables: { ids: given },
    });
    expect(data.nodes).toEqual([
      { __typename: 'Seller', id: sellerId(3) },
      { __typename: 'Catalog', id: catalogId(1) },
      null,
      null,
      { __typename: 'Seller', id: sellerId(3) },
    ]);
  });

  it('nodes takes 100 ids and refuses 101', async () => {
    const query = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';
    const ask100 = await ask(query, { variables: { ids: Array(100).fill(catalogId(1)) } });
    expect(ask100.data.nodes).toHaveLength(100);
    const { errors } = await ask(query, { variables: { ids: Array(101).fill(catalogId(1)) } });
    expect(errors).toMatchObject([
      { message: '`ids` has 101 ids; at most 100 are allowed.', extensions: { code: 'BAD_USER_INPUT' } },
    ]);
  });

  it('nodes loses only the object whose read fails', async () => {
    const readers = memoryReaders();
    const { load } = readers.Catalog;
    readers.Catalog.load = (id) => (id === '2' ? Promise.reject(new Error('broken')) : load(id));
    const { data, errors } = await ask('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', {
      variables: { ids: [catalogId(1), catalogId(2), catalogId(3)] },
      readers,
    });
    expect(data.nodes).toEqual([{ id: catalogId(1) }, null, { id: catalogId(3) }]);
    expect(errors).toMatchObject([{ path: ['nodes', 1] }]);
  });
});
