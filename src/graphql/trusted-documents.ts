/**
 * Trusted documents: where a manifest lists them, the only ones that are answered. A client names one by its id, or sends
 * its text; nothing that a client sends is ever added.
 *
 * A manifest is of one of two forms:
 *
 *   {"format": "apollo-persisted-query-manifest", "version": 1, "operations": [{"id", "name", "type", "body"}]}
 *   {"<id>": "<document>"}, which the client preset of GraphQL Code Generator writes
 */
import { readFileSync } from 'node:fs';
import { type GraphQLSchema, NoSchemaIntrospectionCustomRule, parse, specifiedRules, validate } from 'graphql';
import { z } from 'zod';

type Documents = readonly (readonly [id: string, text: string])[];

const text = z.string().refine(isGraphql, { error: 'is not GraphQL' });

const apolloManifest = z
  .object({
    format: z.literal('apollo-persisted-query-manifest'),
    version: z.literal(1),
    operations: z.array(z.object({ id: z.string().min(1), body: text })),
  })
  .transform(({ operations }): Documents => operations.map(({ id, body }) => [id, body]));

const textsById = z.record(z.string().min(1), text).transform((texts): Documents => Object.entries(texts));

export class TrustedDocuments {
  readonly #texts: ReadonlyMap<string, string>;
  readonly #known: ReadonlySet<string>;

  /** @throws {Error} When there is none, or one id has two texts. */
  constructor(documents: Documents) {
    this.#texts = new Map(documents);
    this.#known = new Set(this.#texts.values());
    if (this.#texts.size === 0) throw new Error('it lists no document');
    const other = documents.find(([id, text]) => this.#texts.get(id) !== text);
    if (other !== undefined) throw new Error(`it has two documents of the id ${other[0]}`);
  }

  textOf(id: string): string | undefined {
    return this.#texts.get(id);
  }

  /** Whether a text is one of them, to the letter. */
  has(text: string): boolean {
    return this.#known.has(text);
  }

  /** Those that cannot be answered by this schema, or not where nobody may ask for it, with the first reason. */
  mistakes(schema: GraphQLSchema, { introspection }: { introspection: boolean }): { id: string; reason: string }[] {
    const rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];
    return [...this.#texts].flatMap(([id, text]) => {
      const [mistake] = validate(schema, parse(text), rules, { maxErrors: 1 });
      return mistake === undefined ? [] : [{ id, reason: mistake.message }];
    });
  }
}

/** @throws {Error} Naming the setting and the file, when it cannot be read or is no manifest. */
export function readTrustedDocuments(file: string): TrustedDocuments {
  try {
    return new TrustedDocuments(documentsIn(JSON.parse(readFileSync(file, 'utf8'))));
  } catch (cause) {
    throw new Error(`TRUSTED_DOCUMENTS: ${file} cannot be used: ${(cause as Error).message}`, { cause });
  }
}

function documentsIn(manifest: unknown): Documents {
  const hasFormat = typeof manifest === 'object' && manifest !== null && 'format' in manifest;
  const { success, data, error } = (hasFormat ? apolloManifest : textsById).safeParse(manifest);
  if (success) return data;
  const [issue] = error.issues as [z.core.$ZodIssue];
  throw new Error([issue.path.join('.'), issue.message].filter(Boolean).join(' '));
}

function isGraphql(document: string): boolean {
  try {
    parse(document);
    return true;
  } catch {
    return false;
  }
}
