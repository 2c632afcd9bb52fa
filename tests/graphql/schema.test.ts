import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  buildASTSchema,
  type GraphQLNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isSpecifiedDirective,
  isSpecifiedScalarType,
  parse,
  print,
  visit,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { buildSchema, loadTypeDefs } from '../../src/graphql/index.ts';
import { resolvers } from '../../src/graphql/resolvers/index.ts';
import { ask, catalogId, memoryReaders, schema, sellerId } from './catalogue.ts';

/** The promise to clients, word for word. */
const contract = parse(`
directive @cacheControl(maxAge: Int, staleWhileRevalidate: Int, staleIfError: Int, scope: CacheControlScope, inheritMaxAge: Boolean) on FIELD_DEFINITION | OBJECT | INTERFACE | UNION
enum CacheControlScope { PUBLIC PRIVATE }
scalar DateTime
scalar URL
interface Node { id: ID! }
type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
type Query {
  node(id: ID!): Node
  nodes(ids: [ID!]!): [Node]!
  catalog(id: ID!): Catalog
  seller(id: ID!): Seller
  catalogs(first: Int, after: String, last: Int, before: String, filter: CatalogFilter, orderBy: CatalogOrder = {field: START_DATE, direction: ASC}): CatalogConnection
  sellers(first: Int, after: String, last: Int, before: String, filter: SellerFilter, orderBy: SellerOrder = {field: NAME, direction: ASC}): SellerConnection
}
type Catalog implements Node @cacheControl(maxAge: 60, staleWhileRevalidate: 600, staleIfError: 86400) {
  id: ID!  sourceId: String!  title: String!  status: CatalogStatus!  startDate: DateTime!  endDate: DateTime
  location: String  lotCount: Int!  updatedAt: DateTime!  seller: Seller
}
enum CatalogStatus { UPCOMING LIVE CLOSED CANCELLED OTHER }
type Seller implements Node @cacheControl(maxAge: 300, staleWhileRevalidate: 3600, staleIfError: 86400) {
  id: ID!  sourceId: String!  name: String!  country: String  website: URL  updatedAt: DateTime!
  catalogs(first: Int, after: String, last: Int, before: String, filter: CatalogFilter, orderBy: CatalogOrder = {field: START_DATE, direction: ASC}): CatalogConnection
}
type CatalogConnection @cacheControl(maxAge: 60, staleWhileRevalidate: 600, staleIfError: 86400) { edges: [CatalogEdge!]! nodes: [Catalog!]! pageInfo: PageInfo! totalCount: Int! }
type CatalogEdge { cursor: String! node: Catalog! }
type SellerConnection @cacheControl(maxAge: 300, staleWhileRevalidate: 3600, staleIfError: 86400) { edges: [SellerEdge!]! nodes: [Seller!]! pageInfo: PageInfo! totalCount: Int! }
type SellerEdge { cursor: String! node: Seller! }
input CatalogFilter { sellerId: ID  status: [CatalogStatus!]  startsFrom: DateTime  startsBefore: DateTime  titleContains: String }
input SellerFilter { country: [String!]  nameContains: String }
input CatalogOrder { field: CatalogOrderField!  direction: OrderDirection! = ASC }
input SellerOrder { field: SellerOrderField!  direction: OrderDirection! = ASC }
enum CatalogOrderField { START_DATE TITLE UPDATED_AT }
enum SellerOrderField { NAME }
enum OrderDirection { ASC DESC }
`);

describe('the schema', () => {
  it('has every type, field, argument, default and directive of the contract, exactly', () => {
    const ours = statementsOf(schema);
    for (const statement of statementsOf(buildASTSchema(contract))) expect(ours).toContain(statement);
  });

  it('describes every type, field, argument, input field, enum value and directive', () => {
    const bare = Object.values(schema.getTypeMap())
      .filter((type) => !type.name.startsWith('__') && !isSpecifiedScalarType(type))
      .flatMap(described)
      .concat(
        schema
          .getDirectives()
          .filter((directive) => !isSpecifiedDirective(directive))
          .flatMap((directive) => [
            { name: `@${directive.name}`, description: directive.description },
            ...directive.args.map((arg) => ({ name: `@${directive.name}(${arg.name})`, description: arg.description })),
          ]),
      )
      .filter(({ description }) => !description)
      .map(({ name }) => name);
    expect(bare).toEqual([]);
  });

  it('keeps its own words for the scalars of a library', () => {
    expect(schema.getType('DateTime')?.description).toContain('finer digits are cut');
  });

  it('refuses a resolver that has no field', () => {
    const broken = { ...resolvers, Catalog: { ...resolvers.Catalog, titel: () => 'x' } };
    expect(() => buildSchema({ typeDefs: loadTypeDefs('schema'), resolvers: broken })).toThrow('Catalog.titel');
  });

  it('names a folder that is missing or empty', () => {
    expect(() => loadTypeDefs('no/such/folder')).toThrow('The schema folder no/such/folder cannot be read.');
    const empty = mkdtempSync(join(tmpdir(), 'schema-'));
    expect(() => loadTypeDefs(empty)).toThrow(`No .graphql files in the schema folder ${empty}.`);
    writeFileSync(join(empty, 'notes.txt'), 'type Query');
    expect(() => loadTypeDefs(empty)).toThrow('No .graphql files');
  });

  it('names the file and the line of what does not parse', () => {
    const dir = mkdtempSync(join(tmpdir(), 'schema-'));
    writeFileSync(join(dir, 'bad.graphql'), 'type Query {\n  field String\n}\n');
    expect(() => loadTypeDefs(dir)).toThrow(`${join(dir, 'bad.graphql')}:2:9: Syntax Error: Expected ":"`);
  });
});

describe('P1 types survive', () => {
  it('a Date is an instant with milliseconds in the JSON of the answer', async () => {
    const { data } = await ask('query ($id: ID!) { catalog(id: $id) { startDate endDate updatedAt } }', {
      variables: { id: catalogId(1) },
    });
    expect(data.catalog).toEqual({
      startDate: '2026-03-01T09:30:00.000Z',
      endDate: '2026-06-01T08:00:00.123Z',
      updatedAt: '2026-01-01T00:00:00.123Z',
    });
  });

  it('a website is the text of its URL, or null', async () => {
    const query = 'query ($a: ID!, $c: ID!) { a: seller(id: $a) { website } c: seller(id: $c) { website } }';
    const { data } = await ask(query, { variables: { a: sellerId(1), c: sellerId(3) } });
    expect(data).toEqual({ a: { website: 'https://www.alder.example/' }, c: { website: null } });
  });

  it.each([
    ['2026-03-02T00:00:00Z', '2026-03-02T00:00:00.000Z'],
    ['2026-03-02t00:00:00z', '2026-03-02T00:00:00.000Z'],
    ['2026-03-02T01:00:00.1239+01:00', '2026-03-02T00:00:00.123Z'],
  ])('%s reaches the reader as a Date', async (text, instant) => {
    const query = 'query ($from: DateTime) { catalogs(filter: { startsFrom: $from }) { totalCount } }';
    const literal = `{ catalogs(filter: { startsFrom: ${JSON.stringify(text)} }) { totalCount } }`;
    for (const [asked, variables] of [
      [query, { from: text }],
      [literal, {}],
    ] as const) {
      const readers = memoryReaders();
      expect((await ask(asked, { variables, readers })).errors).toBeUndefined();
      expect(readers.Catalog.pages[0]?.filter).toEqual({ startsFrom: new Date(instant) });
    }
  });

  it.each(['2026-03-02T00:00:00', '2026-03-02', '2026-02-30T00:00:00Z', 'yesterday', '', 1_767_225_600_000])(
    'an instant %j is BAD_USER_INPUT',
    async (from) => {
      const query = 'query ($from: DateTime) { catalogs(filter: { startsFrom: $from }) { totalCount } }';
      const { errors } = await ask(query, { variables: { from } });
      expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    },
  );

  it('an instant without offset is no literal either', async () => {
    const { errors } = await ask('{ catalogs(filter: { startsFrom: "2026-03-02T00:00:00" }) { totalCount } }');
    expect(errors).toMatchObject([{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }]);
  });
});

/** One line for each thing a schema states, with descriptions left out. */
function statementsOf(built: typeof schema): string[] {
  const typeLines = Object.values(built.getTypeMap()).flatMap((type) => {
    const nodes = [type.astNode, ...type.extensionASTNodes].filter((node) => node != null);
    return nodes.flatMap((node) => [
      `${type.name} is ${node.kind.replace('Extension', 'Definition')}`,
      ...('interfaces' in node
        ? (node.interfaces ?? []).map((one) => `${type.name} implements ${one.name.value}`)
        : []),
      ...(node.directives ?? []).map((one) => `${type.name} ${print(one)}`),
      ...('fields' in node ? (node.fields ?? []).map((one) => `${type.name} { ${bare(one)} }`) : []),
      ...('values' in node ? (node.values ?? []).map((one) => `${type.name} { ${bare(one)} }`) : []),
    ]);
  });
  const directives = built.getDirectives().flatMap(({ astNode }) => (astNode ? [bare(astNode)] : []));
  return [...typeLines, ...directives];
}

function bare(node: Parameters<typeof print>[0]): string {
  return print(
    visit(node, { enter: (one) => ('description' in one ? { ...one, description: undefined } : undefined) }),
  );
}

function described(type: GraphQLNamedType): { name: string; description: string | null | undefined }[] {
  const found = [{ name: type.name, description: type.description }];
  if (isEnumType(type)) {
    for (const { name, description } of type.getValues()) found.push({ name: `${type.name}.${name}`, description });
  }
  if (isInputObjectType(type) || isObjectType(type) || isInterfaceType(type)) {
    for (const field of Object.values(type.getFields())) {
      const name = `${type.name}.${field.name}`;
      found.push({ name, description: field.description });
      if (!('args' in field)) continue;
      for (const arg of field.args) found.push({ name: `${name}(${arg.name})`, description: arg.description });
    }
  }
  return found;
}
