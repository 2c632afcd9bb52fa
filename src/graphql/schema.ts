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
import type { GraphQLScalarType, GraphQLSchema } from 'graphql';
import { GraphQLDateTime, GraphQLURL } from 'graphql-scalars';
import { nodeQueries } from './nodes.ts';
import { policiesOf } from './policies.ts';

type Resolvers = NonNullable<Parameters<typeof makeExecutableSchema>[0]['resolvers']>;

const sharedTypeDefs = readFileSync(new URL('./shared.graphql', import.meta.url), 'utf8');
const sharedResolvers = { DateTime: functionsOf(GraphQLDateTime), URL: functionsOf(GraphQLURL), Query: nodeQueries };

/**
 * @returns The text of every `.graphql` file in the folder, by name.
 * @throws {Error} Naming the folder, when it cannot be read or holds none.
 */
export function loadTypeDefs(dir: string): string[] {
  const files = sdlFilesIn(dir);
  if (files.length === 0) throw new Error(`No .graphql files in the schema folder ${dir}.`);
  return files.map((file) => readFileSync(join(dir, file), 'utf8'));
}

/**
 * @param options.typeDefs - SDL without what is shared; its root fields stand in `extend type Query`.
 * @throws {Error} When SDL and resolvers do not fit together, or a `@cacheControl` is not one.
 */
export function buildSchema({
  typeDefs,
  resolvers,
}: {
  typeDefs: readonly string[];
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
