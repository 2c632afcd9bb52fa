/** Which documents a manifest lists, and what is wrong with one that lists none. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { buildSchema } from 'graphql';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readTrustedDocuments } from '../../src/graphql/index.ts';

const greet = 'query Greet { greet }';
const other = '{ other }';

function fileOf(text: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'vitrine-trusted-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'manifest.json');
  writeFileSync(file, text);
  return file;
}

const read = (manifest: unknown) => readTrustedDocuments(fileOf(JSON.stringify(manifest)));
const apollo = (...operations: object[]) => ({ format: 'apollo-persisted-query-manifest', version: 1, operations });

describe('a manifest', () => {
  test.each([
    ['of Apollo', apollo({ id: 'a1', name: 'Greet', type: 'query', body: greet }, { id: 'b2', body: other })],
    ['of ids and texts', { a1: greet, b2: other }],
  ])('%s tells which text belongs to an id, and which texts are trusted', (_name, manifest) => {
    const trusted = read(manifest);
    expect([trusted.textOf('a1'), trusted.textOf('b2'), trusted.textOf('c3')]).toEqual([greet, other, undefined]);
    expect([greet, other, `${greet} `, '{ third }'].map((text) => trusted.has(text))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  test('has no ids but its own, whatever an object has besides', () => {
    const trusted = read({ a1: greet });
    const names = ['constructor', '__proto__', 'toString', ''];
    expect(names.map((name) => trusted.textOf(name))).toEqual(names.map(() => undefined));
  });

  test('has all that were written to it', () => {
    const id = fc.string({ minLength: 1 }).filter((text) => !['format', '__proto__'].includes(text));
    fc.assert(
      fc.property(fc.dictionary(id, fc.constantFrom(greet, other), { minKeys: 1 }), (texts) => {
        const trusted = read(texts);
        expect(Object.keys(texts).map((name) => trusted.textOf(name))).toEqual(Object.values(texts));
      }),
      { numRuns: 30 },
    );
  });

  test('may list a document twice under its id', () => {
    expect(read(apollo({ id: 'a1', body: greet }, { id: 'a1', body: greet })).textOf('a1')).toBe(greet);
  });

  test.each([
    ['is no JSON', '{', /Expected property name/],
    ['is no list of documents', '[]', /expected record/],
    ['has a document that is none', '{"a1": 7}', /a1 Invalid input: expected string/],
    ['has a document that is no GraphQL', '{"a1": "query {"}', /a1 is not GraphQL/],
    ['lists none', '{}', /it lists no document/],
    ['is of another version', JSON.stringify({ ...apollo({ id: 'a1', body: greet }), version: 2 }), /version Invalid/],
    ['is of another format', '{"format": "relay", "version": 1, "operations": []}', /format Invalid/],
    ['has an operation without a body', JSON.stringify(apollo({ id: 'a1' })), /operations\.0\.body Invalid/],
    [
      'gives two documents one id',
      JSON.stringify(apollo({ id: 'a1', body: greet }, { id: 'a1', body: other })),
      /it has two documents of the id a1/,
    ],
  ])('that %s is refused, with setting and file', (_name, text, reason) => {
    const file = fileOf(text);
    expect(() => readTrustedDocuments(file)).toThrow(reason);
    expect(() => readTrustedDocuments(file)).toThrow(`TRUSTED_DOCUMENTS: ${file} cannot be used: `);
  });

  test('that is not there is refused', () => {
    expect(() => readTrustedDocuments('/nowhere/manifest.json')).toThrow(
      /^TRUSTED_DOCUMENTS: \/nowhere\/manifest\.json cannot be used: ENOENT/,
    );
  });

  test('tells what the schema cannot answer', () => {
    const trusted = read({ a1: greet, b2: other });
    const mistakesIn = (schema: string) => trusted.mistakes(buildSchema(schema), { introspection: false });
    expect(mistakesIn('type Query { greet: String other: String }')).toEqual([]);
    expect(mistakesIn('type Query { greet: String }')).toEqual([
      { id: 'b2', reason: 'Cannot query field "other" on type "Query".' },
    ]);
  });

  test('tells what asks for the schema where nobody may', () => {
    const trusted = read({ a1: '{ __schema { description } }', b2: '{ __typename greet }' });
    const schema = buildSchema('type Query { greet: String }');
    expect(trusted.mistakes(schema, { introspection: true })).toEqual([]);
    expect(trusted.mistakes(schema, { introspection: false })).toEqual([
      { id: 'a1', reason: expect.stringContaining('"__schema"') },
    ]);
  });
});
