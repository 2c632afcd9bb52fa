/**
 * Batch: rows by their ids, so many of them in one request.
 *
 * The answer is a collection like any other and may be cut into pages. An id is found, not found (null), or could not be
 * read; one id's trouble is not another's.
 */
import type { Collection } from './collection.ts';
import { UpstreamError } from './errors.ts';
import { describeInvalid, type Endpoint, type Row, readRow } from './rows.ts';

export type BatchResult<T> = Map<string, Row<T> | null | UpstreamError>;

/**
 * @param ids - All different.
 * @throws {UpstreamError} When a page cannot be read, or more rows come than were asked for.
 */
export async function readBatch<T>(
  endpoint: Endpoint<T>,
  collection: Collection,
  options: { ids: readonly string[]; signal: AbortSignal },
): Promise<BatchResult<T>> {
  const { ids, signal } = options;
  const given: BatchResult<T> = new Map();
  const frontier = collection.frontier();
  /** What is said of an id that no row was read for. */
  let missing: null | UpstreamError = null;
  let rows = 0;
  for (let at = frontier.take(); at !== undefined; at = frontier.take()) {
    const page = await collection.readOrFail(at, signal);
    frontier.add(page.next);
    rows += page.rows.length;
    if (rows > ids.length) throw tooMany(endpoint, ids.length);
    for (const wire of page.rows) {
      const read = readRow(endpoint, wire);
      if (read.ok) given.set(read.row.id, read.row);
      else if (read.invalid.id === null) missing = invalidRow(endpoint, read.invalid);
      else given.set(read.invalid.id, invalidRow(endpoint, read.invalid));
    }
  }
  return new Map(ids.map((id) => [id, given.get(id) ?? missing]));
}

export function invalidRow<T>({ name }: Endpoint<T>, invalid: Parameters<typeof describeInvalid>[0]): UpstreamError {
  return new UpstreamError('UPSTREAM_INVALID', `${name}: ${describeInvalid(invalid)}`);
}

/** An API that does not know the query gives its whole collection, over and over. */
function tooMany<T>({ name }: Endpoint<T>, asked: number): UpstreamError {
  const message = `${name}: gave more rows than the ${asked} asked for by id; it may not know such queries`;
  return new UpstreamError('UPSTREAM_INVALID', message);
}
