/** The resolvers of the catalogue: one file a type. */
import type { Resolvers } from '../generated/resolvers.ts';
import { Catalog, catalogQueries } from './catalog.ts';
import { Seller, sellerQueries } from './seller.ts';

export const resolvers = { Query: { ...catalogQueries, ...sellerQueries }, Catalog, Seller } satisfies Resolvers;
