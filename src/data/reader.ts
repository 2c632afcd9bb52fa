/** What the rooms above read the data through: one reader per resource and request. */
import type { ReadRequest } from '../cache/outcome.ts';
import type { Part } from './journal.ts';

/** A page asked for: `first` after a cursor, or `last` before one; exactly one of the two is set. */
export type PageQuery = {
  first?: number | undefined;
  after?: string | undefined;
  last?: number | undefined;
  before?: string | undefined;
  /** By the names of the resource's filters; null, `[]` and `''` mean no restriction. */
  filter?: Readonly<Record<string, unknown>> | undefined;
  order: string;
  direction: 'ASC' | 'DESC';
};

/** What a read needs to know of the request it serves, and is told of: what its answer is made of. */
export type Reading = ReadRequest & { touch?(part: Part): void };

/** Rows in order, and what lies around them. All of it is of one moment. */
export type Page<T> = {
  edges: { readonly cursor: string; readonly node: T }[];
  hasNextPage: boolean;
  hasPreviousPage: boolean;
  /** Rows of the filtered set. */
  totalCount: number;
};

/** At once where it is held; else once it is there. */
export type MaybePromise<T> = T | Promise<T>;

export interface Reader<T> {
  /**
   * @param id - The API's own; one that no row can have gives null.
   * @returns Null when upstream has no such row. Loads of one tick that are to be read are read in one batch; a row read
   *   once stays the same for the request.
   */
  load(id: string): MaybePromise<T | null>;
  /** @throws {CursorError} For a cursor that is not one, or of another order or filter. */
  page(query: PageQuery): MaybePromise<Page<T>>;
}

/** A cursor that cannot be used; the message says why, for the client. */
export class CursorError extends Error {
  override readonly name = 'CursorError';
}

/** The state of a collection, as `/readyz` tells it. */
export type CollectionStatus = {
  status: 'empty' | 'filling' | 'fresh' | 'stale' | 'failed';
  size: number;
  /** Null while nothing was read yet. */
  ageSeconds: number | null;
  quarantined: number;
};

/** What an invalidation by id or of all did. */
export type InvalidationResult = {
  ids: number;
  /** Read anew and stored. */
  refreshed: number;
  /** Upstream has no such row. */
  missing: number;
  scope: 'process' | 'cluster';
  /** Of the change log: whoever has applied it serves nothing older. A request that carries it waits for that. */
  position: string;
  /** Redis is configured but away: applied here, told to the others when it is back. */
  deferred: boolean;
  /** Applied and told to all, but fewer replicas of Redis have it than are asked for. */
  tooFewReplicas: boolean;
};

/** What upstream says of one of its rows. */
export type ChangeEvent = {
  kind: 'created' | 'updated' | 'deleted';
  id: string;
  /** RFC 3339 with an offset: what `updated_at` was then. Without it nothing tells whether what is read lags behind. */
  updatedAt?: string | undefined;
};

/** A resource of the gateway, as operators act on it. */
export interface Resource<T> {
  /** Namespace of its entities: `catalog`. */
  readonly name: string;
  /** `catalogs`. */
  readonly collection: string;
  /** GraphQL type: `Catalog`. */
  readonly type: string;
  reader(request: Reading): Reader<T>;
  /** Whether pages can be told from what is held alone: nothing is known to have changed that is not read yet. */
  isSettled(): boolean;
  status(): CollectionStatus;
  /** Begins to read the collection if there is nothing to serve, unless it is being read or just could not be. */
  warm(): void;
  /** Reads these ids anew; with `purge` nothing older is served again, not even on error. */
  invalidate(ids: readonly string[], options: { purge: boolean; source: string }): Promise<InvalidationResult>;
  /** Reads the rows of these events anew, and again where upstream lags behind its own word. */
  tell(events: readonly ChangeEvent[], options: { source: string }): Promise<InvalidationResult>;
  /** Reads the whole collection anew. */
  reset(options: { purge: boolean; source: string }): Promise<InvalidationResult>;
}
