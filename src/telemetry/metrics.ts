/**
 * Every metric of the gateway, by the names that dashboards rely on. Units are seconds and bytes, as Prometheus has it.
 *
 * What several processes have counted is added up, unless a metric says otherwise here (`reports.ts`).
 */
import { type Aggregator, Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Report } from './reports.ts';
import { Tally } from './tally.ts';

const fast = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const slow = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const looks: (() => void)[] = [];
  const lookAtAll = () => {
    for (const look of looks) look();
  };
  const counter = <L extends string>(name: string, help: string, labelNames: L[], aggregator: Aggregator = 'sum') =>
    new Counter({ name: `vitrine_${name}`, help, labelNames, registers, aggregator });
  const tally = <L extends string>(name: string, help: string, labelNames: L[]) =>
    new Tally({ name: `vitrine_${name}`, help, labelNames, registers, aggregator: 'sum' });
  const gauge = <L extends string>(name: string, help: string, labelNames: L[], aggregator: Aggregator) =>
    new Gauge({ name: `vitrine_${name}`, help, labelNames, registers, aggregator });
  const histogram = <L extends string>(name: string, help: string, labelNames: L[], buckets: number[]) =>
    new Histogram({ name: `vitrine_${name}`, help, labelNames, buckets, registers });

  return {
    registry,
    /** Call once per process: event loop, heap and garbage collection. */
    collectProcessMetrics: () => collectDefaultMetrics({ register: registry }),
    /** @param look - Sets what is looked at rather than counted; called before each `page` and `report`. */
    beforeReading: (look: () => void) => void looks.push(look),
    /** As Prometheus reads it. */
    page: async (): Promise<string> => {
      lookAtAll();
      return registry.metrics();
    },
    /** As another process adds it up. */
    report: async (): Promise<Report> => {
      lookAtAll();
      return registry.getMetricsAsJSON();
    },

    cacheRequests: tally('cache_requests_total', 'Reads, by what answered them.', ['namespace', 'tier', 'outcome']),
    cacheFills: counter('cache_fills_total', 'Reads of upstream made to fill the cache.', ['namespace', 'outcome']),
    cacheFillDuration: histogram('cache_fill_duration_seconds', 'Time of a fill.', ['namespace'], slow),
    cacheRejected: counter('cache_rejected_total', 'What was found but not used, by why.', ['namespace', 'reason']),
    cacheFallbacks: counter('cache_fallbacks_total', 'Store operations that were gone on without.', [
      'namespace',
      'operation',
    ]),
    leaseWait: histogram('lease_wait_seconds', "Time spent waiting for another's fill.", ['namespace'], slow),
    changes: counter('changes_total', 'Changes made known here.', ['namespace', 'source', 'kind']),
    coherenceLag: histogram(
      'coherence_lag_seconds',
      'Time between two proofs that this process knows the whole change log.',
      [],
      slow,
    ),
    // The processes enter the same eras, each by itself.
    coherenceEras: counter('coherence_eras_total', 'Eras this process has entered.', [], 'max'),
    storeUp: gauge('store_up', '1 while the store answers within its deadline.', [], 'min'),
    storeOperationDuration: histogram(
      'store_operation_duration_seconds',
      'Time of a store operation.',
      ['operation', 'outcome'],
      fast,
    ),
    upstreamRequests: counter('upstream_requests_total', 'Requests sent upstream, retries included.', [
      'route',
      'status',
    ]),
    upstreamRequestDuration: histogram(
      'upstream_request_duration_seconds',
      'Time of a request upstream.',
      ['route'],
      slow,
    ),
    drainDuration: histogram('drain_duration_seconds', 'Time of a drain.', ['collection', 'outcome'], slow),
    snapshotItems: gauge('snapshot_items', 'Rows in the view of a collection.', ['collection'], 'max'),
    snapshotAge: gauge('snapshot_age_seconds', 'Age of the view of a collection.', ['collection'], 'max'),
    responseCache: counter('response_cache_total', 'Whole answers, by what became of them.', ['outcome']),
    graphqlOperationDuration: histogram(
      'graphql_operation_duration_seconds',
      'Time of a GraphQL operation.',
      ['operation', 'outcome'],
      slow,
    ),
  };
}
