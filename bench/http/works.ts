/** The work that servers are measured by. Q1 to Q3 are of the public graphql-benchmarks, in the schema of `examples/posts/`. */

import { type Random, seededRandom } from '../../src/embedded/random.ts';
import { encodeNodeId } from '../../src/graphql/node-id.ts';
import { mixedRequests } from './mix.ts';
import type { DataName } from './upstreams.ts';

export type Work = {
  name: string;
  title: string;
  data: DataName;
  /** Bodies of POST requests, sent in this order and then again from the start. One alone: its answer never changes. */
  requests: () => readonly string[];
  /** What others could not answer, or not be told of. */
  isForVitrineAlone?: true;
};

/** More than any server answers while it is measured, so that none is asked for twice. */
const manyIds = 100_000;
const catalogFields = 'id title status startDate endDate location lotCount';
const sellerFields = 'seller { id name country }';

export const works: readonly Work[] = [
  {
    name: 'Q1',
    title: '100 posts with their users',
    data: 'posts',
    requests: only('{ posts(first: 100) { nodes { id sourceId title body author { name username } } } }'),
  },
  {
    name: 'Q2',
    title: 'ten users',
    data: 'posts',
    requests: only('{ users(first: 10) { nodes { id name username website } } }'),
  },
  { name: 'Q3', title: '`{ greet }`', data: 'posts', requests: only('{ greet }') },
  {
    name: 'Q4',
    title: 'a connection of 20 catalogs with their sellers',
    data: 'catalogs',
    requests: only(
      '{ catalogs(first: 20) { totalCount pageInfo { hasNextPage endCursor } nodes { id title status startDate endDate lotCount seller { name country } } } }',
    ),
  },
  {
    name: 'Q5',
    title: 'one node by its id, another each time',
    data: 'many catalogs',
    requests: () => {
      const query = `query Node($id: ID!) { node(id: $id) { id ... on Catalog { ${catalogFields} } } }`;
      return shuffled(catalogIds(manyIds), seededRandom(5)).map((id) => bodyOf(query, { id }));
    },
  },
  {
    name: 'Q6',
    title: 'five nodes with their sellers, others each time',
    data: 'many catalogs',
    requests: () => {
      const query = `query Nodes($ids: [ID!]!) { nodes(ids: $ids) { id ... on Catalog { ${catalogFields} ${sellerFields} } } }`;
      const random = seededRandom(6);
      const ids = catalogIds(manyIds);
      const five = () => Array.from({ length: 5 }, () => ids[Math.floor(random() * ids.length)]);
      return Array.from({ length: manyIds }, () => bodyOf(query, { ids: five() }));
    },
  },
  {
    name: 'Q7',
    title: 'a mix of 200 documents, some of them and of their variables far more often than others',
    data: 'catalogs',
    requests: () => mixedRequests({ requests: 50_000, random: seededRandom(7) }),
  },
];

function bodyOf(query: string, variables?: object): string {
  return JSON.stringify({ query, ...(variables && { variables }) });
}

function only(query: string): () => readonly string[] {
  return () => [bodyOf(query)];
}

function catalogIds(count: number): string[] {
  return Array.from({ length: count }, (_, index) => encodeNodeId('Catalog', String(index + 1)));
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const mixed = [...items];
  for (let last = mixed.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [mixed[last], mixed[other]] = [mixed[other] as T, mixed[last] as T];
  }
  return mixed;
}
