/**
 * Global ids: base64url of `Catalog:42` (RFC 4648, section 5, without padding).
 *
 * One object has exactly one global id, so only the canonical form is read: caches key on it.
 */

const shape = /^([A-Za-z_][A-Za-z0-9_]*):([A-Za-z0-9_-]{1,64})$/;

export type NodeId = { type: string; id: string };

/** @param id - The API's own. */
export function encodeNodeId(type: string, id: string): string {
  return Buffer.from(`${type}:${id}`).toString('base64url');
}

/** @returns Null when the text is no global id; whether the type exists is for the caller to know. */
export function decodeNodeId(text: string): NodeId | null {
  const [, type, id] = shape.exec(Buffer.from(text, 'base64url').toString()) ?? [];
  // Buffer skips what is not base64url; encoding again finds out.
  return type && id && encodeNodeId(type, id) === text ? { type, id } : null;
}

/** @returns The API's own id, or null when the text is no global id of this type. */
export function sourceIdOf(type: string, text: string): string | null {
  const node = decodeNodeId(text);
  return node?.type === type ? node.id : null;
}
