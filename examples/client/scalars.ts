/** Scalars on this side of the wire: a `DateTime` is text there, and the compiler keeps it apart from any other text. */

declare const kind: unique symbol;

/** RFC 3339, as the gateway sends it. */
export type DateTime = string & { readonly [kind]: 'DateTime' };

/** @throws {RangeError} For what is no time: then the gateway broke its schema. */
export function toDate(text: DateTime): Date {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) throw new RangeError(`Expected a DateTime, got ${JSON.stringify(text)}.`);
  return date;
}
