/**
 * Compiled operations: what the normal pipeline has admitted once is run by code made for it.
 *
 *   first time:  parse ─► validate ─► limits ─► execute          (Apollo Server, graphql-js)
 *                                       └─► admitted: kept by its text
 *   from then on:                       variables ─► limits, where they depend on them ─► code made by graphql-jit
 *
 * What graphql-jit cannot compile, and what is no query, goes the first way always.
 */
import { type DocumentNode, type ExecutionResult, type GraphQLSchema, getOperationAST } from 'graphql';
import { compileQuery, isCompiledQuery } from 'graphql-jit';
import { LRUCache } from 'lru-cache';
import { type AnswerPolicy, cachePolicyOf } from './answer-policy.ts';
import { checkLimits, isAlwaysWithin } from './limits.ts';
import { type Variables, variableTaker } from './variables.ts';

export type CompiledOperation = {
  /** Of no other operation of this process, and of no other text. */
  readonly id: number;
  /** As in the document. */
  readonly name: string | undefined;
  readonly policy: AnswerPolicy | undefined;
  /** @returns The answer, or undefined for variables that the long way has to refuse. */
  run(context: unknown, variables: Variables): ExecutionResult | Promise<ExecutionResult> | undefined;
};

/** An operation as a client sends it. */
export type OperationText = { query: string; operationName: string | null | undefined };

type Admitted = { document: DocumentNode; compiled: CompiledOperation | 'not possible' | undefined };

/** Operations kept, and the longest text of one, in UTF-16 units. */
const keptOperations = 1_000;
const longestText = 16_384;

export class CompiledOperations {
  readonly #schema: GraphQLSchema;
  readonly #admitted = new LRUCache<string, Admitted>({ max: keptOperations });
  #compiled = 0;

  constructor(schema: GraphQLSchema) {
    this.#schema = schema;
  }

  /** @param document - Valid for the schema and within the limits, of this text. */
  admit(text: OperationText, document: DocumentNode): void {
    if (text.query.length > longestText || this.#admitted.has(keyOf(text))) return;
    this.#admitted.set(keyOf(text), { document, compiled: undefined });
  }

  /** Compiled when it is asked for again: many are never. */
  find(text: OperationText): CompiledOperation | undefined {
    const admitted = this.#admitted.get(keyOf(text));
    if (admitted === undefined) return undefined;
    admitted.compiled ??= compile(this.#schema, { id: ++this.#compiled, ...admitted, ...text });
    return admitted.compiled === 'not possible' ? undefined : admitted.compiled;
  }
}

function compile(
  schema: GraphQLSchema,
  { id, document, operationName }: { id: number; document: DocumentNode } & Pick<OperationText, 'operationName'>,
): CompiledOperation | 'not possible' {
  const operation = getOperationAST(document, operationName);
  if (operation?.operation !== 'query') return 'not possible';
  const take = variableTaker(schema, operation.variableDefinitions ?? []);
  if (take === undefined) return 'not possible';
  const compiled = compileQuery(schema, document, operationName ?? undefined);
  if (!isCompiledQuery(compiled)) return 'not possible';
  const needsCheck = !isAlwaysWithin({ schema, document, operationName });
  return {
    id,
    name: operation.name?.value,
    policy: cachePolicyOf(schema, document, operationName),
    run(context, given) {
      const variables = take(given);
      if (variables === undefined) return undefined;
      if (needsCheck && checkLimits({ schema, document, operationName, variables })) return undefined;
      return compiled.query(undefined, context, variables) as ExecutionResult | Promise<ExecutionResult>;
    },
  };
}

function keyOf({ query, operationName }: OperationText): string {
  return `${operationName ?? ''}\n${query}`;
}
