/**
 * Variables for graphql-jit, so that it takes and refuses what graphql-js does.
 *
 *   given ─► defaults of the operation, as a client would write them ─► refused by graphql-js? ─► graphql-jit
 *
 * Left to itself it gives resolvers the text of a time that is a default, and takes an empty list for an object.
 */
import { isDeepStrictEqual } from 'node:util';
import {
  type GraphQLInputType,
  type GraphQLSchema,
  getNamedType,
  getVariableValues,
  isInputObjectType,
  Kind,
  type ListTypeNode,
  type NamedTypeNode,
  type TypeNode,
  typeFromAST,
  type VariableDefinitionNode,
  valueFromASTUntyped,
} from 'graphql';

/** As a client sends them. */
export type Variables = Readonly<Record<string, unknown>>;

/** @returns What is to be given on; undefined for what has to be refused. */
export type VariableTaker = (given: Variables) => Variables | undefined;

/** Of these alone, and lists of them, graphql-jit by itself takes and refuses what graphql-js does. */
const plainTypes = new Set(['ID', 'String', 'Int', 'Float', 'Boolean']);

/** @returns Undefined where graphql-jit cannot be given what graphql-js would give. */
export function variableTaker(
  schema: GraphQLSchema,
  definitions: readonly VariableDefinitionNode[],
): VariableTaker | undefined {
  const types = definitions.map(({ type }) => typeFromAST(schema, type as NamedTypeNode) as GraphQLInputType);
  if (!types.every((type) => hasPlainDefaults(type))) return undefined;
  const defaults = defaultsOf(definitions);
  const isPlain = definitions.every(({ type }) => isPlainType(type));
  return (given) => {
    const variables = defaults ? { ...defaults, ...given } : given;
    return isPlain || !getVariableValues(schema, definitions, variables).errors ? variables : undefined;
  };
}

function defaultsOf(definitions: readonly VariableDefinitionNode[]): Variables | undefined {
  const defaults = definitions.flatMap(({ variable, defaultValue }) =>
    defaultValue === undefined ? [] : [[variable.name.value, valueFromASTUntyped(defaultValue)] as const],
  );
  return defaults.length === 0 ? undefined : Object.fromEntries(defaults);
}

/** Whether defaults of fields, at any depth, are JSON: graphql-jit takes them for it. */
function hasPlainDefaults(type: GraphQLInputType, seen = new Set<unknown>()): boolean {
  const named = getNamedType(type);
  if (!isInputObjectType(named) || seen.has(named)) return true;
  seen.add(named);
  return Object.values(named.getFields()).every(
    ({ type, defaultValue }) => isJson(defaultValue) && hasPlainDefaults(type, seen),
  );
}

function isJson(value: unknown): boolean {
  return value === undefined || isDeepStrictEqual(JSON.parse(JSON.stringify(value)), value);
}

function isPlainType(type: TypeNode): boolean {
  const item = nullable(type);
  const named = item.kind === Kind.LIST_TYPE ? nullable(item.type) : item;
  return named.kind === Kind.NAMED_TYPE && plainTypes.has(named.name.value);
}

function nullable(type: TypeNode): NamedTypeNode | ListTypeNode {
  return type.kind === Kind.NON_NULL_TYPE ? type.type : type;
}
