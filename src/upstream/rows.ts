/** Rows: from what a page holds to values, or to the reason why not. */
import { type Codec, CodecError } from '../cache/codec.ts';

/** A resource of the API. */
export type Endpoint<T> = {
  /** `catalogs`: its name in metrics, logs and errors. */
  name: string;
  /** `/catalogs`, joined onto the base URL, which may have a path of its own. */
  path: string;
  codec: Codec<T>;
  idOf(value: T): string;
  /** The query that asks for these rows; `ids=1,2,3` when absent. Another API may want `id=1&id=2`. */
  batchQuery?: (ids: readonly string[]) => string;
};

/** A row as it came: `text` is the wire text that is stored. */
export type Row<T> = { id: string; value: T; text: string };

/** A row that does not decode. Its id is null when not even that can be read. */
export type InvalidRow = { id: string | null; field: string; message: string };

export type ReadRow<T> = { ok: true; row: Row<T> } | { ok: false; invalid: InvalidRow };

export function readRow<T>({ codec, idOf }: Endpoint<T>, wire: unknown): ReadRow<T> {
  try {
    const value = codec.decode(wire);
    return { ok: true, row: { id: idOf(value), value, text: JSON.stringify(wire) } };
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    return { ok: false, invalid: { id: wireIdOf(wire), field: error.field, message: error.message } };
  }
}

/** Such as `row 42: start_date: Invalid ISO datetime`. */
export function describeInvalid({ id, field, message }: InvalidRow): string {
  return `row ${id ?? 'without a readable id'}: ${field || 'the row'}: ${message}`;
}

function wireIdOf(wire: unknown): string | null {
  if (typeof wire !== 'object' || wire === null || !('id' in wire)) return null;
  return typeof wire.id === 'string' || typeof wire.id === 'number' ? String(wire.id) : null;
}
