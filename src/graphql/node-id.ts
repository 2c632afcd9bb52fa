/**
 * Global ids: base64url of `Catalog:42` (RFC 4648, section 5, without padding).
 *
 * One object has exactly one global id, so only the canonical form is read: caches key on it. Of what it is made of, no
 * six bits come to `-` or `_`, nor to `+` or `/`, so that `btoa` writes it and `atob` reads it, several times as fast as
 * a `Buffer` does.
 */

const shape = /^([A-Za-z_][A-Za-z0-9_]*):([A-Za-z0-9_-]{1,64})$/;
const digits = /^[A-Za-z0-9]+$/;

export type NodeId = { type: string; id: string };

/** @param id - The API's own: letters, digits, `_` and `-`. */
export function encodeNodeId(type: string, id: string): string {
  const padded = btoa(`${type}:${id}`);
  const end = padded.indexOf('=', padded.length - 2);
  return end === -1 ? padded : padded.slice(0, end);
}

/** @returns Null when the text is no global id; whether the type exists is for the caller to know. */
export function decodeNodeId(text: string): NodeId | null {
  // So many digits are of no bytes, which `atob` would throw at.
  if (!digits.test(text) || text.length % 4 === 1) return null;
  const [, type, id] = shape.exec(atob(text)) ?? [];
  // The last digit may have bits that are of no byte; encoding again finds out.
  return type && id && encodeNodeId(type, id) === text ? { type, id } : null;
}

/** @returns The API's own id, or null when the text is no global id of this type. */
export function sourceIdOf(type: string, text: string): string | null {
  const node = decodeNodeId(text);
  return node?.type === type ? node.id : null;
}
