/** Pages of a collection, each from another place, so that whole answers rarely repeat and the size of it can tell. */
import { catalogs } from '../../src/catalog/catalogs.ts';
import { encodeCursor } from '../../src/data/cursor.ts';
import { filterHash, filterKey, normalForm } from '../../src/data/filters.ts';
import type { Random } from '../../src/embedded/random.ts';

const dayMs = 86_400_000;
/** More than a server answers in the usual time of a measurement. */
const pageCount = 100_000;
const fields = 'totalCount pageInfo { hasNextPage endCursor } nodes { id title status startDate seller { name } }';
const letters = 'abcdefghijklmnopqrstuvwxyz';

/** Behind a time between two days from today: until the last of them some 20 rows of a thousand are left, or more. */
type Span = { fromDay: number; toDay: number };

export function pagesByOrder(random: Random): string[] {
  const query = `query Page($after: String) { catalogs(first: 20, after: $after) { ${fields} } }`;
  return cursors({}, { fromDay: -700, toDay: 200 }, random).map((after) => bodyOf(query, { after }));
}

/** The same filter throughout, whose matches are found once. */
export function pagesByFilter(random: Random): string[] {
  const filter = { status: ['UPCOMING'] };
  const query = `query Page($after: String, $filter: CatalogFilter) { catalogs(first: 20, after: $after, filter: $filter) { ${fields} } }`;
  return cursors(filter, { fromDay: 1, toDay: 150 }, random).map((after) => bodyOf(query, { after, filter }));
}

/** Another text each time, so that every title is looked at. */
export function pagesByText(random: Random): string[] {
  const query = `query Page($filter: CatalogFilter) { catalogs(first: 20, filter: $filter) { ${fields} } }`;
  const text = () => Array.from({ length: 5 }, () => letters[Math.floor(random() * letters.length)]).join('');
  return Array.from({ length: pageCount }, () => bodyOf(query, { filter: { titleContains: text() } }));
}

/** A cursor's row need not exist. */
function cursors(filter: Record<string, unknown>, { fromDay, toDay }: Span, random: Random): string[] {
  const hash = filterHash(filterKey(normalForm(catalogs.filters, filter)));
  const sequence = { order: 'START_DATE', direction: 'ASC', filterHash: hash } as const;
  const today = Math.floor(Date.now() / dayMs);
  return Array.from({ length: pageCount }, () => {
    const day = today + fromDay + random() * (toDay - fromDay);
    return encodeCursor(sequence, { key: Math.floor(day * dayMs), id: '0' });
  });
}

function bodyOf(query: string, variables: object): string {
  return JSON.stringify({ query, variables });
}
