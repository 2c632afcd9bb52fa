/**
 * Keyset cursors: where a row stands in an order, as opaque text.
 *
 *   base64url(JSON [version, order, direction, sort key, id, hash of the filter])
 *
 * A cursor holds over snapshots and releases, and its row need not exist any more.
 */
import type { Place, SortKey } from './order.ts';
import { CursorError } from './reader.ts';

const version = 1;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What a cursor is bound to. */
export type Sequence = { order: string; direction: 'ASC' | 'DESC'; filterHash: string };

export function encodeCursor({ order, direction, filterHash }: Sequence, { key, id }: Place): string {
  return Buffer.from(JSON.stringify([version, order, direction, key, id, filterHash])).toString('base64url');
}

/** @throws {CursorError} When it does not decode, or is of another order, direction or filter. */
export function decodeCursor(cursor: string, sequence: Sequence, keyKind: 'number' | 'string' | undefined): Place {
  const fields = parse(cursor);
  if (fields === undefined) throw new CursorError('The cursor is not one of this API.');
  const [, order, direction, key, id, hash] = fields;
  if (order !== sequence.order || direction !== sequence.direction) {
    throw new CursorError(
      `The cursor is of the order ${order} ${direction}, not ${sequence.order} ${sequence.direction}.`,
    );
  }
  if (hash !== sequence.filterHash) throw new CursorError('The cursor is of another filter.');
  if (keyKind !== undefined && typeof key !== keyKind) throw new CursorError('The cursor is not one of this API.');
  return { key, id };
}

type Fields = [version: number, order: string, direction: string, key: SortKey, id: string, filterHash: string];

function parse(cursor: string): Fields | undefined {
  const bytes = Buffer.from(cursor, 'base64url');
  // Node skips what is not base64url; only the canonical text is a cursor.
  if (bytes.toString('base64url') !== cursor) return undefined;
  try {
    const fields: unknown = JSON.parse(utf8.decode(bytes));
    return isFields(fields) ? fields : undefined;
  } catch {
    return undefined;
  }
}

function isFields(fields: unknown): fields is Fields {
  if (!Array.isArray(fields) || fields.length !== 6 || fields[0] !== version) return false;
  const [, order, direction, key, id, hash] = fields;
  const texts = [order, direction, id, hash].every((field) => typeof field === 'string');
  return texts && (typeof key === 'string' || Number.isFinite(key));
}
