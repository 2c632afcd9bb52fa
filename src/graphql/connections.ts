/**
 * Connections: from the arguments of a field to a page of its reader, for any resource and on any level.
 *
 * After the GraphQL Cursor Connections Specification, with two differences: a page is always bounded (20 unless asked
 * for, 100 at most), and what lies around it is always told exactly.
 */
import { CursorError, type MaybePromise, type Page, type PageQuery, type Reader } from '../data/reader.ts';
import { clientError } from './errors.ts';

export const defaultPageSize = 20;
export const maxPageSize = 100;

type Order = { field: string; direction?: 'ASC' | 'DESC' };

export type ConnectionArgs = {
  first?: number | null;
  after?: string | null;
  last?: number | null;
  before?: string | null;
  orderBy?: Order | null;
};

export type ConnectionOptions = {
  /** By the names the reader knows; `no-row` when nothing can match, as with a malformed id. */
  filter: PageQuery['filter'] | 'no-row';
  /** When the client gives none, or null. */
  defaultOrder: Order;
};

/** @throws {GraphQLError} BAD_USER_INPUT for a page size or a cursor that cannot be used. */
export function connection<T>(
  reader: Reader<T>,
  args: ConnectionArgs,
  { filter, defaultOrder }: ConnectionOptions,
): MaybePromise<Connection<T>> {
  const { field, direction = 'ASC' } = args.orderBy ?? defaultOrder;
  const window = windowOf(args);
  if (filter === 'no-row') return new Connection(emptyPage(window));
  const page = readPage(reader, { ...window, filter, order: field, direction });
  return page instanceof Promise ? page.then((read) => new Connection(read)) : new Connection(page);
}

type Window = Pick<PageQuery, 'first' | 'after' | 'last' | 'before'>;

function windowOf({ first, after, last, before }: ConnectionArgs): Window {
  if (isGiven(first) && isGiven(last)) throw clientError('BAD_USER_INPUT', 'Give `first` or `last`, not both.');
  const size = isGiven(last)
    ? { last: checkedSize('last', last) }
    : { first: checkedSize('first', first ?? defaultPageSize) };
  return { ...size, ...(isGiven(after) && { after }), ...(isGiven(before) && { before }) };
}

function checkedSize(name: string, size: number): number {
  if (size >= 0 && size <= maxPageSize) return size;
  throw clientError('BAD_USER_INPUT', `\`${name}\` is ${size}; it must be from 0 to ${maxPageSize}.`);
}

/** No cursor is ever handed out for a filter that nothing can match, so any that comes is of another filter. */
function emptyPage({ after, before }: Window): Page<never> {
  if (after !== undefined || before !== undefined) {
    throw clientError('BAD_USER_INPUT', 'The cursor does not belong to this filter.');
  }
  return { edges: [], hasNextPage: false, hasPreviousPage: false, totalCount: 0 };
}

function readPage<T>(reader: Reader<T>, query: PageQuery): MaybePromise<Page<T>> {
  try {
    const page = reader.page(query);
    return page instanceof Promise ? page.catch(refuse) : page;
  } catch (error) {
    return refuse(error);
  }
}

function refuse(error: unknown): never {
  if (error instanceof CursorError) throw clientError('BAD_USER_INPUT', error.message);
  throw error;
}

/**
 * Some of it is made when it is asked for: a cursor takes longer than the rest of its edge, and for the count see
 * `PagePart` in `src/data/journal.ts`.
 *
 * A class: an object literal with getters would keep what they refer to long after (decision 23).
 */
export class Connection<T> {
  readonly pageInfo: PageInfo<T>;
  readonly #page: Page<T>;

  constructor(page: Page<T>) {
    this.pageInfo = new PageInfo(page);
    this.#page = page;
  }

  get edges(): Page<T>['edges'] {
    return this.#page.edges;
  }

  get nodes(): T[] {
    return this.#page.edges.map((edge) => edge.node);
  }

  get totalCount(): number {
    return this.#page.totalCount;
  }
}

class PageInfo<T> {
  readonly #page: Page<T>;

  constructor(page: Page<T>) {
    this.#page = page;
  }

  get hasNextPage(): boolean {
    return this.#page.hasNextPage;
  }

  get hasPreviousPage(): boolean {
    return this.#page.hasPreviousPage;
  }

  get startCursor(): string | null {
    return this.#page.edges[0]?.cursor ?? null;
  }

  get endCursor(): string | null {
    return this.#page.edges.at(-1)?.cursor ?? null;
  }
}

function isGiven<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}
