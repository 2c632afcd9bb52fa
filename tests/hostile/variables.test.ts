/** Bad input › variables: every declared input given every kind of JSON, and windows, times and texts of every form. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareRows, foldText, modelPage, type RawRow } from '../data/model.ts';
import { anyJson, anyText } from './arbitraries.ts';
import { ask, globalId, type HostileWorld, runs, startHostileWorld, timeLimitMs } from './support.ts';

/** A document for each declared input, and where in its variable a value may stand. */
const documents: Record<string, string> = {
  'ID!': 'query ($v: ID!) { node(id: $v) { id } catalog(id: $v) { id } seller(id: $v) { id } }',
  '[ID!]!': 'query ($v: [ID!]!) { nodes(ids: $v) { id } }',
  Int: 'query ($v: Int) { catalogs(first: $v) { totalCount } sellers(last: $v) { totalCount } }',
  String:
    'query ($v: String) { catalogs(first: 1, after: $v) { totalCount } sellers(last: 1, before: $v) { totalCount } }',
  CatalogFilter: 'query ($v: CatalogFilter) { catalogs(first: 1, filter: $v) { totalCount nodes { id } } }',
  SellerFilter: 'query ($v: SellerFilter) { sellers(first: 1, filter: $v) { totalCount nodes { id } } }',
  CatalogOrder: 'query ($v: CatalogOrder) { catalogs(first: 1, orderBy: $v) { totalCount nodes { id } } }',
  SellerOrder: 'query ($v: SellerOrder) { sellers(first: 1, orderBy: $v) { totalCount nodes { id } } }',
  DateTime: 'query ($v: DateTime) { catalogs(first: 1, filter: {startsFrom: $v}) { totalCount } }',
  CatalogStatus: 'query ($v: CatalogStatus!) { catalogs(first: 1, filter: {status: [$v]}) { totalCount } }',
  OrderDirection:
    'query ($v: OrderDirection! = ASC) { catalogs(first: 1, orderBy: {field: TITLE, direction: $v}) { totalCount } }',
};

const fields: Record<string, readonly string[]> = {
  CatalogFilter: ['sellerId', 'status', 'startsFrom', 'startsBefore', 'titleContains', '__proto__', 'constructor', 'x'],
  SellerFilter: ['country', 'nameContains', '__proto__', 'toString'],
  CatalogOrder: ['field', 'direction', 'constructor'],
  SellerOrder: ['field', 'direction'],
};

const value = fc.oneof(anyJson, fc.array(anyJson, { maxLength: 3 }), fc.constantFrom('ASC', 'TITLE', 'LIVE', 'NAME'));

const asked = fc.constantFrom(...Object.keys(documents)).chain((type) => {
  const names = fields[type];
  const parts = names && fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 3 });
  return fc.record({ type: fc.constant(type), v: parts ? fc.oneof(parts, value) : value });
});

const pageDocument = `query ($first: Int, $last: Int, $filter: CatalogFilter) {
  catalogs(first: $first, last: $last, filter: $filter, orderBy: {field: TITLE}) { totalCount nodes { sourceId } }
}`;

type Page = { totalCount: number; nodes: { sourceId: string }[] };

/** RFC 3339 with an offset, by days that exist. Years are four digits; seconds end at 59, as everywhere in JavaScript. */
function instantOf(text: string): number | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d+)?([Zz]|([+-])(\d\d):(\d\d))$/.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const [, , , , , , , fraction = '', , sign, offsetHour = '0', offsetMinute = '0'] = match;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (month < 1 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  if (hour > 23 || minute > 59 || second > 59 || Number(offsetHour) > 23 || Number(offsetMinute) > 59) return undefined;
  date.setUTCHours(hour, minute, second, Math.floor(Number(`0${fraction}`) * 1000));
  const offsetMs = (Number(offsetHour) * 60 + Number(offsetMinute)) * 60_000;
  return date.getTime() - (sign === '-' ? -offsetMs : offsetMs);
}

const digits = (count: number, from: number, to: number) =>
  fc.integer({ min: from, max: to }).map((number) => String(number).padStart(count, '0'));
/** Times that are one, or would be but for one part. */
const timeText = fc
  .tuple(
    fc.oneof(
      { weight: 6, arbitrary: digits(4, 2024, 2028) },
      digits(4, 0, 9999),
      fc.constantFrom('+010000', '26', '-0001'),
    ),
    digits(2, 1, 13),
    digits(2, 0, 32),
    fc.constantFrom('T', 'T', 'T', 't', ' ', '', 'T ', '\u0000'),
    digits(2, 0, 24),
    digits(2, 0, 60),
    fc.oneof(
      digits(2, 0, 60).map((text) => `:${text}`),
      fc.constant(''),
    ),
    fc.oneof(fc.constant(''), fc.stringMatching(/^\.[0-9]{0,12}$/), fc.constant(`.${'9'.repeat(3_000)}`)),
    fc.constantFrom('Z', 'Z', 'Z', 'z', '+00:00', '-23:59', '+23:59', '+24:00', '|02:00', '+0200', '', ' Z', 'Z\n'),
  )
  .map(
    ([year, month, day, between, hour, minute, ...rest]) =>
      `${year}-${month}-${day}${between}${hour}:${minute}${rest.join('')}`,
  );

const size = fc.constantFrom(
  undefined,
  null,
  -1,
  -0,
  0,
  1,
  2,
  20,
  99,
  100,
  101,
  2 ** 31 - 1,
  2 ** 31,
  1.5,
  1e21,
  '5',
  '',
  true,
  [3],
  {},
);

describe('bad input › variables', () => {
  let world: HostileWorld;
  let rows: RawRow[];
  beforeAll(async () => {
    world = await startHostileWorld();
    rows = (world.upstream.collections.rows('catalogs') as RawRow[]).toSorted(compareRows('TITLE', 'ASC'));
  });
  afterAll(() => world.close());

  const page = async (variables: Record<string, unknown>) => {
    const form = world.wellFormed(await ask(world.gateway.url, pageDocument, variables));
    return { ...form, page: (form.data as { catalogs: Page | null } | undefined)?.catalogs };
  };

  it(
    'of every kind are coerced or refused with a code',
    async () => {
      await fc.assert(
        fc.asyncProperty(asked, async ({ type, v }) => {
          const form = world.wellFormed(await ask(world.gateway.url, documents[type], { v }));
          if (form.codes.length === 0) return;
          expect(['BAD_USER_INPUT', 'BAD_REQUEST', 'QUERY_TOO_COMPLEX']).toContain(form.codes[0]);
        }),
        runs(900),
      );
      await world.wellAfter();
    },
    timeLimitMs,
  );

  it(
    'that are no object, or have names that no document declares, are refused or left alone',
    async () => {
      await fc.assert(
        fc.asyncProperty(anyJson, async (variables) => {
          const form = world.wellFormed(await ask(world.gateway.url, '{ __typename }', variables));
          expect([200, 400]).toContain(form.status);
        }),
        runs(100),
      );
      await world.wellAfter();
    },
    timeLimitMs,
  );

  it(
    'for a window give the page of the model, or BAD_USER_INPUT',
    async () => {
      const isSize = (given: unknown) =>
        typeof given === 'number' && Number.isInteger(given) && given >= 0 && given <= 100;
      const isGiven = (given: unknown) => given !== null && given !== undefined;
      await fc.assert(
        fc.asyncProperty(size, size, async (first, last) => {
          const { codes, page: got } = await page({ first, last });
          const right = [first, last].filter(isGiven).every(isSize) && !(isGiven(first) && isGiven(last));
          if (!right) {
            expect(codes).toEqual(expect.arrayContaining(['BAD_USER_INPUT']));
            return;
          }
          const window = isGiven(last) ? { last: Number(last) } : { first: Number(first ?? 20) };
          const wanted = modelPage(rows, { ...window, order: 'TITLE', direction: 'ASC', keep: () => true });
          expect(got).toEqual({
            totalCount: rows.length,
            nodes: wanted.rows.map(({ id }) => ({ sourceId: String(id) })),
          });
        }),
        runs(250),
      );
      await world.wellAfter();
    },
    timeLimitMs,
  );

  it(
    'for an instant are read as RFC 3339 has it, or BAD_USER_INPUT',
    async () => {
      const starts = (row: RawRow) => Date.parse(String(row.start_date));
      // A number is that row's own time: the bound itself is in, or out.
      const bound = fc.oneof({ weight: 5, arbitrary: timeText }, anyText, fc.nat(1_199));
      const name = fc.constantFrom('startsFrom', 'startsBefore');
      await fc.assert(
        fc.asyncProperty(name, bound, async (field, given) => {
          const text = typeof given === 'number' ? String(rows[given]?.start_date) : given;
          const { codes, page: got } = await page({ first: 0, filter: { [field]: text } });
          const instant = instantOf(text);
          if (instant === undefined) {
            expect(codes).toEqual(['BAD_USER_INPUT']);
            return;
          }
          const kept = rows.filter((row) => (field === 'startsFrom' ? starts(row) >= instant : starts(row) < instant));
          expect(got?.totalCount).toBe(kept.length);
        }),
        {
          ...runs(500),
          examples: [
            ['startsFrom', '2026-12-01T10:00:00+05:45'],
            ['startsBefore', '0000-01-01T00:00:00Z'],
          ],
        },
      );
      await world.wellAfter();
    },
    timeLimitMs,
  );

  it(
    'for a text or a seller match as the model does, whatever they hold',
    async () => {
      const titles = fc.oneof(anyText, fc.constantFrom('É', 'ART', 'ss', 'нет', '한', '’', 'ii'));
      await fc.assert(
        fc.asyncProperty(titles, fc.oneof(fc.constantFrom('', '', '1'), anyText), async (title, id) => {
          const text = title.toWellFormed();
          const sellerId = id === '' ? '' : globalId('Seller', id);
          const { page: got } = await page({ first: 0, filter: { titleContains: text, sellerId } });
          const kept = rows.filter(
            (row) => foldText(String(row.title)).includes(foldText(text)) && (id === '' || row.seller_id === id),
          );
          expect(got?.totalCount).toBe(kept.length);
        }),
        runs(250),
      );
      await world.wellAfter();
    },
    timeLimitMs,
  );
});
