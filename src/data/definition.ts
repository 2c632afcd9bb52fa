/** What a resource is, as its file in `src/catalog/` states it. */
import type { Endpoint } from '../upstream/index.ts';
import type { Indexing } from './view.ts';

export type Definition<T> = Indexing<T> & {
  /** Namespace of its entities in keys, metrics, admin: `catalog`. */
  name: string;
  /** GraphQL type of its rows: `Catalog`; the pages are of `CatalogConnection`. */
  type: string;
  /** Where upstream serves it; the endpoint's name is the collection's: `catalogs`. */
  endpoint: Endpoint<T>;
  /** What upstream calls a row's version, compared with `<`; rows never go back to a lower one. */
  versionOf: (value: T) => string | undefined;
};
