/** What the parts of the engine are made of, and made for. */
import type { Telemetry } from '../telemetry/index.ts';
import type { Clock, Random } from './clock.ts';
import type { Codec } from './codec.ts';
import type { Follower } from './follower.ts';
import { Heartbeat } from './heartbeat.ts';
import type { MemoryTier } from './memory.ts';
import type { Policy } from './policy.ts';
import { Poller } from './poller.ts';
import type { Store } from './store.ts';

/** What an engine is made of. */
type Parts = {
  prefix: string;
  clock: Clock;
  random: Random;
  telemetry: Telemetry;
  follower: Follower;
  store: Store;
  memory: MemoryTier;
  leaseMs: number;
};

/** What every namespace of a process shares. */
export type Engine = Parts & { heartbeat: Heartbeat; poller: Poller };

export function assembleEngine(parts: Parts): Engine {
  return { ...parts, heartbeat: new Heartbeat(parts), poller: new Poller(parts.clock) };
}

export type NamespaceOptions<T> = {
  name: string;
  codec: Codec<T>;
  idOf: (value: T) => string;
  versionOf: (value: T) => string | undefined;
  policy: Policy;
  settleMs: number;
  read: ReadRows<T>;
  /** Told of each id whose row is another than was held. */
  changed?: (id: string) => void;
};

/** One row as upstream gave it. */
export type Row<T> = { value: T; text: string };

/** Reads ids upstream in one batch; an id that upstream does not have is null, one that could not be read an error. */
type ReadRows<T> = (ids: readonly string[], signal: AbortSignal) => Promise<Map<string, Row<T> | null | Error>>;

/** Why something that was found or read is not used; the label of `vitrine_cache_rejected_total`. */
export type RejectReason = 'undecodable' | 'invalidated' | 'lease_lost' | 'older_version' | 'behind';
