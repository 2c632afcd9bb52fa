/**
 * What other caches may do with an answer: `Cache-Control` (RFC 9111, RFC 5861) and `Age`.
 *
 * The policy of the answer comes from the schema. It is cut short when a part was good for less than its policy: a row
 * not found, or one read right after a change. Jitter alone (down to 0.9 of the policy) does not count as less.
 */
import type { Outcome } from '../cache/outcome.ts';
import type { AnswerPolicy } from '../graphql/index.ts';

export const noStore = 'private, no-store';

/** Of answers that are good for as long as their policy says, which a compiled operation has one of. */
const wholeDirectives = new WeakMap<AnswerPolicy, string>();

export type CacheHeaders = { 'cache-control': string; age?: string };

/** @param policy - Undefined when nothing was read or the answer has an error. */
export function cacheHeadersOf(policy: AnswerPolicy | undefined, outcomes: readonly Outcome[]): CacheHeaders {
  if (policy === undefined || policy.maxAgeMs <= 0) return { 'cache-control': noStore };
  if (policy.scope === 'PRIVATE') return { 'cache-control': directives({ private: true, 'max-age': policy.maxAgeMs }) };

  const ageMs = outcomes.reduce((oldestMs, outcome) => Math.max(oldestMs, outcome.ageMs), 0);
  return { 'cache-control': publicDirectives(policy, outcomes), age: wholeSeconds(ageMs) };
}

function publicDirectives(policy: AnswerPolicy, outcomes: readonly Outcome[]): string {
  const lifetimeMs = outcomes.reduce((shortestMs, { ageMs, ttlMs }) => Math.min(shortestMs, ageMs + ttlMs), Infinity);
  if (lifetimeMs < 0.9 * policy.maxAgeMs) return directives({ public: true, 'max-age': lifetimeMs });
  let whole = wholeDirectives.get(policy);
  if (whole === undefined) {
    whole = directives({
      public: true,
      'max-age': policy.maxAgeMs,
      'stale-while-revalidate': policy.staleWhileRevalidateMs,
      'stale-if-error': policy.staleIfErrorMs,
    });
    wholeDirectives.set(policy, whole);
  }
  return whole;
}

/** Times in ms. A window of 0 is none. */
function directives(parts: Record<string, true | number>): string {
  return Object.entries(parts)
    .filter(([name, value]) => name === 'max-age' || value !== 0)
    .map(([name, value]) => (value === true ? name : `${name}=${wholeSeconds(value)}`))
    .join(', ');
}

function wholeSeconds(ms: number): string {
  return String(Math.max(0, Math.floor(ms / 1000)));
}
