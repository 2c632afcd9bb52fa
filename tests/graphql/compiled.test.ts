/** Compiled operations: of variables they take what graphql-js takes, as it takes it, and hand on what it refuses. */
import fc from 'fast-check';
import { execute, parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { buildSchema, CompiledOperations } from '../../src/graphql/index.ts';

const scalars = ['ID', 'String', 'Int', 'Float', 'Boolean'];
const forms = (type: string) => [type, `${type}!`, `[${type}]`, `[${type}!]!`, `[[${type}]]`];
const types = [...scalars, 'DateTime', 'Kind', 'Box', 'Loose'].flatMap(forms);

/** Gives back what it was given: `echo0(given: ID): String`. */
const fields = [
  ...types.map((type, at) => `echo${at}(given: ${type}): String`),
  'since(given: DateTime = "2026-03-04T10:00:00Z"): String',
  'boxed(given: Loose = { box: { name: "b" } }): String',
];
const echo = (_: unknown, args: object) => JSON.stringify(args, dated);
const schema = buildSchema({
  typeDefs: [
    `enum Kind { ONE TWO }
     input Box { name: String! amount: Int = 3 tags: [String!] }
     input Loose { name: String box: Box kind: Kind = TWO from: DateTime }
     input Dated { from: DateTime = "2026-03-04T10:00:00Z" }
     extend type Query { ${fields.join(' ')} dated(given: Dated, all: [[Dated!]]): String }`,
  ],
  resolvers: {
    Query: { dated: echo, ...Object.fromEntries(fields.map((field) => [field.replace(/\(.*/, ''), echo])) },
  },
});

/** A time says that it is one. */
function dated(this: Record<string, unknown>, name: string, value: unknown): unknown {
  return this[name] instanceof Date ? { time: value } : value;
}

const plain = fc.oneof(
  fc.string(),
  fc.constantFrom(
    'ONE',
    'TWO',
    '2026-03-04T10:00:00Z',
    '',
    '1',
    null,
    true,
    false,
    0,
    -0,
    1,
    1.5,
    2 ** 31 - 1,
    2 ** 31,
    1e21,
    -(2 ** 53),
  ),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const box = fc.record({ name: plain, amount: plain, tags: fc.array(plain) }, { requiredKeys: [] });
const loose = fc.record({ name: plain, box, kind: plain, from: plain, further: plain }, { requiredKeys: [] });
const given = fc.oneof(
  fc.constant({}),
  fc.constant([]),
  plain,
  fc.array(plain),
  fc.array(fc.array(plain)),
  box,
  fc.array(box),
  loose,
  fc.array(loose),
);
const variables = fc.oneof(fc.record({ given }), fc.record({ given, other: plain }), fc.constant({}));

function compiled(query: string) {
  const text = { query, operationName: null };
  const operations = new CompiledOperations(schema);
  operations.admit(text, parse(query));
  return operations.find(text);
}

/** What it says of variables, against what graphql-js says. */
function check(query: string) {
  const [operation, document] = [compiled(query), parse(query)];
  fc.assert(
    fc.property(variables, (variableValues) => {
      const expected = execute({ schema, document, variableValues });
      const answer = operation?.run({}, variableValues) as ReturnType<typeof execute> | undefined;
      const isRefused = answer === undefined || 'errors' in answer;
      expect(isRefused).toBe('errors' in expected);
      if (!isRefused) expect(answer).toEqual({ data: { ...(expected as { data: object }).data } });
    }),
    { seed: 20261126, numRuns: 200 },
  );
}

describe('a compiled operation', () => {
  test.each(types.map((type, at) => [type, at] as const))(
    'takes of variables of %s what graphql-js takes',
    (type, at) => {
      check(`query Echo($given: ${type}) { echo${at}(given: $given) }`);
    },
  );

  test.each([
    ['ID', '7'],
    ['Int', '7'],
    ['Float', '7'],
    ['Boolean', 'true'],
    ['String', '"text"'],
    ['[String]', '["text"]'],
    ['[Int]', '7'],
    ['Kind', 'TWO'],
    ['DateTime', '"2026-03-04T10:00:00Z"'],
    ['[DateTime]', '["2026-03-04T10:00:00Z"]'],
    ['Loose', '{ from: "2026-03-04T10:00:00Z" }'],
  ])('gives variables of %s that are lacking their default %s', (type, value) => {
    check(`query Echo($given: ${type} = ${value}) { echo${types.indexOf(type)}(given: $given) }`);
  });

  test.each([
    '{ since }',
    '{ since(given: "2026-03-05T10:00:00Z") }',
    'query ($given: DateTime) { since(given: $given) }',
    'query ($given: DateTime = "2026-03-06T10:00:00Z") { since(given: $given) }',
    'query ($given: DateTime = "2026-03-06T10:00:00Z") { boxed(given: { from: $given, kind: ONE }) }',
    '{ boxed }',
    '{ boxed(given: { name: "n", from: "2026-03-05T10:00:00Z" }) }',
    '{ dated(given: {}) }',
  ])('gives arguments as graphql-js gives them: %s', (query) => {
    check(query);
  });

  test.each([
    'query ($given: Dated) { dated(given: $given) }',
    'query ($given: Dated = {}) { dated(given: $given) }',
    'query ($given: [[Dated!]]) { dated(all: $given) }',
  ])('is none where an input of a variable has a time for a default: %s', (query) => {
    expect(compiled(query)).toBeUndefined();
  });
});
