/** What resolvers are given: one per request. */
import type { Catalog } from '../catalog/catalogs.ts';
import type { Seller } from '../catalog/sellers.ts';
import type { Reader } from '../data/reader.ts';

/** One reader per resource, by GraphQL type. */
export type Readers = Readonly<Record<string, Reader<unknown>>>;

export type CatalogReaders = { Catalog: Reader<Catalog>; Seller: Reader<Seller> };

export type Context<R = CatalogReaders> = {
  /** Also the answer's `X-Request-Id`. */
  requestId: string;
  readers: R;
};
