/** Catalogs: sale events, each with a start date and mostly a seller. */
import { z } from 'zod';
import { instant, instantText, versionOfTime, wireId, zodCodec } from '../cache/codec.ts';
import type { Definition } from '../data/definition.ts';
import { textKey } from '../data/text.ts';

type CatalogStatus = 'UPCOMING' | 'LIVE' | 'CLOSED' | 'CANCELLED' | 'OTHER';

/** A map, since an object has more names than its own: `constructor` is no status. */
const statuses: ReadonlyMap<string, CatalogStatus> = new Map([
  ['upcoming', 'UPCOMING'],
  ['live', 'LIVE'],
  ['closed', 'CLOSED'],
  ['cancelled', 'CANCELLED'],
]);

/** A status this release does not know reads as OTHER: a new one upstream must not take a collection down. */
const status = z.string().transform((text) => statuses.get(text) ?? 'OTHER');

const row = z.object({
  id: wireId,
  title: z.string(),
  status,
  start_date: instant,
  end_date: instant.nullish(),
  location: z.string().nullish(),
  seller_id: wireId.nullish(),
  lot_count: z.int32().nonnegative(),
  updated_at: instantText,
});

export const catalogCodec = zodCodec(
  row.transform((wire) => ({
    id: wire.id,
    title: wire.title,
    status: wire.status,
    startDate: wire.start_date,
    endDate: wire.end_date ?? null,
    location: wire.location ?? null,
    sellerId: wire.seller_id ?? null,
    lotCount: wire.lot_count,
    updatedAt: new Date(wire.updated_at),
    version: versionOfTime(wire.updated_at),
  })),
);

export type Catalog = ReturnType<typeof catalogCodec.decode>;

export const catalogs: Definition<Catalog> = {
  name: 'catalog',
  type: 'Catalog',
  endpoint: { name: 'catalogs', path: '/catalogs', codec: catalogCodec, idOf: ({ id }) => id },
  versionOf: ({ version }) => version,
  prefetch: ({ id, title, startDate, endDate, sellerId }) =>
    id.length + title.length + startDate.getTime() + (endDate?.getTime() ?? 0) + (sellerId?.length ?? 0),
  orders: {
    START_DATE: ({ startDate }) => startDate.getTime(),
    TITLE: ({ title }) => textKey(title),
    UPDATED_AT: ({ updatedAt }) => updatedAt.getTime(),
  },
  filters: {
    sellerId: { kind: 'equals', of: ({ sellerId }) => sellerId },
    status: { kind: 'oneOf', of: ({ status }) => status },
    startsFrom: { kind: 'from', order: 'START_DATE' },
    startsBefore: { kind: 'before', order: 'START_DATE' },
    titleContains: { kind: 'contains', of: ({ title }) => title },
  },
};
