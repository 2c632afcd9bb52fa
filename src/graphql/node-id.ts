/**
 * Global ids: base64url of `Catalog:42` (RFC 4648, section 5, without padding).
 *
 * One object has exactly one global id, so only the canonical form is read: caches key on it. Of what it is made of, no
 * six bits come to `-` or `_`, nor to `+` or `/`, so that `btoa` writes it and `atob` reads it, several times as fast as
 * a `Buffer` does.
 */

const shape = /^[A-Za-z_][A-Za-z0-9_]*:[A-Za-z0-9_-]{1,64}$/;
/** Digits by fours, and what may be left over: of one byte or two, no bit of the last digit set that is of neither. */
const digits = /^(?:[A-Za-z0-9]{4})*(?:[A-Za-z0-9][AQgw]|[A-Za-z0-9]{2}[AEIMQUYcgkosw048])?$/;

export type NodeId = { type: string; id: string };

/** @param id - The API's own: letters, digits, `_` and `-`. */
export function encodeNodeId(type: string, id: string): string {
  const padded = btoa(`${type}:${id}`);
  const end = padded.indexOf('=', padded.length - 2);
  return end === -1 ? padded : padded.slice(0, end);
}

/** @returns Null when the text is no global id; whether the type exists is for the caller to know. */
export function decodeNodeId(text: string): NodeId | null {
  if (!digits.test(text)) return null;
  const decoded = atob(text);
  if (!shape.test(decoded)) return null;
  const end = decoded.indexOf(':');
  return { type: decoded.slice(0, end), id: decoded.slice(end + 1) };
}

/** @returns The API's own id, or null when the text is no global id of this type. */
export function sourceIdOf(type: string, text: string): string | null {
  const node = decodeNodeId(text);
  return node?.type === type ? node.id : null;
}
