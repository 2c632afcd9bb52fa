/**
 * How long a whole answer may be served, known from the document alone, before anything is read.
 *
 *   each selected field:  its own hint ─► else its type's ─► else its parent's ─► else, at the root, 0
 *   the answer:           the strictest window of them all; PRIVATE as soon as one is
 *
 * Where the type is not known before reading (interfaces, unions), every type that may come counts.
 */
import {
  type DocumentNode,
  type FieldNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  getOperationAST,
  isAbstractType,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  type SelectionSetNode,
} from 'graphql';
import type { Policy } from '../cache/policy.ts';
import { type Hint, type Hints, hintsOf, type Scope } from './policies.ts';

export type AnswerPolicy = Policy & { scope: Scope };

const never: Policy = { maxAgeMs: 0, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 };
const notAtAll: AnswerPolicy = { ...never, scope: 'PUBLIC' };
/** By operation: it lives as long as its document, and a client cannot make up more of them. */
const known = new WeakMap<GraphQLSchema, WeakMap<OperationDefinitionNode, { policy: AnswerPolicy | undefined }>>();

/**
 * @param document - Valid for the schema.
 * @returns In ms; all 0 for mutations, undefined when nothing but introspection is selected.
 */
export function cachePolicyOf(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName?: string | null,
): AnswerPolicy | undefined {
  const root = schema.getQueryType();
  const operation = getOperationAST(document, operationName);
  if (operation?.operation !== OperationTypeNode.QUERY || !root) return notAtAll;
  const answers = known.get(schema) ?? new WeakMap();
  known.set(schema, answers);
  const answer = answers.get(operation) ?? { policy: new Walk(schema, document).policyOf(operation, root) };
  answers.set(operation, answer);
  return answer.policy;
}

/** One pass over an operation; each fragment is visited once, since being strict twice changes nothing. */
class Walk {
  readonly #schema: GraphQLSchema;
  readonly #document: DocumentNode;
  readonly #hints: Hints;
  readonly #seen = new Set<string>();
  #selectsData = false;
  #policy: Policy | undefined;
  #scope: Scope = 'PUBLIC';

  constructor(schema: GraphQLSchema, document: DocumentNode) {
    this.#schema = schema;
    this.#document = document;
    this.#hints = hintsOf(schema);
  }

  policyOf({ selectionSet }: OperationDefinitionNode, root: GraphQLNamedType): AnswerPolicy | undefined {
    this.#visit(selectionSet, root);
    return this.#selectsData ? { ...(this.#policy ?? never), scope: this.#scope } : undefined;
  }

  #visit(selectionSet: SelectionSetNode, parent: GraphQLNamedType): void {
    for (const selection of selectionSet.selections) {
      if (selection.kind === Kind.FIELD) this.#visitField(selection, parent);
      else if (selection.kind === Kind.INLINE_FRAGMENT) {
        this.#visitFragment(selection.selectionSet, selection.typeCondition?.name.value ?? parent.name);
      } else this.#visitSpread(selection.name.value);
    }
  }

  #visitSpread(name: string): void {
    if (this.#seen.has(name)) return;
    this.#seen.add(name);
    for (const node of this.#document.definitions) {
      if (node.kind === Kind.FRAGMENT_DEFINITION && node.name.value === name) {
        this.#visitFragment(node.selectionSet, node.typeCondition.name.value);
      }
    }
  }

  #visitFragment(selectionSet: SelectionSetNode, typeName: string): void {
    const type = this.#schema.getType(typeName);
    if (type) this.#visit(selectionSet, type);
  }

  #visitField({ name, selectionSet }: FieldNode, parent: GraphQLNamedType): void {
    if (name.value.startsWith('__')) return;
    this.#selectsData = true;
    for (const owner of this.#possible(parent)) {
      if (!isObjectType(owner) && !isInterfaceType(owner)) continue;
      const field = owner.getFields()[name.value];
      if (field) this.#countField(`${owner.name}.${field.name}`, getNamedType(field.type), owner);
    }
    const field = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name.value] : undefined;
    if (field && selectionSet) this.#visit(selectionSet, getNamedType(field.type));
  }

  #countField(place: string, type: GraphQLNamedType, owner: GraphQLNamedType): void {
    const own = this.#hints.get(place);
    const scopes = own?.scope ? [own.scope] : this.#possible(type).map(({ name }) => this.#hints.get(name)?.scope);
    if (scopes.includes('PRIVATE')) this.#scope = 'PRIVATE';
    const isRoot = owner === this.#schema.getQueryType();
    for (const hint of saysFreshness(own) ? [own] : this.#hintsOf(type)) {
      if (hint?.policy) this.#restrict(hint.policy);
      else if (isRoot && !hint?.inherits) this.#restrict(never);
    }
  }

  #hintsOf(type: GraphQLNamedType): readonly (Hint | undefined)[] {
    const own = this.#hints.get(type.name);
    if (saysFreshness(own) || !isAbstractType(type)) return [own];
    return this.#schema.getPossibleTypes(type).map(({ name }) => this.#hints.get(name));
  }

  /** The type itself and, when it is abstract, all that may stand in its place. */
  #possible(type: GraphQLNamedType): readonly GraphQLNamedType[] {
    return isAbstractType(type) ? [type, ...this.#schema.getPossibleTypes(type)] : [type];
  }

  #restrict(policy: Policy): void {
    const now = this.#policy ?? policy;
    this.#policy = {
      maxAgeMs: Math.min(now.maxAgeMs, policy.maxAgeMs),
      staleWhileRevalidateMs: Math.min(now.staleWhileRevalidateMs, policy.staleWhileRevalidateMs),
      staleIfErrorMs: Math.min(now.staleIfErrorMs, policy.staleIfErrorMs),
    };
  }
}

function saysFreshness(hint: Hint | undefined): boolean {
  return hint?.policy !== undefined || hint?.inherits === true;
}
