/**
 * Tells what is asked for again from what is asked for once, so that the latter takes no room: a table of hashes, in
 * which what came later takes the place of what came before. A doorkeeper, as in TinyLFU.
 *
 * @see https://arxiv.org/abs/1512.00727
 */

/** Requests remembered, of seconds or minutes: 256 kB. */
const slots = 65_536;
/** To the upper bits of a hash: the upper bits of what it is of go into no others. */
const slotShift = 32 - Math.log2(slots);

export class Doorkeeper {
  readonly #hashes = new Uint32Array(slots);

  /** @returns Whether it was asked for before, as far as is remembered; now and then that was another. */
  knows(request: Buffer): boolean {
    const hash = hashOf(request);
    const slot = hash >>> slotShift;
    const known = this.#hashes[slot] === hash;
    this.#hashes[slot] = hash;
    return known;
  }
}

/** FNV-1a over 32 bits at a time, which takes a fifth of the time. @see https://www.rfc-editor.org/rfc/rfc9923 */
function hashOf(bytes: Buffer): number {
  let hash = 0x811c9dc5;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) hash = Math.imul(hash ^ bytes.readInt32LE(at), 0x01000193);
  for (; at < bytes.length; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return hash >>> 0;
}
