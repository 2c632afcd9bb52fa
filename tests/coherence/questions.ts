/** What readers ask, the GraphQL of it, and what an answer to it looks like when it shows a given row. */
import type { Chance } from '../simulation/random.ts';
import { type CatalogRow, dayMs, days, firstDayMs, sellers, words } from './catalogue.ts';

const orders = ['TITLE', 'START_DATE', 'UPDATED_AT'] as const;
const statuses = ['UPCOMING', 'LIVE', 'CLOSED', 'CANCELLED'] as const;

export type Order = (typeof orders)[number];

/** Times in ms since the epoch; ids as upstream has them. */
export type Filter = {
  status?: (typeof statuses)[number][];
  sellerId?: string;
  titleContains?: string;
  startsFromMs?: number;
  startsBeforeMs?: number;
};

export type PageQuestion = {
  order: Order;
  direction: 'ASC' | 'DESC';
  filter: Filter;
  /** How many, and from which end. */
  take: { first: number } | { last: number };
  /** The last row of the page before, as that page showed it. */
  after?: { row: CatalogRow; cursor: string };
};

export type Question =
  | { kind: 'row'; id: string }
  | { kind: 'nodes'; ids: readonly string[] }
  | { kind: 'page'; page: PageQuestion };

export type ShownRow = {
  id: string;
  sourceId: string;
  title: string;
  status: string;
  startDate: string;
  endDate: string | null;
  location: string | null;
  lotCount: number;
  updatedAt: string;
  seller: { sourceId: string; name: string } | null;
};

export type ShownPage = {
  totalCount: number;
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null };
  edges: { cursor: string; node: ShownRow }[];
};

// ── Documents ───────────────────────────────────────────────────────────────────────────────────────────────────────

const fields = 'id sourceId title status startDate endDate location lotCount updatedAt seller { sourceId name }';

const documents = {
  row: `query Row($id: ID!) { catalog(id: $id) { ${fields} } }`,
  nodes: `query Nodes($ids: [ID!]!) { nodes(ids: $ids) { ... on Catalog { ${fields} } } }`,
  page: `query Page($first: Int, $last: Int, $after: String, $filter: CatalogFilter, $orderBy: CatalogOrder) {
    catalogs(first: $first, last: $last, after: $after, filter: $filter, orderBy: $orderBy) {
      totalCount
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      edges { cursor node { ${fields} } } } }`,
};

export function documentOf(question: Question): { query: string; variables: Record<string, unknown> } {
  const query = documents[question.kind];
  switch (question.kind) {
    case 'row':
      return { query, variables: { id: globalId('Catalog', question.id) } };
    case 'nodes':
      return { query, variables: { ids: question.ids.map((id) => globalId('Catalog', id)) } };
    case 'page':
      return { query, variables: pageVariables(question.page) };
  }
}

function pageVariables({ order, direction, filter, take, after }: PageQuestion): Record<string, unknown> {
  const { status, sellerId, titleContains, startsFromMs, startsBeforeMs } = filter;
  return {
    ...take,
    ...(after && { after: after.cursor }),
    orderBy: { field: order, direction },
    filter: {
      ...(status && { status }),
      ...(sellerId && { sellerId: globalId('Seller', sellerId) }),
      ...(titleContains && { titleContains }),
      ...(startsFromMs !== undefined && { startsFrom: timeOf(startsFromMs) }),
      ...(startsBeforeMs !== undefined && { startsBefore: timeOf(startsBeforeMs) }),
    },
  };
}

function globalId(type: 'Catalog' | 'Seller', id: string): string {
  return Buffer.from(`${type}:${id}`).toString('base64url');
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

/** A row as an answer shows it. */
export function shownOf(row: CatalogRow): ShownRow {
  const seller = sellers.find(({ id }) => id === row.seller_id);
  return {
    id: globalId('Catalog', row.id),
    sourceId: row.id,
    title: row.title,
    status: row.status.toUpperCase(),
    startDate: row.start_date,
    endDate: row.end_date,
    location: row.location,
    lotCount: row.lot_count,
    updatedAt: row.updated_at,
    seller: seller ? { sourceId: seller.id, name: seller.name } : null,
  };
}

// ── Chance ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** @param ids - Of rows that are or were there. */
export function anyQuestion(chance: Chance, ids: readonly string[]): Question {
  switch (chance.weighted({ row: 5, nodes: 2, page: 5, whole: 1 })) {
    case 'row':
      return { kind: 'row', id: chance.pick(ids) };
    case 'nodes':
      return { kind: 'nodes', ids: [...new Set(Array.from({ length: chance.between(2, 6) }, () => chance.pick(ids)))] };
    case 'page':
      return { kind: 'page', page: { ...anySequence(chance), filter: anyFilter(chance), take: anyEnd(chance) } };
    case 'whole':
      return { kind: 'page', page: { ...anySequence(chance), filter: {}, take: { first: 100 } } };
  }
}

function anySequence(chance: Chance): Pick<PageQuestion, 'order' | 'direction'> {
  return { order: chance.pick(orders), direction: chance.is(0.5) ? 'ASC' : 'DESC' };
}

function anyEnd(chance: Chance): PageQuestion['take'] {
  return chance.is(0.7) ? { first: 10 } : { last: 10 };
}

function anyFilter(chance: Chance): Filter {
  const startMs = firstDayMs + chance.between(0, days - 1) * dayMs;
  switch (chance.weighted({ none: 4, status: 2, sellerId: 2, titleContains: 2, starts: 2 })) {
    case 'none':
      return {};
    case 'status':
      return { status: [...new Set([chance.pick(statuses), chance.pick(statuses)])] };
    case 'sellerId':
      return { sellerId: chance.pick(sellers).id };
    case 'titleContains':
      return { titleContains: chance.pick(words) };
    case 'starts':
      return { startsFromMs: startMs, startsBeforeMs: startMs + chance.between(2, 8) * dayMs };
  }
}
