/**
 * Freshness, declared once in the schema and derived everywhere (RFC 9111; RFC 5861 for the two stale windows).
 */
import type { Random } from './clock.ts';

/** Milliseconds; the windows follow each other: fresh, then stale while revalidating; stale if error counts from `maxAge`. */
export type Policy = { maxAgeMs: number; staleWhileRevalidateMs: number; staleIfErrorMs: number };

/** How long after its storing an entry is fresh, may be served while refreshed, and may be served on error; all in ms. */
export type Windows = { freshMs: number; staleMs: number; errorMs: number };

/** "Not found" is cached only briefly and never served stale: the row may be on its way. */
export const notFoundWindows: Windows = { freshMs: 5_000, staleMs: 5_000, errorMs: 5_000 };

/** Jitter only shortens (×0.9 to ×1), so that what was filled together does not expire together. */
export function windowsOf(policy: Policy, random: Random): Windows {
  const freshMs = Math.round(policy.maxAgeMs * (0.9 + 0.1 * random()));
  return {
    freshMs,
    staleMs: freshMs + policy.staleWhileRevalidateMs,
    errorMs: freshMs + policy.staleIfErrorMs,
  };
}

/** How long what lags behind upstream's own word is good for, in ms. */
export const behindMs = 1_000;

/** What was read right after a change, while upstream may still lag behind it: good until it has settled, no longer. */
export function settlingWindows(policy: Policy, settleMs: number): Windows {
  return briefWindows(policy, settleMs);
}

/** What upstream gave though it said itself that there is newer. */
export function behindWindows(policy: Policy): Windows {
  return briefWindows(policy, behindMs);
}

function briefWindows(policy: Policy, ms: number): Windows {
  const freshMs = Math.min(policy.maxAgeMs, ms);
  return { freshMs, staleMs: freshMs, errorMs: freshMs + policy.staleIfErrorMs };
}
