/** What is generated: texts that break parsers, JSON of every kind, and things that were valid before they were spoilt. */
import fc from 'fast-check';

/** Texts that have broken something somewhere. */
const oddTexts = [
  '',
  ' ',
  '\u0000',
  '\n',
  '\r\n',
  '\u2028',
  '\ufeff',
  '\ud800',
  '\udfff\ud800',
  '𝒳',
  'é',
  'ß',
  'ﬃ',
  '\u202e',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'null',
  'undefined',
  'NaN',
  'Infinity',
  '-0',
  '../sellers',
  '..%2Fsellers',
  '%2e%2e/',
  '?',
  '#',
  '&',
  '%00',
  '%',
  ':',
  '{vitrine}',
  '*',
  '<script>',
  "' OR 1=1 --",
  '{{7*7}}',
  '$(id)',
  '\u001b[31m',
  '1e999',
  '0x10',
  '٣',
  'a'.repeat(4_096),
];

export const oddText = fc.constantFrom(...oddTexts);
export const anyText = fc.oneof(
  { weight: 3, arbitrary: oddText },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 1, arbitrary: fc.string({ maxLength: 40 }) },
);

/** The bytes of a text as a header may carry them over the wire: nothing in them ends a line. */
export function headerText(text: string): string {
  return Buffer.from(text.toWellFormed())
    .toString('latin1')
    .replace(/\p{Cc}/gu, '');
}

const oddNumber = fc.constantFrom(
  0,
  -0,
  -1,
  1,
  20,
  100,
  101,
  0.5,
  1e-7,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 53,
  1e21,
  1.7976931348623157e308,
);

/** Objects that share a key with every object there is. */
const trappedObject = fc.constantFrom(
  JSON.parse('{"__proto__":{"first":1}}'),
  { constructor: { name: 'x' } },
  { toString: 1, valueOf: null },
  { length: 100 },
);

/** JSON of every kind, ready to be written. */
export const anyJson: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(null, true, false),
  oddNumber,
  anyText,
  trappedObject,
  fc.array(fc.oneof(fc.constant(null), oddNumber, anyText), { maxLength: 3 }),
  fc.dictionary(anyText, fc.oneof(fc.constant(null), oddNumber, anyText), { maxKeys: 3 }),
  fc.integer({ min: 10, max: 200 }).map(nested),
);

/** An array in an array, so many times: what is recursive overflows. */
function nested(depth: number): unknown {
  return JSON.parse('['.repeat(depth) + ']'.repeat(depth));
}

// ── Spoilt texts ────────────────────────────────────────────────────────────────────────────────────────────────────

type Spoil = (text: string) => string;

const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const at = (text: string, share: number) => Math.floor(share * (text.length + 1));

/** One change of a text: cut, doubled, swapped, something put in. */
function spoilBy(put: fc.Arbitrary<string>): fc.Arbitrary<Spoil> {
  return fc.oneof(
    fc.tuple(place, put).map(
      ([share, piece]): Spoil =>
        (text) => {
          const index = at(text, share);
          return text.slice(0, index) + piece + text.slice(index);
        },
    ),
    fc.tuple(place, fc.nat(12)).map(
      ([share, count]): Spoil =>
        (text) => {
          const index = at(text, share);
          return text.slice(0, index) + text.slice(index + count + 1);
        },
    ),
    fc.tuple(place, place).map(
      ([one, other]): Spoil =>
        (text) => {
          const [from, to] = [at(text, one), at(text, other)].sort((a, b) => a - b) as [number, number];
          return text.slice(0, to) + text.slice(from);
        },
    ),
    fc.tuple(place, put).map(
      ([share, piece]): Spoil =>
        (text) => {
          const index = at(text, share);
          return text.slice(0, index) + piece + text.slice(index + 1);
        },
    ),
    place.map(
      (share): Spoil =>
        (text) =>
          text.slice(0, at(text, share)),
    ),
  );
}

/** A text of these with one to three changes. */
export function spoilt(texts: readonly string[], put: fc.Arbitrary<string> = anyText): fc.Arbitrary<string> {
  return fc
    .tuple(fc.constantFrom(...texts), fc.array(spoilBy(put), { minLength: 1, maxLength: 3 }))
    .map(([text, changes]) => changes.reduce((changed, change) => change(changed), text));
}

/** Bytes with one to three of them changed, or cut short. */
export function spoiltBytes(bytes: Buffer): fc.Arbitrary<Buffer> {
  const flip = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }));
  const flips = fc.array(flip, { minLength: 1, maxLength: 3 }).map((all) => {
    const copy = Buffer.from(bytes);
    for (const [index, mask] of all) copy[index] = (copy[index] as number) ^ mask;
    return copy;
  });
  return fc.oneof(
    flips,
    fc.nat(bytes.length - 1).map((length) => bytes.subarray(0, length)),
  );
}

// ── GraphQL ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export const validDocuments = [
  '{ catalogs(first: 2) { totalCount nodes { id title seller { name } } pageInfo { endCursor hasNextPage } } }',
  'query Q($first: Int = 3, $f: CatalogFilter) { catalogs(first: $first, filter: $f) { edges { cursor node { startDate } } } }',
  '{ sellers(last: 2, filter: {nameContains: "ga"}) { nodes { name website catalogs(first: 1) { totalCount } } } }',
  '{ node(id: "Q2F0YWxvZzox") { __typename id ... on Catalog { title endDate } ...S } } fragment S on Seller { name }',
  'query A { catalog(id: "Q2F0YWxvZzox") { ...C @include(if: true) } } fragment C on Catalog { id seller { ...S } } fragment S on Seller { id }',
  '{ nodes(ids: ["Q2F0YWxvZzox", "U2VsbGVyOjE"]) { id } a: __typename }',
  '{ __schema { queryType { name fields { name type { kind ofType { name } } } } } }',
  '{ catalogs(filter: {status: [LIVE, CLOSED], startsFrom: "2026-01-01T00:00:00Z"}, orderBy: {field: TITLE, direction: DESC}) { totalCount } }',
];

const graphqlPieces = fc.oneof(
  anyText,
  fc.constantFrom(
    '{',
    '}',
    '(',
    ')',
    '[',
    ']',
    '"',
    '"""',
    '...',
    '@',
    '$',
    '!',
    ':',
    '=',
    '|',
    '#',
    '\\u',
    '\\ud800',
    '@defer',
    '@stream',
    '@skip(if: $x)',
    '@include',
    '@cacheControl(maxAge: 1)',
    'mutation',
    'subscription',
    'fragment',
    'on',
    'schema { query: Query }',
    'extend type Query { a: Int }',
    '__typename',
    '...Q',
    'null',
    '1e999',
    '-',
    '9'.repeat(400),
  ),
);

const manySizes = fc.constantFrom(2, 16, 101, 1_000, 3_000);

/** Documents that ask for too much, or never end. */
const greedyDocument = fc.oneof(
  manySizes.map((count) => `${'{ node(id: "x") '.repeat(count)}{ id }${' }'.repeat(count)}`),
  manySizes.map(
    (count) => `{ catalog(id: "x") ${'{ seller { catalogs { nodes '.repeat(count)}{ id }${' } } }'.repeat(count)} }`,
  ),
  manySizes.map((count) => `{ ${Array.from({ length: count }, (_, i) => `a${i}: __typename`).join(' ')} }`),
  manySizes.map(
    (count) =>
      `{ ${Array.from({ length: count }, (_, i) => `a${i}: catalogs(first: 100) { nodes { id } }`).join(' ')} }`,
  ),
  manySizes.map((count) => `{ ${'__typename '.repeat(count)} }`),
  manySizes.map((count) => `{ ${'catalogs { nodes { id } } '.repeat(count)} }`),
  manySizes.map((count) => `{ __typename ${'@skip(if: false) '.repeat(count)} }`),
  manySizes.map(
    (count) => `{ catalogs(filter: {titleContains: ${'['.repeat(count)}${']'.repeat(count)}}) { totalCount } }`,
  ),
  manySizes.map(
    (count) => `query (${Array.from({ length: count }, (_, i) => `$v${i}: Int = ${i}`).join(' ')}) { __typename }`,
  ),
  manySizes.map((count) => `query ($v: ${'['.repeat(count)}Int${']'.repeat(count)}) { __typename }`),
  manySizes.map(
    (count) =>
      `{ ...F0 } ${Array.from({ length: count }, (_, i) => `fragment F${i} on Query { ...F${(i + 1) % count} }`).join(' ')}`,
  ),
  manySizes.map(
    (count) =>
      `{ ...F0 } ${Array.from({ length: count }, (_, i) => `fragment F${i} on Query { a: __typename ...F${i + 1} ...F${i + 1} }`).join(' ')} fragment F${count} on Query { __typename }`,
  ),
  manySizes.map(
    (count) => `{ __schema { types { ${'fields { type { fields { type { name'.repeat(Math.ceil(count / 10))}`,
  ),
  manySizes.map((count) => `{ ${'#'.repeat(count)}\n __typename }`),
  manySizes.map((count) => Array.from({ length: count }, (_, i) => `query Q${i} { __typename }`).join(' ')),
  manySizes.map((count) => `{ node(id: "${'\\u0041'.repeat(count)}") { id } }`),
);

export const anyDocument = fc.oneof(
  { weight: 2, arbitrary: anyText },
  { weight: 6, arbitrary: spoilt(validDocuments, graphqlPieces) },
  { weight: 3, arbitrary: greedyDocument },
);
