/** The work that servers are measured by. Q1 to Q3 are of the public graphql-benchmarks, in the schema of `examples/posts/`. */

import { type Random, seededRandom } from '../../src/embedded/random.ts';
import { encodeNodeId } from '../../src/graphql/node-id.ts';
import { mixedRequests } from './mix.ts';
import { pagesByFilter, pagesByOrder, pagesByText } from './pages.ts';
import { catalogCounts, type DataName } from './upstreams.ts';

export type Work = {
  name: string;
  title: string;
  data: DataName;
  /** Bodies of POST requests, sent in this order and then again from the start. One alone: its answer never changes. */
  requests: () => readonly string[];
  /** No request may come twice: what was answered to it might be kept. */
  isDistinct?: true;
  /**
   * Sent before it is measured, instead of for so long: of a mix the more is kept the more was asked for, and what is
   * compared has to stand at the same place of it.
   */
  warmRequests?: number;
  /** At once, where it is fewer than usual: what is not answered when the time is over holds up who is measured next. */
  connections?: number;
  /** The name of the work that it is held against: where both are measured, the same server does them by turns. */
  turnsWith?: string;
  /** How many rows change meanwhile, of which Vitrine is told. */
  changesPerSecond?: number;
  /** Each request is of somebody else. */
  isAuthorized?: true;
  /** What others could not answer, or not be told of. */
  isForVitrineAlone?: true;
};

/** Together with so many names of the operation, more than a server answers in the usual time of a measurement. */
const manyIds = 100_000;
const manyNames = 5;
/** The same: in a list that begins anew, what is asked for once comes again, and the faster server finds it kept. */
const mixLength = 300_000;
const warmRequests = 60_000;
const catalogFields = 'id title status startDate endDate location lotCount';
const sellerFields = 'seller { id name country }';

const pageQuery =
  '{ catalogs(first: 20) { totalCount pageInfo { hasNextPage endCursor } nodes { id title status startDate endDate lotCount seller { name country } } } }';
const changesPerSecond = 50;

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
    requests: only(pageQuery),
  },
  {
    name: 'Q5',
    title: 'one node by its id, another each time',
    data: 'many catalogs',
    isDistinct: true,
    requests: () => {
      const query = (name: number) =>
        `query Node${name}($id: ID!) { node(id: $id) { id ... on Catalog { ${catalogFields} } } }`;
      const ids = shuffled(catalogIds(manyIds), seededRandom(5));
      return Array.from({ length: manyNames }, (_, name) => ids.map((id) => bodyOf(query(name), { id }))).flat();
    },
  },
  {
    name: 'Q6',
    title: 'five nodes with their sellers, others each time',
    data: 'many catalogs',
    isDistinct: true,
    requests: () => {
      const query = `query Nodes($ids: [ID!]!) { nodes(ids: $ids) { id ... on Catalog { ${catalogFields} ${sellerFields} } } }`;
      const random = seededRandom(6);
      const ids = catalogIds(manyIds);
      const five = () => Array.from({ length: 5 }, () => ids[Math.floor(random() * ids.length)]);
      return Array.from({ length: mixLength }, () => bodyOf(query, { ids: five() }));
    },
  },
  {
    name: 'Q7',
    title: 'a mix of 200 documents, some of them and of their variables far more often than others',
    data: 'catalogs',
    requests: mixOf('catalogs'),
    warmRequests,
  },
  {
    name: 'Q8',
    title: 'Q7 with 50 changes a second, of any row',
    data: 'catalogs',
    requests: mixOf('catalogs'),
    warmRequests,
    turnsWith: 'Q7',
    changesPerSecond,
    isForVitrineAlone: true,
  },
  {
    name: 'Q7-100k',
    title: 'the mix of Q7 over 100,000 catalogs',
    data: 'many catalogs',
    requests: mixOf('many catalogs'),
    warmRequests,
    isForVitrineAlone: true,
  },
  {
    name: 'Q8-100k',
    title: 'the same with 50 changes a second, of any row',
    data: 'many catalogs',
    requests: mixOf('many catalogs'),
    warmRequests,
    turnsWith: 'Q7-100k',
    changesPerSecond,
    isForVitrineAlone: true,
  },
  {
    name: 'Q9',
    title: 'Q4 with another `authorization` in each request',
    data: 'catalogs',
    requests: only(pageQuery),
    isAuthorized: true,
  },
  ...(['few catalogs', 'many catalogs'] as const).flatMap(sizedWorks),
];

/** Q11: what should not take longer where there is more, and what must. */
function sizedWorks(data: 'few catalogs' | 'many catalogs'): Work[] {
  const [suffix, count] = data === 'few catalogs' ? ['1k', '1,000'] : ['100k', '100,000'];
  const work = (name: string, title: string, pages: (random: Random) => string[], own?: Partial<Work>): Work => ({
    name: `Q11-${name}-${suffix}`,
    title: `${title}, of ${count} catalogs`,
    data,
    requests: () => pages(seededRandom(11)),
    isDistinct: true,
    isForVitrineAlone: true,
    ...(data === 'many catalogs' && { turnsWith: `Q11-${name}-1k` }),
    ...own,
  });
  return [
    work('order', 'pages by an order, each from another place', pagesByOrder),
    work('filter', 'pages by a filter that is used again and again', pagesByFilter),
    work('text', 'pages by a text that nobody has asked for before, four at once', pagesByText, { connections: 4 }),
  ];
}

function mixOf(data: 'catalogs' | 'many catalogs'): () => readonly string[] {
  return () => mixedRequests({ requests: mixLength, catalogs: catalogCounts[data], random: seededRandom(7) });
}

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
