/** The metrics page, and what keeps its labels few. */
import type { FastifyInstance } from 'fastify';
import type { Resource } from '../data/reader.ts';
import type { Metrics } from '../telemetry/index.ts';

export function serveMetrics(
  app: FastifyInstance,
  { metrics, resources }: { metrics: Metrics; resources: readonly Resource<unknown>[] },
): void {
  app.get('/metrics', async (_request, reply) => {
    for (const resource of resources) {
      const { size, ageSeconds } = resource.status();
      metrics.snapshotItems.set({ collection: resource.collection }, size);
      if (ageSeconds !== null) metrics.snapshotAge.set({ collection: resource.collection }, ageSeconds);
    }
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });
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
