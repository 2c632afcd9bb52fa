/** The API behind fails, hangs, is slow, changes while it is read, or does not know yet what it has told of. */
import type { EmbeddedUpstream } from '../../../src/embedded/index.ts';
import type { Deployment } from '../deployment.ts';
import type { Metrics } from '../metrics.ts';
import { ages } from '../settings.ts';
import { type Fault, type ReadySign, toUpstreamLines } from './fault.ts';

const upstreamIsDown: ReadySign = (checks) => checks.upstream?.status === 'down';
const requests = (status: string) => (metrics: Metrics) => metrics.sum('vitrine_upstream_requests_total', { status });
const drains = (outcome: string) => (metrics: Metrics) =>
  metrics.sum('vitrine_drain_duration_seconds_count', { collection: 'catalogs', outcome });

export const upstreamFaults: readonly Fault[] = [
  {
    name: 'upstream down (connections refused)',
    of: 'upstream',
    cause: toUpstreamLines((line) => line.refuse()),
    heal: toUpstreamLines((line) => line.pass()),
    upstreamFails: 'all',
    tells: { readyz: upstreamIsDown, counter: requests('network'), answer: /stale-if-error/ },
  },
  {
    name: 'upstream hangs',
    of: 'upstream',
    cause: ({ upstream }) => upstream.faults.set({ hang: true }),
    heal: (at) => at.healUpstream(),
    upstreamFails: 'all',
    lastsMs: 3_000,
    tells: { readyz: upstreamIsDown, counter: requests('timeout'), answer: /UPSTREAM_TIMEOUT|stale-if-error/ },
  },
  {
    name: 'upstream answers half of all with errors',
    of: 'upstream',
    cause: ({ upstream }) => upstream.faults.set({ errorRate: 0.5 }),
    heal: (at) => at.healUpstream(),
    upstreamFails: 'all',
    tells: { readyz: upstreamIsDown, counter: requests('503') },
  },
  {
    name: 'upstream slow, within its deadline (300 ms)',
    of: 'upstream',
    cause: ({ upstream }) => upstream.faults.set({ latencyMs: 300 }),
    heal: (at) => at.healUpstream(),
    // Two looks at a collection are 300 ms apart: one that rows come to or go from more often drifts.
    writing: { onlyRewrites: true },
    tells: { answer: /hit; ttl=-/ },
  },
  {
    name: 'upstream drifts: each page read is out of date',
    of: 'upstream',
    cause: (at) => {
      at.upstream.faults.set({ latencyMs: { value: 1, routes: ['/catalogs'] } });
      at.onPageMade = () => swapRows(at);
    },
    heal: (at) => {
      at.healUpstream();
      at.onPageMade = () => {};
    },
    upstreamFails: 'collections',
    // Until no page that was read before it may be served.
    lastsMs: ages.staleMs + 800,
    tells: {
      answer: /stale-if-error/,
      readyz: (checks) => checks.catalogs?.status === 'failed',
      counter: drains('drifted'),
    },
  },
  {
    name: 'upstream lags behind the changes it tells of (300 ms)',
    of: 'upstream',
    cause: () => {},
    heal: () => {},
    writing: { lagMs: 300 },
    tells: { counter: (metrics) => metrics.sum('vitrine_changes_total', { source: 'admin' }) },
  },
  {
    name: 'upstream lags behind itself on some routes (800 ms)',
    of: 'upstream',
    cause: ({ upstream }, { nth }) => freezeSome(upstream, nth),
    againEveryMs: 800,
    heal: (at) => at.healUpstream(),
    upstreamLagMs: 900,
    tells: { counter: (metrics) => metrics.sum('vitrine_cache_rejected_total', { reason: 'older_version' }) },
  },
];

/** From here on collections are read as they are now, or rows by themselves are; the others as they come to be. */
function freezeSome({ faults }: EmbeddedUpstream, nth: number): void {
  const routes = nth % 2 === 1 ? ['/catalogs/{id}', '/catalogs?ids'] : ['/catalogs'];
  faults.set({ freeze: { routes } });
}

/** A row goes, and another comes, so that the total stays. */
function swapRows({ catalogue }: Deployment): void {
  const [gone] = catalogue.present;
  if (gone !== undefined) catalogue.remove(gone.id);
  catalogue.put(catalogue.freshId());
}
