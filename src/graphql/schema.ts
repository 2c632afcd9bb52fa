/**
 * The schema: SDL of a folder, resolvers of the caller, and what all schemas share.
 *
 *   schema/*.graphql ─┐
 *   shared.graphql ───┼─► buildSchema ─► executable, its freshness checked
 *   resolvers ────────┘
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { type DocumentNode, GraphQLError, type GraphQLScalarType, type GraphQLSchema, parse } from 'graphql';
import { GraphQLDateTimeISO, GraphQLURL } from 'graphql-scalars';
import { textOf } from './date-time.ts';
import { nodeQueries } from './nodes.ts';
import { policiesOf } from './policies.ts';

type Resolvers = NonNullable<Parameters<typeof makeExecutableSchema>[0]['resolvers']>;

const sharedTypeDefs = readFileSync(new URL('./shared.graphql', import.meta.url), 'utf8');
/** `DateTime` gives text, which is stringified several times as fast as what has to be made text meanwhile. */
const dateTime = {
  ...functionsOf(GraphQLDateTimeISO),
  serialize: (value: unknown) => (value instanceof Date ? textOf(value) : GraphQLDateTimeISO.serialize(value)),
};
const sharedResolvers = { DateTime: dateTime, URL: functionsOf(GraphQLURL), Query: nodeQueries };

/**
 * @returns Every `.graphql` file in the folder, by name.
 * @throws {Error} Naming the folder, when it cannot be read or holds none; naming file and line, when one does not parse.
 */
export function loadTypeDefs(dir: string): DocumentNode[] {
  const files = sdlFilesIn(dir);
  if (files.length === 0) throw new Error(`No .graphql files in the schema folder ${dir}.`);
  return files.map((file) => parseFile(join(dir, file)));
}

/**
 * @param options.typeDefs - SDL without what is shared; its root fields stand in `extend type Query`.
 * @throws {Error} When SDL and resolvers do not fit together, or a `@cacheControl` is not one.
 */
export function buildSchema({
  typeDefs,
  resolvers,
}: {
  typeDefs: readonly (DocumentNode | string)[];
  resolvers: Resolvers;
}): GraphQLSchema {
  const schema = makeExecutableSchema({
    typeDefs: [sharedTypeDefs, ...typeDefs],
    resolvers: [sharedResolvers, resolvers].flat(),
    resolverValidationOptions: { requireResolversToMatchSchema: 'error' },
  });
  policiesOf(schema);
  return schema;
}

function parseFile(path: string): DocumentNode {
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    const [place] = error.locations ?? [];
    throw new Error(`${path}:${place?.line}:${place?.column}: ${error.message}`, { cause: error });
  }
}

function sdlFilesIn(dir: string): string[] {
  try {
    return readdirSync(dir)
      .filter((file) => file.endsWith('.graphql'))
      .sort();
  } catch (cause) {
    throw new Error(`The schema folder ${dir} cannot be read.`, { cause });
  }
}

/** Only what a scalar does: what it is, the SDL says. */
function functionsOf({ serialize, parseValue, parseLiteral }: GraphQLScalarType) {
  return { serialize, parseValue, parseLiteral };
}
