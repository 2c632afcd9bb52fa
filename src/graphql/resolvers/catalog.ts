/** Catalogs, and what of their filter is this gateway's: the seller's global id. */
import { type ConnectionOptions, connection } from '../connections.ts';
import type { CatalogFilter, CatalogResolvers, QueryResolvers } from '../generated/resolvers.ts';
import { sourceIdOf } from '../node-id.ts';
import { nodeFields } from '../nodes.ts';

export const defaultCatalogOrder = { field: 'START_DATE', direction: 'ASC' } as const;

export const catalogQueries = {
  catalog(_, { id }, { readers }) {
    const sourceId = sourceIdOf('Catalog', id);
    return sourceId === null ? null : readers.Catalog.load(sourceId);
  },
  catalogs: (_, args, { readers }) =>
    connection(readers.Catalog, args, { filter: catalogFilter(args.filter), defaultOrder: defaultCatalogOrder }),
} satisfies QueryResolvers;

export const Catalog = {
  ...nodeFields('Catalog'),
  seller: ({ sellerId }, _, { readers }) => (sellerId === null ? null : readers.Seller.load(sellerId)),
} satisfies CatalogResolvers;

/** The filter with the API's own ids. */
function catalogFilter(filter: CatalogFilter | null | undefined): ConnectionOptions['filter'] {
  // An empty id does not restrict, as nothing empty in a filter does.
  if (!filter?.sellerId) return filter ?? {};
  const sellerId = sourceIdOf('Seller', filter.sellerId);
  return sellerId === null ? 'no-row' : { ...filter, sellerId };
}

/** The filter, and no seller but this one. */
export function catalogFilterOf(
  sellerId: string,
  given: CatalogFilter | null | undefined,
): ConnectionOptions['filter'] {
  const filter = catalogFilter(given);
  if (filter === 'no-row') return filter;
  const asked = filter?.sellerId;
  return asked && asked !== sellerId ? 'no-row' : { ...filter, sellerId };
}
