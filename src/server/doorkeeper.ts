/**
 * Tells what is asked for again from what is asked for once, so that the latter takes no room: a table of hashes, in
 * sets of four, in each of which what came last takes the place of what was not asked for for longest. A doorkeeper, as
 * in TinyLFU.
 *
 * @see https://arxiv.org/abs/1512.00727
 */

/** Requests remembered, of seconds or minutes: 256 kB. */
const places = 65_536;
/** Of one alone, any other request that falls there would be enough to forget what is asked for all the time. */
const ways = 4;

export class Doorkeeper {
  readonly #hashes = new Uint32Array(places);

  /** @returns Whether it was asked for before, as far as is remembered; now and then that was another. */
  knows(request: Buffer): boolean {
    const hash = hashOf(request);
    const set = (hash % (places / ways)) * ways;
    let at = set;
    while (at < set + ways - 1 && this.#hashes[at] !== hash) at++;
    const known = this.#hashes[at] === hash;
    this.#hashes.copyWithin(set + 1, set, at);
    this.#hashes[set] = hash;
    return known;
  }
}

/** FNV-1a. @see https://www.rfc-editor.org/rfc/rfc9923 */
function hashOf(bytes: Buffer): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < bytes.length; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return hash >>> 0;
}
