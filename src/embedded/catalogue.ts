/**
 * A catalogue to serve: auctions and the houses that hold them, the same for the same day and seed.
 *
 * Rows depend on the day of `now`, not on its hour, and nothing starts or ends on that day: so each status is true all
 * day long. What must occur (a house with most of the sales, sales on one instant, unknown sellers, absent dates) is
 * placed by row number, so it occurs under every seed; the rest is chance.
 */
import { between, pick, type Random, seededRandom } from './random.ts';
import { endings, type House, houses, places, subjects } from './words.ts';

/** A catalog as the upstream's JSON has it: times are RFC 3339 in UTC. */
export type CatalogRow = {
  id: string | number;
  title: string;
  status: 'upcoming' | 'live' | 'closed' | 'cancelled' | (string & {});
  start_date: string;
  end_date: string | null;
  location: string | null;
  seller_id: string | number;
  lot_count: number;
  updated_at: string;
};

/** A seller as the upstream's JSON has it. */
type SellerRow = {
  id: string | number;
  name: string;
  /** ISO 3166-1 alpha-2. */
  country: string | null;
  website: string | null;
  updated_at: string;
};

export type Collections = { catalogs: CatalogRow[]; sellers: SellerRow[] };

type CatalogueOptions = {
  /** How many catalogs; 1,200 when absent. */
  catalogs?: number;
  /** How many sellers; 60 when absent. */
  sellers?: number;
  seed?: number;
  /** Ids as numbers (1) where they are strings otherwise ("1"). */
  integerIds?: boolean;
};

const DAY_MS = 86_400_000;

/** One house in ten never sold anything; the first holds nine sales of twenty. */
const isIdleHouse = (index: number): boolean => index % 10 === 9;
const isOfBigHouse = (index: number): boolean => index % 20 < 9;
const hasUnknownSeller = (index: number): boolean => index % 240 === 15;
const isOnSharedInstant = (index: number): boolean => index % 50 === 0;
const isWithoutEnd = (index: number): boolean => index % 9 === 4;
const isWithoutPlace = (index: number): boolean => index % 11 === 6;
const isCancelled = (index: number): boolean => index % 23 === 3;
const isLive = (index: number): boolean => index % 40 === 21;
const isHouseWithoutWebsite = (index: number): boolean => index % 7 === 5;
const isHouseWithoutCountry = (index: number): boolean => index % 13 === 11;

/**
 * @param now - Only its day (UTC) matters.
 * @returns Rows in order of id, ids counting from 1; every `updated_at` lies before the day of `now`.
 */
export function makeCatalogue(now: Date, options: CatalogueOptions = {}): Collections {
  const { catalogs = 1200, sellers = 60, seed = 1, integerIds = false } = options;
  const dayMs = Math.floor(now.getTime() / DAY_MS) * DAY_MS;
  const random = seededRandom(seed);
  const asId = (number: number): string | number => (integerIds ? number : String(number));

  const busyHouses = range(sellers).filter((index) => !isIdleHouse(index));
  const sellerOf = (index: number): string | number => {
    const chosen = busyHouses[Math.floor(random() * busyHouses.length)];
    if (chosen === undefined || hasUnknownSeller(index)) return asId(sellers + 1000 + index);
    return asId((isOfBigHouse(index) ? 0 : chosen) + 1);
  };

  return {
    sellers: range(sellers).map((index) => makeSeller({ id: asId(index + 1), index, dayMs, random })),
    catalogs: range(catalogs).map((index) =>
      makeCatalog({ id: asId(index + 1), sellerId: sellerOf(index), index, dayMs, random }),
    ),
  };
}

type Making = { id: string | number; index: number; dayMs: number; random: Random };

function makeSeller({ id, index, dayMs, random }: Making): SellerRow {
  const [name, country, label]: House = houses[index % houses.length] ?? houses[0];
  const round = Math.floor(index / houses.length);
  const suffix = round === 0 ? '' : ` ${round + 1}`;
  return {
    id,
    name: `${name}${suffix}`,
    country: isHouseWithoutCountry(index) ? null : country,
    website: isHouseWithoutWebsite(index) ? null : `https://www.${label}${suffix.trim()}.example/`,
    updated_at: withMilliseconds(dayMs - between(random, 1, 400 * DAY_MS)),
  };
}

function makeCatalog({ id, sellerId, index, dayMs, random }: Making & { sellerId: string | number }): CatalogRow {
  const { startMs, endMs } = chooseDates(index, dayMs, random);
  return {
    id,
    title: pick(random, subjects) + pick(random, endings),
    status: isCancelled(index) ? 'cancelled' : statusOf(startMs, endMs, dayMs),
    start_date: withSeconds(startMs),
    end_date: endMs === null ? null : withSeconds(endMs),
    location: isWithoutPlace(index) ? null : pick(random, places),
    seller_id: sellerId,
    lot_count: between(random, 0, 600),
    // The last word on a sale comes around its end; on one to come, in the last weeks.
    updated_at: withMilliseconds(Math.min(endMs ?? startMs, dayMs) - between(random, 1, 40 * DAY_MS)),
  };
}

/** From two years back to nine months ahead. Either wholly before the day, over it with room on both sides, or after. */
function chooseDates(index: number, dayMs: number, random: Random): { startMs: number; endMs: number | null } {
  const minuteMs = 60_000;
  const openingMs = between(random, 9 * 4, 19 * 4) * 15 * minuteMs;
  const days = between(random, 2, 12);
  const startDay = chooseStartDay(index, days, random);
  const startMs = isOnSharedInstant(index)
    ? dayMs + 30 * DAY_MS + 10 * 60 * minuteMs
    : dayMs + startDay * DAY_MS + openingMs;
  const endMs = startMs + days * DAY_MS + between(random, 0, 8) * 15 * minuteMs;
  // A live sale says when it ends: without an end, a sale is over when its first day is.
  return { startMs, endMs: isWithoutEnd(index) && !isLive(index) ? null : endMs };
}

function chooseStartDay(index: number, days: number, random: Random): number {
  // Drawn in any case, so that one row's kind does not change the rows after it.
  const day = between(random, -730, 270);
  if (isLive(index)) return -between(random, 1, days - 1);
  const isOverTheDay = day <= 0 && day + days + 1 >= 0;
  return isOverTheDay ? day - days - 2 : day;
}

function statusOf(startMs: number, endMs: number | null, dayMs: number): CatalogRow['status'] {
  if (startMs > dayMs) return 'upcoming';
  return endMs !== null && endMs > dayMs ? 'live' : 'closed';
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}

function withMilliseconds(ms: number): string {
  return new Date(ms).toISOString();
}

function withSeconds(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}
