/** Rows, filters and windows that tests of views are made of. */
import fc from 'fast-check';
import { type ModelFilter, type RawRow, statuses } from './model.ts';

const dayMs = 86_400_000;
const firstDay = Date.parse('2026-11-01T00:00:00Z');
export const dateOf = (day: number) => new Date(firstDay + day * dayMs).toISOString();

/** Few values of each field, so that ties and matches are many. */
export const rows: fc.Arbitrary<RawRow> = fc.record({
  id: fc.integer({ min: 1, max: 30 }).map(String),
  title: fc.constantFrom('Art', 'art', 'Ärt', 'Livres', 'livres II', '한국', 'Éa', `${'x'.repeat(127)}y z`),
  status: fc.constantFrom('upcoming', 'live', 'closed', 'cancelled', 'postponed'),
  start_date: fc.integer({ min: 0, max: 5 }).map(dateOf),
  seller_id: fc.constantFrom('1', '2', '10', null),
  lot_count: fc.constant(1),
  updated_at: fc.integer({ min: 0, max: 9 }).map(dateOf),
});

export const filters: fc.Arbitrary<ModelFilter> = fc.record(
  {
    sellerId: fc.constantFrom('1', '2', '10', '99', '', null),
    status: fc.oneof(fc.uniqueArray(fc.constantFrom(...statuses)), fc.constant(null)),
    startsFrom: fc.integer({ min: -1, max: 6 }).map(dateOf),
    startsBefore: fc.integer({ min: -1, max: 6 }).map(dateOf),
    titleContains: fc.constantFrom('', null, 'a', 'É', 'IVR', 'z', '한', '\u0301'),
  },
  { requiredKeys: [] },
);

export const asks = fc.record({
  order: fc.constantFrom('START_DATE' as const, 'TITLE' as const, 'UPDATED_AT' as const),
  direction: fc.constantFrom('ASC' as const, 'DESC' as const),
  size: fc.tuple(fc.constantFrom('first' as const, 'last' as const), fc.integer({ min: 0, max: 8 })),
});
