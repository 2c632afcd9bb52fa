/** Freshness as the schema declares it: the hints of `@cacheControl`, checked and in ms. */
import {
  type ConstDirectiveNode,
  type GraphQLSchema,
  getDirectiveValues,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isUnionType,
} from 'graphql';
import type { Policy } from '../cache/policy.ts';

export type Scope = 'PUBLIC' | 'PRIVATE';

/** What one `@cacheControl` says; without a policy, freshness comes from elsewhere. */
export type Hint = { policy: Policy | undefined; scope: Scope | undefined; inherits: boolean };

/** By type name, and by `Type.field`. */
export type Hints = ReadonlyMap<string, Hint>;

type Arguments = {
  maxAge?: number | null;
  staleWhileRevalidate?: number | null;
  staleIfError?: number | null;
  scope?: Scope | null;
  inheritMaxAge?: boolean | null;
};
type Annotated = { readonly directives?: readonly ConstDirectiveNode[] | undefined };

const yearSeconds = 31_536_000;
const hintsBySchema = new WeakMap<GraphQLSchema, Hints>();

/**
 * @returns The policy of each type that declares one.
 * @throws {RangeError} Naming the type or field whose windows make no sense.
 */
export function policiesOf(schema: GraphQLSchema): Map<string, Policy> {
  const policies = new Map<string, Policy>();
  for (const [name, { policy }] of hintsOf(schema)) {
    if (policy && !name.includes('.')) policies.set(name, policy);
  }
  return policies;
}

/** @throws {RangeError} Naming the type or field whose windows make no sense. */
export function hintsOf(schema: GraphQLSchema): Hints {
  const known = hintsBySchema.get(schema);
  if (known) return known;
  const hints = readHints(schema);
  hintsBySchema.set(schema, hints);
  return hints;
}

function readHints(schema: GraphQLSchema): Hints {
  const hints = new Map<string, Hint>();
  const read = (place: string, node: Annotated | null | undefined) => {
    const args = argumentsOf(schema, node);
    if (args) hints.set(place, hintOf(place, args));
  };
  for (const type of Object.values(schema.getTypeMap())) {
    if (isIntrospectionType(type)) continue;
    if (!isObjectType(type) && !isInterfaceType(type) && !isUnionType(type)) continue;
    // Extensions are merged into it already.
    read(type.name, type.astNode);
    if (isUnionType(type)) continue;
    for (const field of Object.values(type.getFields())) read(`${type.name}.${field.name}`, field.astNode);
  }
  return hints;
}

function argumentsOf(schema: GraphQLSchema, node: Annotated | null | undefined): Arguments | undefined {
  const directive = schema.getDirective('cacheControl');
  return directive ? getDirectiveValues(directive, { directives: node?.directives ?? [] }) : undefined;
}

function hintOf(place: string, args: Arguments): Hint {
  const inherits = args.inheritMaxAge ?? false;
  const scope = args.scope ?? undefined;
  if (typeof args.maxAge === 'number') {
    if (inherits) throw new RangeError(`@cacheControl of ${place}: maxAge and inheritMaxAge exclude each other.`);
    return { policy: policyOf(place, args), scope, inherits };
  }
  if (typeof args.staleWhileRevalidate === 'number' || typeof args.staleIfError === 'number') {
    throw new RangeError(`@cacheControl of ${place}: stale windows need a maxAge to follow.`);
  }
  return { policy: undefined, scope, inherits };
}

function policyOf(place: string, args: Arguments): Policy {
  const windowMs = (name: 'maxAge' | 'staleWhileRevalidate' | 'staleIfError') => {
    const seconds = args[name] ?? 0;
    if (seconds >= 0 && seconds <= yearSeconds) return seconds * 1000;
    throw new RangeError(
      `@cacheControl of ${place}: ${name} is ${seconds}; expected 0 to ${yearSeconds} seconds (a year).`,
    );
  };
  return {
    maxAgeMs: windowMs('maxAge'),
    staleWhileRevalidateMs: windowMs('staleWhileRevalidate'),
    staleIfErrorMs: windowMs('staleIfError'),
  };
}
