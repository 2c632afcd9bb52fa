/**
 * What upstream itself said of a row when it changed, by an event: what is read later may lag behind that.
 *
 * A lagging row is told by its version alone, so only rows with versions can be told.
 */

/** What a row must have come to. Versions compare with `<`. */
export type Said = {
  /** `there` and `gone` are what was said last; after an update the row may have gone since, so it may be `either`. */
  is: 'there' | 'gone' | 'either';
  /** The version that the row had then; undefined when nothing was said of it. */
  version: string | undefined;
};

/** A row as it was read: undefined versions say nothing. */
export type Seen = { isThere: boolean; version: string | undefined };

/** Whether what was read is from before what upstream said. */
export function isBehind({ isThere, version }: Seen, said: Said): boolean {
  if (!isThere) return said.is === 'there';
  const isKnown = version !== undefined && said.version !== undefined;
  // One that is gone may be made anew, of a later version.
  if (said.is === 'gone') return !isKnown || (version as string) <= (said.version as string);
  return isKnown && (version as string) < (said.version as string);
}

/** The later of two words on one row; of two of the same version the second. */
export function laterSaid(a: Said | undefined, b: Said): Said {
  if (a?.version === undefined || b.version === undefined) return b;
  return b.version < a.version ? a : b;
}
