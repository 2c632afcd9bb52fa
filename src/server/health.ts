/**
 * Liveness and readiness.
 *
 *   unready   shutting down, or a collection has nothing to serve yet
 *   degraded  upstream or Redis is down, changes come late, a drain failed, or rows are quarantined: answers go on
 *   ok        all else; a stale collection is being refreshed
 */
import type { FastifyInstance } from 'fastify';
import type { CollectionStatus, Resource } from '../data/reader.ts';

/** What this process knows of the change log and Redis. */
export type Coherence = {
  redis: 'off' | 'ok' | 'down';
  status: 'ok' | 'behind' | 'degraded';
  /** Since the last proof that every change is known. */
  lagMs: number;
  scope: 'process' | 'cluster';
};

export type HealthSources = {
  resources: readonly Resource<unknown>[];
  upstream: { status(): 'ok' | 'down' };
  coherence: () => Coherence;
  isClosing: () => boolean;
};

type Readiness = { status: 'ok' | 'degraded' | 'unready'; checks: Record<string, object> };

export function serveHealth(app: FastifyInstance, sources: HealthSources): void {
  app.get('/livez', () => ({ status: 'ok' }));
  app.get('/readyz', (_request, reply) => {
    const readiness = readinessOf(sources);
    // Nobody is sent to a process that is not ready, so it is who asks for readiness that makes it try again.
    for (const resource of sources.resources) if (hasNothingToServe(resource.status())) resource.warm();
    return reply.code(readiness.status === 'unready' ? 503 : 200).send(readiness);
  });
}

function readinessOf({ resources, upstream, coherence, isClosing }: HealthSources): Readiness {
  const collections = resources.map((resource) => [resource.collection, resource.status()] as const);
  const { redis, status, lagMs } = coherence();
  const reads = upstream.status();
  const states = collections.map(([, state]) => state);

  const unready = isClosing() || states.some(hasNothingToServe);
  const degraded = reads === 'down' || redis === 'down' || status !== 'ok' || states.some(isImpaired);
  return {
    status: unready ? 'unready' : degraded ? 'degraded' : 'ok',
    checks: {
      upstream: { status: reads },
      redis: { status: redis },
      coherence: { status, lagMs: Math.round(Math.min(lagMs, Number.MAX_SAFE_INTEGER)) },
      ...Object.fromEntries(
        collections.map(([collection, state]) => {
          const { status, size, ageSeconds, quarantined } = state;
          return [collection, { status, size, ageSeconds, quarantined }];
        }),
      ),
    },
  };
}

function hasNothingToServe({ status, size, ageSeconds }: CollectionStatus): boolean {
  return status === 'empty' || (size === 0 && (status === 'failed' || ageSeconds === null));
}

function isImpaired({ status, quarantined }: CollectionStatus): boolean {
  return status === 'failed' || quarantined > 0;
}
