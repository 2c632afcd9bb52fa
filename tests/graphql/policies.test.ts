import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { buildSchema, cachePolicyOf, policiesOf } from '../../src/graphql/index.ts';
import { schema } from './catalogue.ts';

const catalog = { maxAgeMs: 60_000, staleWhileRevalidateMs: 600_000, staleIfErrorMs: 86_400_000 };
const seller = { maxAgeMs: 300_000, staleWhileRevalidateMs: 3_600_000, staleIfErrorMs: 86_400_000 };
const zero = { maxAgeMs: 0, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 };

const build = (sdl: string) => buildSchema({ typeDefs: [sdl], resolvers: {} });

describe('freshness of types', () => {
  it('is what the schema declares, in ms', () => {
    expect(Object.fromEntries(policiesOf(schema))).toEqual({
      Catalog: catalog,
      CatalogConnection: catalog,
      Seller: seller,
      SellerConnection: seller,
    });
  });

  it.each([
    ['type Post @cacheControl(maxAge: -1) { id: ID }', '@cacheControl of Post: maxAge is -1'],
    ['type Post @cacheControl(maxAge: 1, staleWhileRevalidate: -1) { id: ID }', 'Post: staleWhileRevalidate is -1'],
    ['type Post @cacheControl(maxAge: 1, staleIfError: 2147483647) { id: ID }', 'Post: staleIfError is 2147483647'],
    ['type Post @cacheControl(staleIfError: 60) { id: ID }', 'Post: stale windows need a maxAge'],
    ['type Post @cacheControl(maxAge: 1, inheritMaxAge: true) { id: ID }', 'Post: maxAge and inheritMaxAge'],
    ['type Post { id: ID @cacheControl(maxAge: -5) }', '@cacheControl of Post.id: maxAge is -5'],
    ['type Post { id: ID } extend type Post @cacheControl(maxAge: -6)', '@cacheControl of Post: maxAge is -6'],
  ])('that makes no sense stops the start: %s', (sdl, message) => {
    expect(() => build(`${sdl} extend type Query { post: Post }`)).toThrow(message);
  });

  it('may be a whole year', () => {
    const policies = policiesOf(build('type Post @cacheControl(maxAge: 31536000) { id: ID }'));
    expect(policies.get('Post')).toEqual({ ...zero, maxAgeMs: 31_536_000_000 });
  });
});

describe('freshness of an answer of the catalogue', () => {
  const policy = (query: string, name?: string) => cachePolicyOf(schema, parse(query), name);

  it.each([
    ['{ catalog(id: "x") { title } }', catalog],
    ['{ seller(id: "x") { name website } }', seller],
    ['{ sellers { totalCount } }', seller],
    ['{ sellers { nodes { catalogs { totalCount } } } }', catalog],
    ['{ catalogs { nodes { seller { name } } } }', catalog],
    ['{ node(id: "x") { id } }', catalog],
    ['{ node(id: "x") { ... on Seller { name } } }', catalog],
    ['{ s: seller(id: "x") { ...F } } fragment F on Seller { catalogs { pageInfo { endCursor } } }', catalog],
    ['{ seller(id: "x") { __typename } }', seller],
    ['{ __typename seller(id: "x") { name } __schema { description } }', seller],
  ])('%s is that of its strictest part', (query, expected) => {
    expect(policy(query)).toEqual({ ...expected, scope: 'PUBLIC' });
  });

  it.each(['{ __typename }', '{ __schema { types { name } } __type(name: "Query") { name } }'])(
    '%s has none: nothing but introspection',
    (query) => {
      expect(policy(query)).toBeUndefined();
    },
  );

  it('is that of the operation named', () => {
    const query = 'query A { seller(id: "x") { id } } query B { catalog(id: "x") { id } }';
    expect(policy(query, 'A')).toMatchObject(seller);
    expect(policy(query, 'B')).toMatchObject(catalog);
    expect(policy(query)).toEqual({ ...zero, scope: 'PUBLIC' });
  });

  it('is computed once a document and operation', () => {
    const document = parse('query A { seller(id: "x") { id } } query B { catalog(id: "x") { id } }');
    const first = cachePolicyOf(schema, document, 'A');
    expect(cachePolicyOf(schema, document, 'A')).toBe(first);
    expect(cachePolicyOf(schema, document, 'B')).not.toEqual(first);
  });
});

describe('freshness of an answer, by the hints of any schema', () => {
  const hinted = build(`
    extend type Query {
      plain: Plain
      count: Int
      counted: Int @cacheControl(maxAge: 5)
      post: Post
      shortPost: Post @cacheControl(maxAge: 3, staleWhileRevalidate: 4, staleIfError: 5)
      inherited: Plain @cacheControl(inheritMaxAge: true)
      lent: Lent
      me: Post @cacheControl(scope: PRIVATE)
      shown: Secret @cacheControl(scope: PUBLIC, maxAge: 8)
      secret: Secret
      any: Any
      known: Known
      named: Named
    }
    extend type Mutation { write: Post }
    type Mutation { ping: Int }
    type Plain { post: Post title: String self: Plain }
    type Post @cacheControl(maxAge: 100, staleWhileRevalidate: 200, staleIfError: 300) {
      title: String
      live: Int @cacheControl(maxAge: 1)
      mine: Int @cacheControl(scope: PRIVATE)
      plain: Plain
      kept: Short @cacheControl(inheritMaxAge: true)
      short: Short
    }
    type Lent @cacheControl(inheritMaxAge: true) { title: String }
    type Short @cacheControl(maxAge: 2) { title: String }
    type Secret @cacheControl(maxAge: 7, scope: PRIVATE) { title: String }
    union Any = Post | Short
    union Known @cacheControl(maxAge: 50) = Post | Short
    interface Named { name: String }
    type Person implements Named @cacheControl(maxAge: 40) { name: String @cacheControl(maxAge: 30, scope: PRIVATE) }
    type Place implements Named @cacheControl(maxAge: 60) { name: String }
  `);
  const policy = (query: string) => cachePolicyOf(hinted, parse(query));
  const seconds = (maxAge: number, staleWhileRevalidate = 0, staleIfError = 0, scope = 'PUBLIC') => ({
    maxAgeMs: maxAge * 1000,
    staleWhileRevalidateMs: staleWhileRevalidate * 1000,
    staleIfErrorMs: staleIfError * 1000,
    scope,
  });

  it.each([
    ['a root field without a hint is 0', '{ plain { title } }', seconds(0)],
    ['a root scalar without a hint is 0', '{ count }', seconds(0)],
    ['and makes all beside it 0', '{ post { title } count }', seconds(0)],
    ['a root scalar may have a hint', '{ counted }', seconds(5)],
    ['a type gives its own', '{ post { title } }', seconds(100, 200, 300)],
    ["a field's hint wins over its type's", '{ shortPost { title } }', seconds(3, 4, 5)],
    ['a hint on a scalar counts, and leaves no stale windows', '{ post { live } }', seconds(1)],
    ['a type without a hint inherits', '{ post { plain { title self { title } } } }', seconds(100, 200, 300)],
    ['a type with a hint does not', '{ post { short { title } } }', seconds(2)],
    ['unless the field says so', '{ post { kept { title } } }', seconds(100, 200, 300)],
    ['a root field that inherits does not count', '{ inherited { title } post { title } }', seconds(100, 200, 300)],
    ['nor does a type that inherits', '{ lent { title } post { title } }', seconds(100, 200, 300)],
    ['but alone it has nothing to inherit', '{ inherited { title } }', seconds(0)],
    ['one private field makes all private', '{ post { mine title } }', seconds(100, 200, 300, 'PRIVATE')],
    ['a scope alone leaves the freshness', '{ me { title } }', seconds(100, 200, 300, 'PRIVATE')],
    ['a private type is private', '{ secret { title } }', seconds(7, 0, 0, 'PRIVATE')],
    ['unless the field says otherwise', '{ shown { title } }', seconds(8)],
    ['a union is as strict as its strictest type', '{ any { __typename } }', seconds(2)],
    ['or what it says itself', '{ known { __typename } }', seconds(50)],
    ['a field of an interface counts as each type declares it', '{ named { name } }', seconds(30, 0, 0, 'PRIVATE')],
    ['and an interface as its strictest type', '{ named { __typename } }', seconds(40)],
    ['a mutation is 0', 'mutation { write { title } }', seconds(0)],
  ])('%s: %s', (_, query, expected) => {
    expect(policy(query)).toEqual(expected);
  });
});
