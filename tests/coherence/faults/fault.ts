/**
 * What a fault is: how it comes and goes, and what must tell an operator of it.
 *
 * Where nothing is said, every request is owed its right answer throughout: a Redis that fails costs time and upstream
 * reads, and no answer. Only while upstream cannot be read may there be coded errors, and what is held on error.
 */
import type { Deployment, Replica } from '../deployment.ts';
import type { Readiness } from '../gateway.ts';
import type { Line } from '../line.ts';
import type { Metrics } from '../metrics.ts';
import type { Unreadable } from '../record.ts';
import type { Writing } from '../traffic.ts';

export type Fault = {
  name: string;
  /** What it befalls. Two that come at once befall different things, so that neither heals the other. */
  of: 'redis' | 'upstream' | 'gateway' | 'all';
  cause(at: Deployment, blow: Blow): unknown;
  /** Absent when it is over as soon as it has come. */
  heal?(at: Deployment, blow: Blow): unknown;
  /** It comes again and again while it lasts, in ms. */
  againEveryMs?: number;
  /** As long as it lasts, coded errors and what is held on error are right answers: to all, or where pages are asked for. */
  upstreamFails?: Unreadable;
  /** What upstream gives may be out of date by so much as it is read, in ms. */
  upstreamLagMs?: number;
  /** In ms, where it takes longer than others to show. */
  lastsMs?: number;
  /** The process of the gateway that is struck does not run meanwhile: what is asked there is answered late or never. */
  stops?: boolean;
  writing?: Writing;
  tells: Signs;
};

type Blow = {
  /** How often it came before. */
  nth: number;
  /** The gateway that it befalls, where it does not befall all. */
  struck: Replica;
};

/** By what it is known from outside; each that is given must be seen at some gateway while it lasts. */
export type Signs = {
  /** In `/readyz`. */
  readyz?: ReadySign;
  /** Of `/metrics`, what rises. */
  counter?: (metrics: Metrics) => number;
  /** In `Cache-Status`, or the code of an error. */
  answer?: RegExp;
};

export type ReadySign = (checks: Readiness['checks'], status: Readiness['status']) => boolean;

// ── Signs that several have in common ───────────────────────────────────────────────────────────────────────────────

export const isDegraded: ReadySign = (checks) => checks.coherence?.status === 'degraded';

export const eras = (metrics: Metrics) => metrics.sum('vitrine_coherence_eras_total');

export const storeOperations = (outcome: string) => (metrics: Metrics) =>
  metrics.sum('vitrine_store_operation_duration_seconds_count', { outcome });

/** Of more than 100 ms. */
export const slowStoreOperations = (metrics: Metrics) =>
  metrics.sum('vitrine_store_operation_duration_seconds_count') -
  metrics.sum('vitrine_store_operation_duration_seconds_bucket', { le: '0.1' });

/** What was under way fails with its connection; what comes before there is another, at once. */
export const failedStoreOperations = (metrics: Metrics) =>
  storeOperations('error')(metrics) + storeOperations('timeout')(metrics);

// ── Lines ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The same to every gateway's line to upstream. */
export const toUpstreamLines = (act: (line: Line) => void) => (at: Deployment) => {
  for (const { upstreamLine } of at.replicas) act(upstreamLine);
};
