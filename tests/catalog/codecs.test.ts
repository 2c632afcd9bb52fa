import { describe, expect, test } from 'vitest';
import { catalogCodec } from '../../src/catalog/catalogs.ts';
import { sellerCodec } from '../../src/catalog/sellers.ts';

const catalog = {
  id: '7',
  title: 'Clocks',
  status: 'live',
  start_date: '2026-03-04T10:00:00Z',
  lot_count: 3,
  updated_at: '2026-03-01T10:00:00Z',
};
const seller = { id: '1', name: 'Galerie', updated_at: '2026-03-01T10:00:00Z' };

describe('a catalog', () => {
  test.each(['haunted', 'LIVE', '', 'constructor', 'toString', '__proto__', 'hasOwnProperty'])(
    'has the status OTHER when it is %j',
    (status) => {
      expect(catalogCodec.decode({ ...catalog, status }).status).toBe('OTHER');
    },
  );

  test('has as many lots as GraphQL can tell, and no more', () => {
    expect(catalogCodec.decode({ ...catalog, lot_count: 2 ** 31 - 1 }).lotCount).toBe(2 ** 31 - 1);
    for (const lot_count of [2 ** 31, -1, 0.5]) {
      expect(() => catalogCodec.decode({ ...catalog, lot_count })).toThrow(
        expect.objectContaining({ field: 'lot_count' }),
      );
    }
  });
});

describe('a time', () => {
  // In UTC these are of the years 10000 and -1, which RFC 3339 cannot write and versions cannot sort.
  test.each(['9999-12-31T23:59:59-23:59', '0000-01-01T00:00:00+23:59'])(
    'outside four digits is refused: %s',
    (time) => {
      const refusal = (field: string) => expect.objectContaining({ name: 'CodecError', field });
      for (const field of ['start_date', 'end_date', 'updated_at']) {
        expect(() => catalogCodec.decode({ ...catalog, [field]: time })).toThrow(refusal(field));
      }
      expect(() => sellerCodec.decode({ ...seller, updated_at: time })).toThrow(refusal('updated_at'));
    },
  );
});
