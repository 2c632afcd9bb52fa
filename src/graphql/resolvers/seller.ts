/** Sellers, and the catalogs of each. */
import { connection } from '../connections.ts';
import type { QueryResolvers, SellerResolvers } from '../generated/resolvers.ts';
import { sourceIdOf } from '../node-id.ts';
import { nodeFields } from '../nodes.ts';
import { catalogFilterOf, defaultCatalogOrder } from './catalog.ts';

const defaultSellerOrder = { field: 'NAME', direction: 'ASC' } as const;

export const sellerQueries = {
  seller(_, { id }, { readers }) {
    const sourceId = sourceIdOf('Seller', id);
    return sourceId === null ? null : readers.Seller.load(sourceId);
  },
  sellers: (_, args, { readers }) =>
    connection(readers.Seller, args, { filter: args.filter ?? {}, defaultOrder: defaultSellerOrder }),
} satisfies QueryResolvers;

export const Seller = {
  ...nodeFields('Seller'),
  catalogs: ({ id }, args, { readers }) =>
    connection(readers.Catalog, args, { filter: catalogFilterOf(id, args.filter), defaultOrder: defaultCatalogOrder }),
} satisfies SellerResolvers;
