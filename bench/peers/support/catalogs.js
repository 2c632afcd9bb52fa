/** Auction catalogues: resolvers over the REST API, as one would write them first, with a DataLoader for each request. */
import { readdirSync, readFileSync } from 'node:fs';
import DataLoader from 'dataloader';
import { connectionFields, globalId, refuseOthers, sourceId } from './relay.js';
import { read } from './upstream.js';

const schemaDir = new URL('../../../schema/', import.meta.url);

export const typeDefs = readdirSync(schemaDir).map((file) => readFileSync(new URL(file, schemaDir), 'utf8'));

const orderings = { START_DATE: 'start_date', TITLE: 'title', UPDATED_AT: 'updated_at' };

const nodeTypes = { Catalog: 'catalogs', Seller: 'sellers' };

export const resolvers = {
  Query: {
    catalog: (_, { id }, { loaders }) => loadAs('Catalog', id, loaders),
    seller: (_, { id }, { loaders }) => loadAs('Seller', id, loaders),
    node: (_, { id }, { loaders }) => loadNode(id, loaders),
    nodes: (_, { ids }, { loaders }) => Promise.all(ids.map((id) => loadNode(id, loaders))),
    async catalogs(_, args) {
      refuseOthers(args);
      const { field, direction } = args.orderBy;
      const ordering = `${direction === 'DESC' ? '-' : ''}${orderings[field]}`;
      const page = await read(`/catalogs?page_size=${args.first ?? 20}&ordering=${ordering}`);
      return { rows: page.items, total: page.total_items, order: { field, direction } };
    },
  },
  Node: { __resolveType: (row) => ('lot_count' in row ? 'Catalog' : 'Seller') },
  Catalog: {
    id: ({ id }) => globalId('Catalog', id),
    sourceId: ({ id }) => id,
    status: ({ status }) => status.toUpperCase(),
    startDate: ({ start_date }) => start_date,
    endDate: ({ end_date }) => end_date,
    lotCount: ({ lot_count }) => lot_count,
    updatedAt: ({ updated_at }) => updated_at,
    seller: ({ seller_id }, _, { loaders }) => (seller_id === null ? null : loaders.sellers.load(String(seller_id))),
  },
  CatalogConnection: connectionFields({
    START_DATE: ({ start_date }) => Date.parse(start_date),
    UPDATED_AT: ({ updated_at }) => Date.parse(updated_at),
  }),
  Seller: {
    id: ({ id }) => globalId('Seller', id),
    sourceId: ({ id }) => id,
    updatedAt: ({ updated_at }) => updated_at,
  },
};

/** What a cache is told to keep, where it has to be told: everything that is read. */
export const cached = { Query: ['catalog', 'seller', 'node', 'nodes', 'catalogs'], Catalog: ['seller'] };

/** For one request. */
export function loadersOf() {
  return { catalogs: loaderOf('catalogs'), sellers: loaderOf('sellers') };
}

function loaderOf(name) {
  const options = { maxBatchSize: 100 };
  return new DataLoader(async (ids) => {
    const { items } = await read(`/${name}?ids=${ids.join()}`);
    const byId = new Map(items.map((row) => [String(row.id), row]));
    return ids.map((id) => byId.get(id) ?? null);
  }, options);
}

function loadAs(type, id, loaders) {
  const source = sourceId(type, id);
  return source === null ? null : loaders[nodeTypes[type]].load(source);
}

function loadNode(id, loaders) {
  return loadAs('Catalog', id, loaders) ?? loadAs('Seller', id, loaders);
}
