/**
 * `Cache-Status` (RFC 9211): one member that tells of the worst part of the answer.
 *
 *   hit, negative < stale < coalesced < miss < stale_if_error < failed
 *
 * A miss is worse than a coalesced one, so `collapsed` is said only of an answer that made no read of its own. Of equal
 * parts, one not stored is worse, then the one with the smallest ttl.
 */
import type { Outcome } from '../cache/outcome.ts';

const severity: Record<Outcome['kind'], number> = {
  hit: 0,
  negative: 0,
  stale: 1,
  coalesced: 2,
  miss: 3,
  stale_if_error: 4,
};

/**
 * @param failed - Error code of a part that could not be read, if any.
 * @returns The header's value; undefined when nothing was read.
 */
export function cacheStatusOf(outcomes: readonly Outcome[], failed?: string): string | undefined {
  if (failed !== undefined) return `Vitrine; fwd=miss; detail=${failed.toLowerCase()}`;
  const worst = worstOf(outcomes);
  return worst && textOf(worst);
}

function worstOf(outcomes: readonly Outcome[]): Outcome | undefined {
  let worst = outcomes[0];
  for (const outcome of outcomes) if (worst === undefined || compare(outcome, worst) > 0) worst = outcome;
  return worst;
}

function compare(a: Outcome, b: Outcome): number {
  return severity[a.kind] - severity[b.kind] || Number(b.stored) - Number(a.stored) || b.ttlMs - a.ttlMs;
}

/** A token and its parameters, of which what is true is its bare name (RFC 9651, sections 4.1.1.2 and 4.1.3). */
function textOf({ kind, ttlMs, stored }: Outcome): string {
  // Down, so that what is stale by less than a second says so too (section 2.4: negative when stale).
  const ttl = Math.floor(ttlMs / 1000);
  switch (kind) {
    case 'hit':
    case 'negative':
    case 'stale':
      return `Vitrine; hit; ttl=${ttl}`;
    case 'stale_if_error':
      return `Vitrine; hit; ttl=${ttl}; detail=stale-if-error`;
    case 'miss':
      return stored ? 'Vitrine; fwd=miss; stored' : 'Vitrine; fwd=miss';
    case 'coalesced':
      return stored ? 'Vitrine; fwd=miss; stored; collapsed' : 'Vitrine; fwd=miss; collapsed';
  }
}
