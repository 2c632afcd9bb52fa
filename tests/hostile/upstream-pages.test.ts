/**
 * Bad input › pages of upstream: whatever stands around the rows, and whatever comes instead of JSON, a collection is
 * answered whole and right or with a coded error; nothing is asked of another origin; it ends; and it is well again
 * once upstream is.
 */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCatalogue } from '../../src/embedded/index.ts';
import { compareRows, type RawRow } from '../data/model.ts';
import type { ManualClock } from '../support/clock.ts';
import { eventually } from '../support/redis.ts';
import { today } from '../support/world.ts';
import { anyJson, anyText, spoiltBytes } from './arbitraries.ts';
import { type Said, type Saying, type SpoilingUpstream, startSpoilingUpstream } from './spoiling-upstream.ts';
import { ask, globalId, type HostileWorld, runs, startHostileWorld, timeLimitMs } from './support.ts';

const styles = ['page', 'next-link', 'link-header', 'cursor'] as const;
type Style = (typeof styles)[number];

type Spoil = (said: Said, world: { elsewhere: string; self: string }) => Saying;

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

function envelopes(style: Style): fc.Arbitrary<Spoil> {
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
  ({ body }) => ({
    headers: { 'content-type': 'application/json; charset=latin1' },
    body: Buffer.from(body.toString(), 'latin1'),
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
const bytes = fc.oneof(
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

// ── The properties ──────────────────────────────────────────────────────────────────────────────────────────────────

const document = `query ($id: ID!, $ids: [ID!]!) {
  catalogs(first: 100, orderBy: {field: TITLE}) { totalCount nodes { sourceId title } }
  catalog(id: $id) { sourceId title }
  nodes(ids: $ids) { ... on Catalog { sourceId title } }
  sellers(first: 0) { totalCount }
}`;
type Data = { catalogs: unknown; catalog: unknown; nodes: unknown[]; sellers: unknown };

describe.each(styles)('bad input › pages of upstream, style %s', (style) => {
  let upstream: SpoilingUpstream;
  let world: HostileWorld<ManualClock>;
  let rowsThere: RawRow[];
  beforeAll(async () => {
    upstream = await startSpoilingUpstream();
    const collections = makeCatalogue(today, { catalogs: 12, sellers: 3 });
    rowsThere = collections.catalogs as RawRow[];
    world = await startHostileWorld({
      through: upstream,
      upstream: { collections, maxPageSize: 5, style },
      settings: { UPSTREAM_CONCURRENCY: '1' },
    });
  });
  afterAll(async () => {
    await world.close();
    await upstream.close();
  });

  const answerOf = ({ id, title }: RawRow) => ({ sourceId: String(id), title });

  const readAnew = async () => {
    await world.invalidate({ type: 'catalog', all: true, mode: 'purge' });
    await world.clock.advance(2_000);
    const variables = { id: globalId('Catalog', '1'), ids: ['2', '3'].map((id) => globalId('Catalog', id)) };
    const form = world.wellFormed(await ask(world.gateway.url, document, variables));
    expect(form.status).toBe(200);
    return { ...form, data: form.data as Data };
  };

  const wellAgain = async () => {
    upstream.spoil = undefined;
    // The breaker may be open for a second.
    await eventually(async () => (await readAnew()).codes.length === 0);
  };

  /** Answered whole and right, or not at all; and in no more requests than a drain that drifts thrice may need. */
  const check = async (spoil: Spoil, page: number, times: number, routes: readonly string[]) => {
    let left = times;
    let seen = 0;
    const where = { elsewhere: upstream.elsewhere.url, self: upstream.url };
    upstream.spoil = (said) => {
      if (!routes.includes(said.route) || left === 0) return undefined;
      // Pages of one collection come in their order.
      if (said.route === '/catalogs' && seen++ % 3 !== page) return undefined;
      left -= 1;
      return spoil(said, where);
    };
    const before = upstream.count();
    const { data, codes } = await readAnew();
    const [one, two, three] = rowsThere.slice(0, 3).map(answerOf);
    const whole = { totalCount: 12, nodes: rowsThere.toSorted(compareRows('TITLE', 'ASC')).map(answerOf) };
    expect([null, whole]).toContainEqual(data.catalogs);
    expect([null, one]).toContainEqual(data.catalog);
    expect([
      [two, three],
      [null, null],
    ]).toContainEqual(data.nodes);
    expect(data.sellers).toEqual({ totalCount: 3 });
    const nulls = [data.catalogs, data.catalog, ...data.nodes].filter((part) => part === null);
    // A 404 says that a row is not there, and is no error.
    expect(codes.length).toBeLessThanOrEqual(nulls.length);
    if (data.catalogs === null) expect(codes.length).toBeGreaterThan(0);
    for (const code of codes) expect(code).toMatch(/^UPSTREAM_(INVALID|UNAVAILABLE|TIMEOUT)$/);
    expect(upstream.elsewhere.hits()).toBe(0);
    expect(upstream.count() - before).toBeLessThan(40);
  };

  const times = fc.constantFrom(1, 1, Number.POSITIVE_INFINITY);
  const page = fc.nat(2);

  it(
    'with envelopes of any kind are whole, or told of',
    async () => {
      await fc.assert(
        fc.asyncProperty(envelopes(style), page, times, async (spoil, which, count) => {
          await check(spoil, which, count, ['/catalogs']);
          await wellAgain();
        }),
        runs(30),
      );
      await world.wellAfter();
    },
    timeLimitMs,
  );

  it(
    'with anything in place of JSON are whole, or told of, and so are rows by id',
    async () => {
      const routes = fc.constantFrom(
        ['/catalogs'],
        ['/catalogs/{id}', '/catalogs?ids'],
        ['/catalogs', '/catalogs/{id}', '/catalogs?ids'],
      );
      await fc.assert(
        fc.asyncProperty(bytes, page, times, routes, async (spoil, which, count, which2) => {
          await check(spoil, which, count, which2);
          await wellAgain();
        }),
        runs(25),
      );
      await world.wellAfter();
    },
    timeLimitMs,
  );
});
