/**
 * What many clients ask for at once: 200 documents, of which a few make up most requests, and for each a choice of
 * variables of which a few come most often (both by Zipf's law). Only what the REST API can answer by itself, so that
 * servers without an index of their own take part: first pages in four orders, and rows by their ids.
 */

import type { Random } from '../../src/embedded/random.ts';
import { encodeNodeId } from '../../src/graphql/node-id.ts';
import { zipf } from './zipf.ts';

type Options = {
  requests: number;
  /** How many there are, of which some are asked for by their ids. */
  catalogs: number;
  random: Random;
};

/** How it is asked, and what may be asked of the rows that come. */
type Shape = { document: (fields: string) => string; fieldsOf: 'catalog' | 'seller'; variables: () => object };

const documentCount = 200;
const sellers = 60;
const pageSizes = [5, 10, 20, 20, 50];
const orders = ['START_DATE', 'UPDATED_AT'].flatMap((field) =>
  ['ASC', 'DESC'].map((direction) => ({ field, direction })),
);

const catalogFields = ['title', 'status', 'startDate', 'endDate', 'location', 'lotCount', 'updatedAt', 'sourceId'];
const sellerFields = ['name', 'country', 'website', 'updatedAt', 'sourceId'];

/** @returns Bodies, as they are sent. */
export function mixedRequests({ requests, catalogs, random }: Options): string[] {
  const shapes = shapesOf(catalogs, random);
  const documents = Array.from({ length: documentCount }, (_, index) => {
    const shape = shapes[index % shapes.length] as Shape;
    return { query: shape.document(fieldsOf(shape, random)), variables: shape.variables };
  });
  const pick = zipf(documents.length, random);
  return Array.from({ length: requests }, () => {
    const { query, variables } = documents[pick()] as (typeof documents)[number];
    return JSON.stringify({ query, variables: variables() });
  });
}

function shapesOf(catalogs: number, random: Random): Shape[] {
  const pickCatalog = zipf(catalogs, random);
  const pickSeller = zipf(sellers, random);
  const catalogId = () => encodeNodeId('Catalog', String(pickCatalog() + 1));
  const sellerId = () => encodeNodeId('Seller', String(pickSeller() + 1));
  const page = {
    document: (fields: string) =>
      `query Page($first: Int, $orderBy: CatalogOrder) { catalogs(first: $first, orderBy: $orderBy) { totalCount pageInfo { hasNextPage endCursor } nodes { id ${fields} } } }`,
    fieldsOf: 'catalog',
    variables: () => ({ first: oneOf(pageSizes, random), orderBy: oneOf(orders, random) }),
  } as const;
  const edges = {
    ...page,
    document: (fields: string) =>
      `query Edges($first: Int, $orderBy: CatalogOrder) { catalogs(first: $first, orderBy: $orderBy) { edges { cursor node { id ${fields} } } } }`,
  };
  const catalog = {
    document: (fields: string) => `query Row($id: ID!) { catalog(id: $id) { id ${fields} } }`,
    fieldsOf: 'catalog',
    variables: () => ({ id: catalogId() }),
  } as const;
  const nodes = {
    document: (fields: string) => `query Nodes($ids: [ID!]!) { nodes(ids: $ids) { id ... on Catalog { ${fields} } } }`,
    fieldsOf: 'catalog',
    variables: () => ({ ids: [catalogId(), catalogId(), catalogId()] }),
  } as const;
  const seller = {
    document: (fields: string) => `query House($id: ID!) { seller(id: $id) { id ${fields} } }`,
    fieldsOf: 'seller',
    variables: () => ({ id: sellerId() }),
  } as const;
  return [page, catalog, nodes, catalog, edges, seller];
}

/** Some of the fields there are; of catalogs, every other time with those of the seller. */
function fieldsOf({ fieldsOf: type }: Shape, random: Random): string {
  const own = someOf(type === 'catalog' ? catalogFields : sellerFields, random).join(' ');
  const withSeller = type === 'catalog' && random() < 0.5;
  return withSeller ? `${own} seller { id ${someOf(sellerFields, random).join(' ')} }` : own;
}

function someOf(names: readonly string[], random: Random): string[] {
  const some = names.filter(() => random() < 0.5);
  return some.length === 0 ? names.slice(0, 1) : some;
}

function oneOf<T>(items: readonly T[], random: Random): T {
  return items[Math.floor(random() * items.length)] as T;
}
