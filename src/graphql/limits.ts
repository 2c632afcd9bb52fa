/**
 * How much one query may ask for.
 *
 *   tokens    counted by the parser, before there is a document (`parseOptions`)
 *   depth     fields below each other
 *   aliases   as written, in the operation and the fragments it uses
 *   cost      values the answer may hold at most: a field is 1, times the rows of each list around it
 *
 * Every fragment is measured once however often it is spread, so the time is linear in the document. What is under
 * `__schema`, `__type` and `__typename` costs nothing: the schema is no secret where it can be asked for, and
 * graphql-js bounds its depth.
 */
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLBoolean,
  type GraphQLError,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  getOperationAST,
  getVariableValues,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
  type ValueNode,
  valueFromAST,
} from 'graphql';
import { defaultPageSize, maxPageSize } from './connections.ts';
import { clientError } from './errors.ts';

export type Limits = { depth: number; aliases: number; tokens: number; cost: number };

export const defaultLimits: Limits = { depth: 15, aliases: 100, tokens: 5_000, cost: 100_000 };

/** For graphql's `parse`, which stops at the limit; `formatError` turns its words into QUERY_TOO_COMPLEX. */
export function parseOptions(limits: Limits): { maxTokens: number } {
  return { maxTokens: limits.tokens };
}

export type Query = {
  schema: GraphQLSchema;
  /** Valid for the schema. */
  document: DocumentNode;
  operationName?: string | null | undefined;
  /** As the client gave them. */
  variables?: Readonly<Record<string, unknown>> | null | undefined;
};

/** @returns GRAPHQL_VALIDATION_FAILED for a mutation or subscription where there are none: graphql-js lets it pass. */
export function checkKind({ schema, document, operationName }: Query): GraphQLError | undefined {
  const kind = getOperationAST(document, operationName)?.operation;
  if (kind === undefined || schema.getRootType(kind)) return undefined;
  return clientError('GRAPHQL_VALIDATION_FAILED', `There are no ${kind}s here.`);
}

/** @returns QUERY_TOO_COMPLEX for the first limit that is passed; undefined when all hold. */
export function checkLimits(query: Query, limits: Limits = defaultLimits): GraphQLError | undefined {
  const { depth, aliases, cost } = measure(query);
  if (depth > limits.depth) return tooComplex('is', depth, 'levels deep', limits.depth);
  if (aliases > limits.aliases) return tooComplex('has', aliases, 'aliases', limits.aliases);
  if (cost > limits.cost) return tooComplex('may return', cost, 'values', limits.cost);
  return undefined;
}

/** Whether all limits hold whatever the variables: then they need not be asked for again. */
export function isAlwaysWithin(query: Omit<Query, 'variables'>, limits: Limits = defaultLimits): boolean {
  const { depth, aliases, cost } = measureAs(query, anyVariables);
  return depth <= limits.depth && aliases <= limits.aliases && cost <= limits.cost;
}

function tooComplex(verb: string, count: number, what: string, max: number): GraphQLError {
  const numbers = [count, max].map((n) => (n > Number.MAX_SAFE_INTEGER ? 'far too many' : n.toLocaleString('en')));
  return clientError(
    'QUERY_TOO_COMPLEX',
    `The query ${verb} ${numbers[0]} ${what}; at most ${numbers[1]} are allowed.`,
  );
}

export type Measure = { depth: number; aliases: number; cost: number };

/** @returns Zeros where there is nothing to run: no such operation, or variables that execution will refuse. */
export function measure({ schema, document, operationName, variables }: Query): Measure {
  const operation = getOperationAST(document, operationName);
  const { coerced } = getVariableValues(schema, operation?.variableDefinitions ?? [], variables ?? {});
  return coerced ? measureAs({ schema, document, operationName }, coerced) : { depth: 0, aliases: 0, cost: 0 };
}

function measureAs({ schema, document, operationName }: Query, variables: Variables): Measure {
  const operation = getOperationAST(document, operationName);
  const root = operation && schema.getRootType(operation.operation);
  if (!operation || !root) return { depth: 0, aliases: 0, cost: 0 };
  const ruler = new Ruler(schema, document, variables);
  const { depth, ...weight } = ruler.measure(operation.selectionSet, root);
  return { depth, aliases: ruler.aliases, cost: total(weight) };
}

/**
 * `perRow` is what lists without a size of their own hold for each row: `edges` and `nodes` do not know how long they
 * are, the field around them does. So a fragment weighs the same wherever it is spread.
 */
type Weight = { fixed: number; perRow: number };
type Extent = Weight & { depth: number };

const nothing: Extent = { depth: 0, fixed: 0, perRow: 0 };
/** Guessed for a list that nothing bounds. */
const unsizedListLength = 10;

/** Coerced; or any that may come, each as large as it can be. */
type Variables = Record<string, unknown> | typeof anyVariables;

const anyVariables = Symbol('any variables');
/** What a variable stands for while nobody has given it. */
const anyValue = Symbol('any value');

class Ruler {
  aliases = 0;
  readonly #schema: GraphQLSchema;
  readonly #variables: Variables;
  readonly #fragments: Map<string, FragmentDefinitionNode>;
  readonly #measured = new Map<string, Extent>();

  constructor(schema: GraphQLSchema, document: DocumentNode, variables: Variables) {
    this.#schema = schema;
    this.#variables = variables;
    this.#fragments = new Map(
      document.definitions.flatMap((node) =>
        node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node] as const] : [],
      ),
    );
  }

  measure(selectionSet: SelectionSetNode, parent: GraphQLNamedType): Extent {
    return selectionSet.selections
      .filter((selection) => this.#isIncluded(selection))
      .map((selection) => this.#measureSelection(selection, parent))
      .reduce(beside, nothing);
  }

  #measureSelection(selection: SelectionNode, parent: GraphQLNamedType): Extent {
    switch (selection.kind) {
      case Kind.FIELD:
        return this.#measureField(selection, parent);
      case Kind.FRAGMENT_SPREAD:
        return this.#measureFragment(selection.name.value);
      case Kind.INLINE_FRAGMENT:
        return this.measure(selection.selectionSet, this.#typeNamed(selection.typeCondition?.name.value) ?? parent);
    }
  }

  #measureFragment(name: string): Extent {
    const known = this.#measured.get(name);
    if (known) return known;
    this.#measured.set(name, nothing); // A fragment within itself is not valid, but must not hang us either.
    const fragment = this.#fragments.get(name);
    const type = this.#typeNamed(fragment?.typeCondition.name.value);
    const extent = fragment && type ? this.measure(fragment.selectionSet, type) : nothing;
    this.#measured.set(name, extent);
    return extent;
  }

  #measureField(node: FieldNode, parent: GraphQLNamedType): Extent {
    if (node.alias) this.aliases += 1;
    if (node.name.value.startsWith('__')) return nothing;
    const field = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[node.name.value] : undefined;
    if (!field) return { ...nothing, depth: 1 };
    const { depth, ...inner } = node.selectionSet ? this.measure(node.selectionSet, getNamedType(field.type)) : nothing;
    return { depth: depth + 1, ...this.#weigh(node, field, inner) };
  }

  #weigh(node: FieldNode, field: GraphQLField<unknown, unknown>, inner: Weight): Weight {
    const isList = isListType(getNullableType(field.type));
    const size = this.#sizeOf(node, field);
    if (size === undefined) {
      return isList && node.selectionSet
        ? { fixed: 0, perRow: 1 + total(inner) }
        : { fixed: 1 + inner.fixed, perRow: inner.perRow };
    }
    return { fixed: isList ? size * (1 + total(inner)) : 1 + inner.fixed + size * inner.perRow, perRow: 0 };
  }

  /** Rows the arguments ask for; what the resolver will refuse anyway counts as the most it allows. */
  #sizeOf(node: FieldNode, field: GraphQLField<unknown, unknown>): number | undefined {
    const [first, last, ids] = ['first', 'last', 'ids'].map((name) => this.#argument(node, field, name));
    if ([first, last, ids].some((argument) => argument?.value === anyValue)) return maxPageSize;
    if (Array.isArray(ids?.value)) return Math.min(ids.value.length, maxPageSize);
    if (!first && !last) return undefined;
    const size = first?.value ?? last?.value ?? defaultPageSize;
    return typeof size === 'number' && size >= 0 ? Math.min(size, maxPageSize) : maxPageSize;
  }

  /** @returns Undefined when the field has no such argument; no value when the client gave none. */
  #argument(node: FieldNode, field: GraphQLField<unknown, unknown>, name: string): { value: unknown } | undefined {
    const argument = field.args.find((one) => one.name === name);
    if (!argument) return undefined;
    const given = node.arguments?.find((one) => one.name.value === name);
    const value = given && this.#valueOf(given.value, argument.type);
    return { value: value === undefined ? argument.defaultValue : value };
  }

  #isIncluded(selection: SelectionNode): boolean {
    return this.#condition(selection, 'skip') !== true && this.#condition(selection, 'include') !== false;
  }

  /** @returns The `if` of the directive; undefined where there is none, or none that can be read. */
  #condition({ directives }: SelectionNode, name: string): unknown {
    const condition = directives?.find((one) => one.name.value === name)?.arguments?.[0];
    return condition && this.#valueOf(condition.value, GraphQLBoolean);
  }

  #valueOf(node: ValueNode, type: GraphQLInputType): unknown {
    if (this.#variables !== anyVariables) return valueFromAST(node, type, this.#variables);
    return hasVariable(node) ? anyValue : valueFromAST(node, type);
  }

  #typeNamed(name: string | undefined): GraphQLNamedType | undefined {
    return name === undefined ? undefined : this.#schema.getType(name);
  }
}

function hasVariable(node: ValueNode): boolean {
  if (node.kind === Kind.LIST) return node.values.some(hasVariable);
  if (node.kind === Kind.OBJECT) return node.fields.some((field) => hasVariable(field.value));
  return node.kind === Kind.VARIABLE;
}

function beside(a: Extent, b: Extent): Extent {
  return { depth: Math.max(a.depth, b.depth), fixed: a.fixed + b.fixed, perRow: a.perRow + b.perRow };
}

function total({ fixed, perRow }: Weight): number {
  return fixed + perRow * unsizedListLength;
}
