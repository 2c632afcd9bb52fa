/**
 * What was asked of the upstream: exact counts by route, and the latest requests in full.
 *
 * A route is a path with its variable part named: `/`, `/catalogs`, `/catalogs?ids`, `/catalogs/{id}`; `unknown` is
 * anything else. A request that is redirected counts, and so does the one that follows it.
 */
import type { IncomingHttpHeaders } from 'node:http';

type LoggedRequest = {
  method: string;
  path: string;
  query: Record<string, string>;
  route: string;
  headers: IncomingHttpHeaders;
};

const keptRequests = 10_000;

export class RequestLog {
  #counts = new Map<string, number>();
  #latest: LoggedRequest[] = [];

  /** The latest 10,000, oldest first. */
  get all(): readonly LoggedRequest[] {
    return this.#latest.slice(-keptRequests);
  }

  /** How many came since the start or the last reset, on one route or all. */
  count(route?: string): number {
    if (route !== undefined) return this.#counts.get(route) ?? 0;
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** The counts of all routes asked for. */
  counts(): Record<string, number> {
    return Object.fromEntries(this.#counts);
  }

  add(request: LoggedRequest): void {
    this.#counts.set(request.route, this.count(request.route) + 1);
    this.#latest.push(request);
    // Cut in strides, so that a long run does not move the list at each request.
    if (this.#latest.length >= 2 * keptRequests) this.#latest = this.#latest.slice(-keptRequests);
  }

  reset(): void {
    this.#counts.clear();
    this.#latest = [];
  }
}
