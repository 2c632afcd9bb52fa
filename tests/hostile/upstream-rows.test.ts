/**
 * Bad input › rows of upstream: each is answered as the contract reads it, or its field has a coded error; no other row
 * is lost by it, and none in silence.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCatalogue } from '../../src/embedded/index.ts';
import { compareRows, type RawRow } from '../data/model.ts';
import type { ManualClock } from '../support/clock.ts';
import { today } from '../support/world.ts';
import { anyJson, anyText } from './arbitraries.ts';
import { type Said, type SpoilingUpstream, startSpoilingUpstream } from './spoiling-upstream.ts';
import { ask, globalId, type HostileWorld, runs, startHostileWorld, timeLimitMs } from './support.ts';

/** A wire value and what the contract makes of it. */
type Reading = { wire: unknown; reads: unknown } | { wire: unknown; reads?: never };
const good = (wire: unknown, reads: unknown = wire): Reading => ({ wire, reads });
const bad = (wire: unknown): Reading => ({ wire });
const badOf = (...wires: unknown[]) => fc.constantFrom(...wires.map(bad));
/** Anything but what is of these kinds. */
const notOf = (...kinds: string[]) =>
  anyJson.filter((value) => !kinds.includes(value === null ? 'null' : typeof value)).map(bad);

const instants: Reading[] = [
  good('2026-03-04T10:00:00Z', '2026-03-04T10:00:00.000Z'),
  good('2026-03-04T10:00:00.123456+05:45', '2026-03-04T04:15:00.123Z'),
  good('0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'),
  good('9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'),
  good('2024-02-29T23:59:59-23:59', '2024-03-01T23:58:59.000Z'),
  good(`2026-03-04T10:00:00.${'9'.repeat(2_000)}Z`, '2026-03-04T10:00:00.999Z'),
];
const noInstants = [
  '',
  '2026-03-04',
  '2026-03-04T10:00:00',
  '2026-03-04 10:00:00Z',
  '2026-02-30T10:00:00Z',
  '2026-03-04T24:00:00Z',
  '2026-03-04T23:59:60Z',
  '+010000-01-01T00:00:00Z',
  '9999-12-31T23:59:59-23:59',
  '0000-01-01T00:00:00+23:59',
  '2026-13-01T00:00:00Z',
  'Wed, 04 Mar 2026 10:00:00 GMT',
  '2026-03-04T10:00:00Z\n',
  '1772618400',
  'now',
  '\u0000',
].map(bad);
const instant = fc.oneof(fc.constantFrom(...instants), fc.constantFrom(...noInstants), notOf('string'));
const orNull = fc.constantFrom(good(null), good(undefined, null));

/** Of each field of a row: what upstream may say, and its reading. */
const readings: Record<string, fc.Arbitrary<Reading>> = {
  title: fc.oneof(
    anyText.map((text) => good(text)),
    notOf('string'),
    badOf(undefined),
  ),
  status: fc.oneof(
    fc.constantFrom(good('upcoming', 'UPCOMING'), good('live', 'LIVE'), good('cancelled', 'CANCELLED')),
    fc.oneof(anyText, fc.constantFrom('LIVE', 'Live', 'constructor', 'toString')).map((text) => good(text, 'OTHER')),
    notOf('string'),
    badOf(undefined),
  ),
  start_date: fc.oneof(instant, badOf(null, undefined)),
  end_date: fc.oneof(
    instant.filter(({ wire }) => wire !== null),
    orNull,
  ),
  location: fc.oneof(
    anyText.map((text) => good(text)),
    orNull,
    notOf('string', 'null'),
  ),
  seller_id: fc.oneof(
    fc.constantFrom(
      good('1', '1'),
      good(2, '2'),
      good('999', null),
      good('constructor', null),
      good('x'.repeat(64), null),
    ),
    orNull,
    badOf('', 'a b', '../sellers', '1\n', -1, 1.5, 2 ** 53, true, {}, [], 'x'.repeat(65), '__proto__.x'),
  ),
  lot_count: fc.oneof(
    fc.constantFrom(good(0), good(-0, 0), good(2 ** 31 - 1)),
    badOf(2 ** 31, 2 ** 53, -1, 0.5, '5', null, undefined, [], true),
  ),
  updated_at: fc.oneof(instant, badOf(null, undefined)),
  other: fc.oneof(anyJson.map((wire) => good(wire))),
  constructor: fc.oneof(anyJson.map((wire) => good(wire))),
};

const names = {
  title: 'title',
  status: 'status',
  start_date: 'startDate',
  end_date: 'endDate',
  location: 'location',
  lot_count: 'lotCount',
  updated_at: 'updatedAt',
} as const;

type Change = { field: string; reading: Reading };
const change = fc
  .constantFrom(...Object.keys(readings))
  .chain((field) => (readings[field] as fc.Arbitrary<Reading>).map((reading): Change => ({ field, reading })));
const changes = fc.uniqueArray(change, { minLength: 1, maxLength: 3, selector: ({ field }) => field });
const isBad = ({ reading }: Change) => !('reads' in reading);

const rowFields = '{ sourceId title status startDate endDate location lotCount updatedAt seller { sourceId } }';

/** How a row is answered. */
function answerOf(row: RawRow, changed: readonly Change[] = []): Record<string, unknown> {
  const time = (value: unknown) => (value ? new Date(String(value)).toISOString() : null);
  const known = ['1', '2', '3'].includes(String(row.seller_id));
  const answer: Record<string, unknown> = {
    sourceId: String(row.id),
    title: row.title,
    status: String(row.status).toUpperCase(),
    startDate: time(row.start_date),
    endDate: time(row.end_date),
    location: row.location,
    lotCount: row.lot_count,
    updatedAt: time(row.updated_at),
    seller: known ? { sourceId: row.seller_id } : null,
  };
  for (const { field, reading } of changed) {
    if (Object.hasOwn(names, field)) answer[names[field as keyof typeof names]] = reading.reads;
    if (field === 'seller_id') answer.seller = reading.reads === null ? null : { sourceId: reading.reads };
  }
  return answer;
}

const document = `query ($ids: [ID!]!, $id: ID!) {
  catalogs(first: 100) { totalCount nodes ${rowFields} }
  catalog(id: $id) ${rowFields}
  nodes(ids: $ids) { ... on Catalog ${rowFields} }
  sellers(first: 0) { totalCount }
}`;

type Data = Record<'catalogs' | 'catalog' | 'nodes' | 'sellers', unknown>;

/** What each kind of answer says, its rows changed. */
function withRows({ body, route }: Said, changeRow: (row: RawRow) => unknown): { body: string } {
  const json = JSON.parse(body.toString()) as RawRow | { items: RawRow[] };
  if (route === '/catalogs/{id}') return { body: JSON.stringify(changeRow(json as RawRow)) };
  const { items, ...envelope } = json as { items: RawRow[] };
  return { body: JSON.stringify({ ...envelope, items: items.map(changeRow) }) };
}

function apply(row: RawRow, changed: readonly Change[]): RawRow {
  // By definition, so that a field may have any name.
  const copy = { ...row };
  for (const { field, reading } of changed)
    Object.defineProperty(copy, field, { value: reading.wire, enumerable: true });
  return copy;
}

describe.each([0, 2])('bad input › rows of upstream, %d tolerated', (tolerated) => {
  let upstream: SpoilingUpstream;
  let world: HostileWorld<ManualClock>;
  let rows: RawRow[];
  beforeAll(async () => {
    upstream = await startSpoilingUpstream();
    const collections = makeCatalogue(today, { catalogs: 12, sellers: 3 });
    rows = collections.catalogs as RawRow[];
    world = await startHostileWorld({
      through: upstream,
      upstream: { collections, maxPageSize: 5 },
      settings: {
        UPSTREAM_INVALID_ITEMS: tolerated === 0 ? 'fail' : `quarantine:${tolerated}`,
        UPSTREAM_CONCURRENCY: '1',
        UPSTREAM_IDS_LIMIT: '12',
      },
    });
  });
  afterAll(async () => {
    await world.close();
    await upstream.close();
  });

  /** Everything is read anew, and a failure of before is no answer any more. */
  const readAnew = async (variables: Record<string, unknown>) => {
    expect((await world.invalidate({ type: 'catalog', all: true, mode: 'purge' })).status).toBe(200);
    await world.clock.advance(2_000);
    const form = world.wellFormed(await ask(world.gateway.url, document, variables));
    expect(form.status).toBe(200);
    return { ...form, data: form.data as Data };
  };

  const quarantined = async () => {
    const { checks } = (await (await fetch(`${world.gateway.url}/readyz`)).json()) as {
      checks: { catalogs: { quarantined: number } };
    };
    return checks.catalogs.quarantined;
  };

  /** Of rows changed by id: what the contract makes of them, and what is left of the others. */
  const check = async (changed: ReadonlyMap<string, readonly Change[]>) => {
    upstream.spoil = (said) => withRows(said, (row) => apply(row, changed.get(String(row.id)) ?? []));
    const isLost = ({ id }: RawRow) => changed.get(String(id))?.some(isBad) ?? false;
    const [target = ''] = changed.keys();
    const answered = (row: RawRow) => (isLost(row) ? null : answerOf(row, changed.get(String(row.id))));
    const lost = rows.filter(isLost);
    const { data, codes } = await readAnew({
      id: globalId('Catalog', target),
      ids: rows.map(({ id }) => globalId('Catalog', String(id))),
    });

    expect(data.sellers).toEqual({ totalCount: 3 });
    expect(data.catalog).toEqual(answered(rows.find(({ id }) => String(id) === target) as RawRow));
    expect(data.nodes).toEqual(rows.map(answered));
    const isWhole = lost.length <= tolerated;
    const kept = rows.filter((row) => !isLost(row)).map((row) => apply(row, changed.get(String(row.id)) ?? []));
    const nodes = kept
      .toSorted(compareRows('START_DATE', 'ASC'))
      .map((row) => answered(rows.find(({ id }) => id === row.id) as RawRow));
    expect(data.catalogs).toEqual(isWhole ? { totalCount: kept.length, nodes } : null);
    expect(codes).toEqual(Array(codes.length).fill('UPSTREAM_INVALID'));
    // One for the row by itself, one for each in the list, one for the page.
    const ofTarget = lost.some(({ id }) => String(id) === target) ? 1 : 0;
    expect(codes.length).toBe(ofTarget + lost.length + (isWhole ? 0 : 1));
    if (isWhole) expect(await quarantined()).toBe(lost.length);
  };

  const ids = fc.uniqueArray(fc.integer({ min: 1, max: 12 }).map(String), { minLength: 1, maxLength: 3 });

  it(
    'with fields of any kind are read by the contract, or told of, and lose no other row',
    async () => {
      await fc.assert(
        fc.asyncProperty(ids, fc.array(changes, { minLength: 3, maxLength: 3 }), async (chosen, all) => {
          await check(new Map(chosen.map((id, index) => [id, all[index] as Change[]])));
        }),
        { ...runs(90), examples: [[['7'], [[{ field: 'status', reading: good('constructor', 'OTHER') }], [], []]]] },
      );
      upstream.spoil = undefined;
      await readAnew({ id: globalId('Catalog', '1'), ids: [] });
      await world.wellAfter();
    },
    timeLimitMs,
  );

  it(
    'that are no rows, or have ids that are none, are told of',
    async () => {
      const noRow = fc.oneof(
        anyJson,
        fc
          .constantFrom('a b', '', '1\n', '../1', -1, 1.5, null, undefined, {}, 'x'.repeat(65), 'x'.repeat(100_000))
          .map((id) => ({ ...rows[0], id })),
      );
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 12 }).map(String), noRow, async (target, instead) => {
          upstream.spoil = (said) => withRows(said, (row) => (String(row.id) === target ? (instead ?? null) : row));
          const { data, codes } = await readAnew({ id: globalId('Catalog', target), ids: [] });
          expect(data).toMatchObject({ catalog: null, sellers: { totalCount: 3 } });
          expect(data.catalogs).toEqual(tolerated > 0 ? expect.objectContaining({ totalCount: 11 }) : null);
          expect(codes).toEqual(Array(tolerated > 0 ? 1 : 2).fill('UPSTREAM_INVALID'));
        }),
        runs(40),
      );
      upstream.spoil = undefined;
      await readAnew({ id: globalId('Catalog', '1'), ids: [] });
      await world.wellAfter();
    },
    timeLimitMs,
  );
});
