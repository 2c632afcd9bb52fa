/** A small catalogue, and the way a query takes through this room, as a server would lead it. */
import { execute, GraphQLError, type GraphQLFormattedError, type GraphQLSchema, parse, validate } from 'graphql';
import { type Catalog, catalogCodec } from '../../src/catalog/catalogs.ts';
import { type Seller, sellerCodec } from '../../src/catalog/sellers.ts';
import {
  buildSchema,
  type CatalogReaders,
  checkLimits,
  defaultLimits,
  type ErrorCode,
  encodeNodeId,
  formatError,
  type Limits,
  loadTypeDefs,
  parseOptions,
} from '../../src/graphql/index.ts';
import { resolvers } from '../../src/graphql/resolvers/index.ts';
import { type MemoryReader, memoryReader } from './memory-reader.ts';

export const schema = buildSchema({ typeDefs: loadTypeDefs('schema'), resolvers });

const houses = ['Alder', 'Birch', 'Cedar'];

const sellers: Seller[] = houses.map((name, index) =>
  sellerCodec.decode({
    id: index + 1,
    name,
    country: index === 2 ? null : ['DE', 'FR'][index],
    website: index === 2 ? null : `https://www.${name.toLowerCase()}.example`,
    updated_at: '2026-01-01T00:00:00Z',
  }),
);

/** Thirty catalogs, a day apart; every fifth without a seller, the last of a seller that nobody has. */
export const catalogs: Catalog[] = Array.from({ length: 30 }, (_, index) =>
  catalogCodec.decode({
    id: String(index + 1),
    title: `Sale ${String.fromCharCode(97 + (index % 26))}`,
    status: ['upcoming', 'live', 'closed'][index % 3],
    start_date: new Date(Date.UTC(2026, 2, 1 + index, 9, 30)).toISOString(),
    end_date: index % 2 ? null : '2026-06-01T10:00:00.123456+02:00',
    location: null,
    seller_id: index === 29 ? 99 : index % 5 === 4 ? null : ((index % 5) % 3) + 1,
    lot_count: index * 10,
    updated_at: '2026-01-01T00:00:00.123456Z',
  }),
);

type MemoryReaders = { Catalog: MemoryReader<Catalog>; Seller: MemoryReader<Seller> };

export function memoryReaders(): MemoryReaders {
  return {
    Catalog: memoryReader({
      rows: catalogs,
      orders: {
        START_DATE: (row) => row.startDate.getTime(),
        TITLE: (row) => row.title,
        UPDATED_AT: (row) => row.version,
      },
      matches: (row, { sellerId, status, startsFrom, startsBefore, titleContains }) =>
        (!sellerId || row.sellerId === sellerId) &&
        (!Array.isArray(status) || status.length === 0 || status.includes(row.status)) &&
        (!(startsFrom instanceof Date) || row.startDate >= startsFrom) &&
        (!(startsBefore instanceof Date) || row.startDate < startsBefore) &&
        (typeof titleContains !== 'string' || row.title.includes(titleContains)),
    }),
    Seller: memoryReader({
      rows: sellers,
      orders: { NAME: (row) => row.name },
      matches: (row, { country, nameContains }) =>
        (!Array.isArray(country) || country.length === 0 || country.includes(row.country)) &&
        (typeof nameContains !== 'string' || row.name.includes(nameContains)),
    }),
  };
}

export const catalogId = (id: string | number) => encodeNodeId('Catalog', String(id));
export const sellerId = (id: string | number) => encodeNodeId('Seller', String(id));

/** A well-formed global id that no type has. */
export const encodedNoSeller = encodeNodeId('Nobody', '2');

/** Read back from its JSON. */
// biome-ignore lint/suspicious/noExplicitAny: an answer has whatever shape its query has.
type Answer = { data?: any; errors?: GraphQLFormattedError[] };

type AskOptions = {
  variables?: Record<string, unknown>;
  readers?: CatalogReaders;
  limits?: Limits;
  introspection?: boolean;
  /** Another schema than the catalogue's. */
  schema?: GraphQLSchema;
  report?: (error: unknown, code: ErrorCode) => void;
};

/** Parsed, validated, measured, run, and read back from its JSON text. */
export async function ask(query: string, options: AskOptions = {}): Promise<Answer> {
  const { introspection = true, report = () => {} } = options;
  const { data, errors } = await run(query, options);
  const formatted = errors?.map((error) => {
    const told = error.toJSON();
    return formatError(told, error, { requestId: 'request-1', introspection, report });
  });
  return JSON.parse(JSON.stringify({ data, errors: formatted }));
}

async function run(query: string, options: AskOptions) {
  const { variables, readers = memoryReaders(), limits = defaultLimits, schema: asked = schema } = options;
  try {
    const document = parse(query, parseOptions(limits));
    const errors = validate(asked, document);
    if (errors.length > 0) return { errors: errors.map((error) => coded(error, 'GRAPHQL_VALIDATION_FAILED')) };
    const refusal = checkLimits({ schema: asked, document, variables }, limits);
    if (refusal) return { errors: [refusal] };
    return await execute({
      schema: asked,
      document,
      variableValues: variables ?? null,
      contextValue: { requestId: 'request-1', readers },
    });
  } catch (error) {
    if (error instanceof GraphQLError) return { errors: [coded(error, 'GRAPHQL_PARSE_FAILED')] };
    throw error;
  }
}

/** As servers do: the code of the step that failed. */
function coded(error: GraphQLError, code: ErrorCode): GraphQLError {
  return new GraphQLError(error.message, {
    nodes: error.nodes ?? null,
    source: error.source ?? null,
    positions: error.positions ?? null,
    originalError: error,
    extensions: { code },
  });
}
