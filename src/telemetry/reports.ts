/**
 * The metrics of several processes as one page.
 *
 * Each tells what it has counted; sums are taken, or what a metric's `aggregator` says. What a process that is gone had
 * counted stays counted: a sum that falls looks to Prometheus like a process that began anew, and all that the others
 * have ever counted like an increase.
 */
import { AggregatorRegistry, type Registry } from 'prom-client';

/** What one process has counted and measured. */
export type Report = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

/** These only ever rise; what a gauge showed is over with its process. */
const kept = new Set(['counter', 'histogram', 'summary']);

export class Reports {
  readonly #latest = new Map<number, Report>();
  #gone: Report = [];

  /** @param process - By its id, which no other process has while this one lives. */
  put(process: number, report: Report): void {
    this.#latest.set(process, report);
  }

  /** What it told last is all that is known of what it counted. */
  retire(process: number): void {
    const last = this.#latest.get(process) ?? [];
    this.#latest.delete(process);
    this.#gone = merge([this.#gone, last.filter(({ type }) => kept.has(String(type)))]).getMetricsAsArray() as Report;
  }

  page(): Promise<string> {
    return merge([this.#gone, ...this.#latest.values()]).metrics();
  }
}

function merge(reports: Report[]): Registry {
  return AggregatorRegistry.aggregate(reports);
}
