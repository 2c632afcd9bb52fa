/** What a read tells beside its value: metrics, `Cache-Status`, logs and tests all read this one truth (P8). */
import type { Deadline } from './deadline.ts';

export type Tier = 'memory' | 'view' | 'store' | 'upstream';

export type Outcome = {
  /** The namespace of entities (`catalog`) or the collection (`catalogs`). */
  namespace: string;
  /** `negative`: a cached "not found". `coalesced`: a miss that joined another's read. */
  kind: 'hit' | 'stale' | 'stale_if_error' | 'miss' | 'coalesced' | 'negative';
  tier: Tier;
  /** Until it is no longer fresh, in ms; negative once stale. */
  ttlMs: number;
  /** Since its upstream read was sent, in ms. */
  ageMs: number;
  /** Whether what was read is now kept for others; true on hits. */
  stored: boolean;
};

/** What a read needs to know of the request it serves. */
export type ReadRequest = {
  deadline: Deadline;
  /** Called once for each thing read. */
  note(outcome: Outcome): void;
};
