/** The metrics page, and what keeps its labels few. */
import type { FastifyInstance } from 'fastify';
import type { Resource } from '../data/reader.ts';
import type { Metrics, Telemetry } from '../telemetry/index.ts';
import { sendProblem } from './problems.ts';

/** Undefined when another process that belongs on it did not tell in time. */
export type MetricsPage = () => Promise<string | undefined>;

type Options = { telemetry: Telemetry; resources: readonly Resource<unknown>[]; metricsPage?: MetricsPage };

export function serveMetrics(app: FastifyInstance, { telemetry, resources, metricsPage }: Options): void {
  const { metrics } = telemetry;
  metrics.beforeReading(() => lookAt(resources, metrics));
  const read = metricsPage ?? metrics.page;
  app.get('/metrics', async (_request, reply) => {
    const page = await read();
    if (page !== undefined) return reply.type(metrics.registry.contentType).send(page);
    return sendProblem(reply, { status: 503, detail: 'Not every worker told its metrics in time.' });
  });
}

function lookAt(resources: readonly Resource<unknown>[], metrics: Metrics): void {
  for (const resource of resources) {
    const { size, ageSeconds } = resource.status();
    metrics.snapshotItems.set({ collection: resource.collection }, size);
    if (ageSeconds !== null) metrics.snapshotAge.set({ collection: resource.collection }, ageSeconds);
  }
}

/** Names that clients choose, as label values: a client that makes up names must not make up time series. */
export class OperationNames {
  readonly #seen = new Set<string>();
  readonly #max: number;

  constructor(max = 200) {
    this.#max = max;
  }

  /** @returns The name; `anonymous` without one; `other` when it is no plain name or one too many. */
  label(name: string | null | undefined): string {
    if (!name) return 'anonymous';
    if (this.#seen.has(name)) return name;
    if (this.#seen.size >= this.#max || !/^[A-Za-z0-9_]{1,64}$/.test(name)) return 'other';
    this.#seen.add(name);
    return name;
  }
}
