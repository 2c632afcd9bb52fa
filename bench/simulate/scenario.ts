/** The deployments that are drawn, and what each part of one can bear. */
import type { Deployment, Limits } from './model.ts';

/** As the schema and the settings have it by default. */
export const usual: Omit<Deployment, 'replicas' | 'rows' | 'changes'> = {
  requestsPerReplica: 200,
  keptShare: 0.8,
  rowShare: 0.2,
  orders: 2,
  maxAgeSeconds: 60,
  staleWhileRevalidateSeconds: 600,
  staleIfErrorSeconds: 86_400,
  coherenceMs: 1_000,
  horizonSeconds: 3_900,
  upstreamPageRows: 500,
  upstreamConcurrency: 4,
  upstreamPageMs: 50,
  redisLinkBytesPerSecond: 125e6,
};

const changesOfRowPerDay = 1;

/** Each catalog changes once a day. */
export function deploymentOf(replicas: number, rows: number): Deployment {
  return { ...usual, replicas, rows, changes: (rows * changesOfRowPerDay) / 86_400 };
}

export const limits: Limits = {
  replicaBytes: 4 * 1_024 ** 3,
  replicaCpu: 1,
  redisCpu: 1,
  redisBytesPerSecond: usual.redisLinkBytesPerSecond,
  /** `drainDeadlineMs`. */
  drainSeconds: 120,
  drainedStale: 1,
  /** `REDIS_TIMEOUT_MS`. */
  loadRoundMs: 250,
  /** `COHERENCE_MS`: a process that stands still for longer is not trusted by itself. */
  standstillMs: 1_000,
};
