/** What may be wrong with an answer of upstream, but for the fields of its rows. */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { anyJson, anyText, spoiltBytes } from './arbitraries.ts';
import type { Said, Saying } from './spoiling-upstream.ts';

export const styles = ['page', 'next-link', 'link-header', 'cursor'] as const;
type Style = (typeof styles)[number];

export type Spoil = (said: Said, world: { elsewhere: string; self: string }) => Saying;

// ── Envelopes ───────────────────────────────────────────────────────────────────────────────────────────────────────

type Envelope = Record<string, unknown>;

/** Changes the envelope, or for `link-header`, where there is none, the array. */
function envelope(change: (envelope: Envelope, where: { elsewhere: string; self: string }) => unknown): Spoil {
  return ({ body }, where) => ({ body: JSON.stringify(change(JSON.parse(body.toString()) as Envelope, where)) });
}

/** What each style says besides its rows. What is left out of `cursor` and of an array without a total cannot be seen. */
const fieldsOf: Record<Style, readonly string[]> = {
  page: ['items', 'total_pages', 'total_items'],
  'next-link': ['results', 'next', 'count'],
  'link-header': [],
  cursor: ['items', 'next_cursor'],
};

const rowsOf = { page: 'items', 'next-link': 'results', 'link-header': '', cursor: 'items' } as const;

/** Rows of a page, in whatever stands around them. */
function rows(style: Style, change: (rows: unknown[]) => unknown[]): Spoil {
  const name = rowsOf[style];
  return envelope((whole) =>
    name === '' ? change(whole as unknown as unknown[]) : { ...whole, [name]: change(whole[name] as unknown[]) },
  );
}

const links: ((where: { elsewhere: string; self: string }) => string)[] = [
  ({ elsewhere }) => `${elsewhere}/catalogs?page=2`,
  ({ elsewhere }) => elsewhere.replace('http:', ''),
  ({ self }) => self.replace('127.0.0.1', 'localhost'),
  ({ self, elsewhere }) =>
    `${self.replace('http://', 'http://127.0.0.1@')}`.replace(new URL(self).host, new URL(elsewhere).host),
  ({ self }) => `${self.replace('http:', 'https:')}/catalogs?page=2`,
  ({ self }) => `${self}/catalogs?page_size=500`,
  ({ self }) => `${self}/catalogs`,
  ({ self }) => `${self}/catalogs/1`,
  ({ self }) => `${self}/nowhere`,
  ({ self }) => `${self}/sellers`,
  ({ self }) => `${self}/catalogs?page=999`,
  () => 'file:///etc/passwd',
  () => 'javascript:1',
  () => 'gopher://127.0.0.1:1/',
  () => 'http://169.254.169.254/latest',
  () => 'http://[',
  () => '\u0000',
  () => '#',
];

/** Answers of that style in which something is said that is not so, or not of the style. */
export function envelopes(style: Style): fc.Arbitrary<Spoil> {
  const names = fieldsOf[style];
  // In the style `cursor` an end that comes too soon is an end.
  const endsEarly = (name: string, value: unknown) => style === 'cursor' && (name === 'items' || !value);
  const field = fc
    .tuple(
      fc.constantFrom(...names, 'other'),
      fc.oneof(anyJson, fc.constantFrom(undefined, 0, 1, 2, 3, 4, 11, 12, 13, 1e9, 2 ** 53)),
    )
    .filter(([name, value]) => !endsEarly(name, value))
    .map(([name, value]) => envelope((whole) => ({ ...whole, [name]: value })));
  const changed = fc.constantFrom(
    rows(style, (all) => [...all, ...all]),
    rows(style, (all) => [...all, null]),
    rows(style, ([first, ...others]) => [first, first, ...others]),
    rows(style, ([first, , ...others]) => [first, first, ...others]),
    rows(style, (all) => [...all].reverse()),
    ...(style === 'cursor' ? [] : [rows(style, () => []), rows(style, (all) => all.slice(1))]),
  );
  const link = fc.constantFrom(...links).map((linkTo): Spoil => {
    if (style === 'next-link') return envelope((whole, where) => ({ ...whole, next: linkTo(where) }));
    if (style === 'cursor') return envelope((whole, where) => ({ ...whole, next_cursor: linkTo(where) }));
    return (_, where) => ({
      headers: {
        'content-type': 'application/json',
        'x-total-count': '12',
        link: `<${encodeURI(linkTo(where))}>; rel="next"`,
      },
    });
  });
  const header = fc
    .record({
      link: fc.oneof(
        fc.constantFrom(
          '',
          '<',
          '<>; rel=next',
          '<?page=2>; rel="next',
          ','.repeat(5_000),
          `<${'x'.repeat(5_000)}>; rel=next`,
        ),
        anyText,
      ),
      total: fc.constantFrom('12', '11', '-1', '1e3', '', '99999999999999999999', 'NaN'),
    })
    .map(
      ({ link: text, total }): Spoil =>
        () => ({
          headers: { 'content-type': 'application/json', 'x-total-count': total, link: encodeURI(text.toWellFormed()) },
        }),
    );
  const whole = anyJson.map((value) => envelope(() => value));
  const common = [whole, changed, ...(names.length > 0 ? [field] : [])];
  return fc.oneof(...common, ...(style === 'page' ? [] : [link]), ...(style === 'link-header' ? [header] : []));
}

// ── Bytes ───────────────────────────────────────────────────────────────────────────────────────────────────────────

const json = { 'content-type': 'application/json' };
const responses: Spoil[] = [
  () => ({ headers: { 'content-type': 'text/html' }, body: '<!doctype html><title>Sign in</title>' }),
  () => ({ headers: json, body: '' }),
  () => ({ status: 204, headers: {}, body: '' }),
  ({ body }) => ({ headers: json, body: body.subarray(0, body.length / 2) }),
  ({ body }) => ({
    headers: { ...json, 'content-length': String(body.length) },
    body: body.subarray(0, body.length / 2),
    cut: true,
  }),
  ({ body }) => ({ headers: json, body: body.subarray(0, body.length / 2), cut: true }),
  ({ body, headers }) => ({ headers: { ...headers, 'content-encoding': 'gzip' }, body: gzipSync(body) }),
  ({ headers }) => ({ headers: { ...headers, 'content-encoding': 'gzip' } }),
  ({ body }) => ({
    headers: { 'content-type': 'application/json; charset=utf-16' },
    body: Buffer.from(body.toString(), 'utf16le'),
  }),
  // With a letter in a title that is no UTF-8.
  ({ body }) => ({
    headers: { 'content-type': 'application/json; charset=latin1' },
    body: Buffer.from(body.toString('latin1').replace('"title":"', '"title":"é'), 'latin1'),
  }),
  ({ body, headers }) => ({ headers, body: Buffer.concat([Buffer.from('\ufeff'), body]) }),
  ({ body, headers }) => ({ headers, body: Buffer.concat([Buffer.alloc(2 ** 20, ' '), body]) }),
  ({ body, headers }) => ({ headers, body: Buffer.concat([body, Buffer.from('\0')]) }),
  ({ body, headers }) => ({ headers, body: Buffer.concat([body, body]) }),
  () => ({ headers: json, body: '['.repeat(2 ** 20) }),
  () => ({ headers: json, body: `{"items":${'['.repeat(100_000)}${']'.repeat(100_000)}` }),
  () => ({ headers: json, body: '{"items":[],"total_pages":1e999,"total_items":1e999}' }),
  () => ({ headers: { ...json, 'x-large': 'x'.repeat(12_000) }, body: '{}' }),
  () => ({ headers: { ...json, 'x-too-large': 'x'.repeat(40_000) }, body: '{}' }),
  ...[206, 300, 304, 400, 401, 403, 404, 409, 418, 429, 451, 500, 502, 503, 599].map(
    (status): Spoil =>
      () => ({ status }),
  ),
  () => ({ status: 429, headers: { 'retry-after': '99999999999999999999' } }),
  () => ({ status: 500, headers: { 'content-length': '1000' }, body: 'half', cut: true }),
  () => ({ status: 302, headers: { location: '/catalogs', 'content-length': '1000' }, body: 'half', cut: true }),
  ...links.map(
    (linkTo): Spoil =>
      (_, where) => ({ status: 302, headers: { location: encodeURI(linkTo(where)) }, body: '' }),
  ),
  () => ({ status: 301, headers: {}, body: '' }),
];
/** Whatever may come instead of JSON, or around it. */
export const bytes = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...responses) },
  anyText.map(
    (text): Spoil =>
      () => ({ headers: json, body: Buffer.from(text) }),
  ),
  // What stands in quotes may be changed to another text; what is around it may not.
  spoiltBytes(Buffer.alloc(300)).map(
    (mask): Spoil =>
      ({ body, headers }) => ({
        headers,
        body: Buffer.from(body.map((byte, at) => (at < 3 ? byte ^ (mask[at] ?? 0) : byte))).subarray(
          0,
          mask.length < 300 ? mask.length : undefined,
        ),
      }),
  ),
);
