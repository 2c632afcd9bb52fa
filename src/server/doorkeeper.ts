/**
 * Tells what is asked for again from what is asked for once, so that the latter takes no room: a table of hashes, in
 * which what came later takes the place of what came before. A doorkeeper, as in TinyLFU.
 *
 * @see https://arxiv.org/abs/1512.00727
 */

/** Requests remembered, of seconds or minutes: 256 kB. */
const slots = 65_536;

export class Doorkeeper {
  readonly #hashes = new Uint32Array(slots);

  /** @returns Whether it was asked for before, as far as is remembered; now and then that was another. */
  knows(request: Buffer): boolean {
    const hash = hashOf(request);
    const slot = hash % slots;
    const known = this.#hashes[slot] === hash;
    this.#hashes[slot] = hash;
    return known;
  }
}

/** FNV-1a. @see https://www.rfc-editor.org/rfc/rfc9923 */
function hashOf(bytes: Buffer): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < bytes.length; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return hash >>> 0;
}
