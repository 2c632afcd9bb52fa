import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CatalogRow, makeCatalogue } from '../../src/embedded/index.ts';

const now = new Date('2026-11-23T15:30:00Z');
const { catalogs, sellers } = makeCatalogue(now);

const nowMs = now.getTime();
const dayMs = 86_400_000;

function count<T>(rows: readonly T[], holds: (row: T) => boolean): number {
  return rows.filter(holds).length;
}

function groupSizes<T>(rows: readonly T[], keyOf: (row: T) => string | number): Map<string | number, number> {
  const sizes = new Map<string | number, number>();
  for (const row of rows) sizes.set(keyOf(row), (sizes.get(keyOf(row)) ?? 0) + 1);
  return sizes;
}

/** What the status ought to be by the dates alone. A sale without an end is over when its first day is. */
function statusByDates(row: CatalogRow, atMs: number): string {
  const startMs = Date.parse(row.start_date);
  const endMs = row.end_date === null ? (Math.floor(startMs / dayMs) + 1) * dayMs : Date.parse(row.end_date);
  if (atMs < startMs) return 'upcoming';
  return atMs < endMs ? 'live' : 'closed';
}

describe('the embedded catalogue › is the same for the same day and seed', () => {
  it('at any hour of the day', () => {
    expect(makeCatalogue(new Date('2026-11-23T00:00:00.000Z'))).toEqual({ catalogs, sellers });
    expect(makeCatalogue(new Date('2026-11-23T23:59:59.999Z'))).toEqual({ catalogs, sellers });
  });

  it('but not on another day, nor for another seed', () => {
    expect(makeCatalogue(new Date('2026-11-24T00:00:00Z'))).not.toEqual({ catalogs, sellers });
    expect(makeCatalogue(now, { seed: 2 })).not.toEqual({ catalogs, sellers });
  });
});

describe('the embedded catalogue › is as large as asked', () => {
  it('with 1,200 catalogs and 60 sellers, their ids counting from "1"', () => {
    expect(catalogs.map((row) => row.id)).toEqual(Array.from({ length: 1200 }, (_, index) => String(index + 1)));
    expect(sellers.map((row) => row.id)).toEqual(Array.from({ length: 60 }, (_, index) => String(index + 1)));
  });

  it('or any other size, none at all included', () => {
    const larger = makeCatalogue(now, { catalogs: 1500, sellers: 130 });
    expect([larger.catalogs.length, larger.sellers.length]).toEqual([1500, 130]);
    expect(new Set(larger.sellers.map((row) => row.name)).size).toBe(130);
    expect(makeCatalogue(now, { catalogs: 0, sellers: 0 })).toEqual({ catalogs: [], sellers: [] });
    expect(makeCatalogue(now, { catalogs: 3, sellers: 0 }).catalogs).toHaveLength(3);
  });

  it('with ids as integers on request, all else the same', () => {
    const numbered = makeCatalogue(now, { integerIds: true });
    expect(numbered.catalogs).toEqual(
      catalogs.map((row) => ({ ...row, id: Number(row.id), seller_id: Number(row.seller_id) })),
    );
    expect(numbered.sellers).toEqual(sellers.map((row) => ({ ...row, id: Number(row.id) })));
  });
});

describe('the embedded catalogue › dates', () => {
  it('reach about two years back and nine months ahead', () => {
    const starts = catalogs.map((row) => Date.parse(row.start_date));
    const [first, last] = [Math.min(...starts), Math.max(...starts)].map((ms) => Math.round((ms - nowMs) / dayMs));
    expect(first).toBeGreaterThanOrEqual(-732);
    expect(first).toBeLessThan(-700);
    expect(last).toBeLessThanOrEqual(271);
    expect(last).toBeGreaterThan(250);
  });

  it('are RFC 3339 in UTC, updated_at with milliseconds', () => {
    const times = catalogs.flatMap((row) => [row.start_date, ...(row.end_date === null ? [] : [row.end_date])]);
    expect(times.filter((time) => !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(time))).toEqual([]);
    const updates = [...catalogs, ...sellers].map((row) => row.updated_at);
    expect(updates.filter((time) => !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(time))).toEqual([]);
    expect(count(updates, (time) => !time.endsWith('.000Z'))).toBeGreaterThan(1200);
  });

  it('fit the status at every hour of the day, every end after its start, every update in the past', () => {
    const days = fc.date({ min: new Date('2020-01-01'), max: new Date('2040-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(days, fc.integer(), (at, seed) => {
        const made = makeCatalogue(at, { seed, catalogs: 400 });
        for (const row of made.catalogs) {
          if (row.status !== 'cancelled') expect(row.status).toBe(statusByDates(row, at.getTime()));
          if (row.end_date !== null) expect(Date.parse(row.end_date)).toBeGreaterThan(Date.parse(row.start_date));
        }
        for (const row of [...made.catalogs, ...made.sellers]) {
          expect(Date.parse(row.updated_at)).toBeLessThan(at.getTime());
        }
      }),
      { seed: 7, numRuns: 30 },
    );
  });

  it('are absent as an end of 130 catalogs, and 24 catalogs start on one instant', () => {
    expect(count(catalogs, (row) => row.end_date === null)).toBe(130);
    expect(Math.max(...groupSizes(catalogs, (row) => row.start_date).values())).toBeGreaterThanOrEqual(24);
  });
});

describe('the embedded catalogue › rows', () => {
  it('have every status', () => {
    const sizes = groupSizes(catalogs, (row) => row.status);
    expect([...sizes.keys()].sort()).toEqual(['cancelled', 'closed', 'live', 'upcoming']);
    expect(Math.min(...sizes.values())).toBeGreaterThanOrEqual(25);
  });

  it('repeat titles, of which many are not ASCII, some in capitals, with quotes, emoji and markup', () => {
    expect(Math.max(...groupSizes(catalogs, (row) => row.title).values())).toBeGreaterThan(5);
    for (const sign of [
      /[^\p{ASCII}]/u,
      /é/,
      /e\u0301/,
      /"/,
      /’/,
      /\p{Extended_Pictographic}/u,
      /ß/,
      /İ/,
      /<b>/,
      /\p{Script=Han}/u,
    ]) {
      expect(
        count(catalogs, (row) => sign.test(row.title)),
        String(sign),
      ).toBeGreaterThan(0);
    }
    const titles = new Set(catalogs.map((row) => row.title));
    expect(
      count([...titles], (title) => titles.has(title.toUpperCase()) && title !== title.toUpperCase()),
    ).toBeGreaterThan(0);
  });

  it('lack a place 109 times', () => {
    expect(count(catalogs, (row) => row.location === null)).toBe(109);
  });
});

describe('the embedded catalogue › sellers', () => {
  const perSeller = groupSizes(catalogs, (row) => row.seller_id);

  it('include one with more than 500 catalogs and six with none', () => {
    expect(count([...perSeller.values()], (size) => size > 500)).toBe(1);
    expect(count(sellers, (seller) => !perSeller.has(seller.id))).toBe(6);
  });

  it('leave five catalogs with an unknown seller', () => {
    const known = new Set(sellers.map((seller) => seller.id));
    expect(count(catalogs, (row) => !known.has(row.seller_id))).toBe(5);
  });

  it('have names of their own from many countries, many not ASCII', () => {
    expect(new Set(sellers.map((seller) => seller.name)).size).toBe(60);
    expect(new Set(sellers.map((seller) => seller.country)).size).toBeGreaterThan(40);
    expect(count(sellers, (seller) => /[^\p{ASCII}]/u.test(seller.name))).toBeGreaterThan(30);
  });

  it('lack a website or a country here and there', () => {
    expect(count(sellers, (seller) => seller.website === null)).toBe(8);
    expect(count(sellers, (seller) => seller.country === null)).toBe(4);
    expect(sellers.filter((seller) => seller.website !== null && !URL.canParse(seller.website))).toEqual([]);
  });
});
