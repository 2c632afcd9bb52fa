/**
 * The change log: one ordered list of what changed, shared by all processes of a deployment.
 *
 * A log belongs to an era. When its server loses anything, a new era begins and all that was read before it counts as
 * changed. `Log` is only the remote calls; what a process makes of the records is the follower's (`follower.ts`).
 */
import type { Position, Token } from './position.ts';
import type { Said } from './said.ts';

/** Ids of a namespace, or all of it. */
export type Ids = readonly string[] | '*';

/** "A change of these begins": its position is one that later reads may claim as known. */
type Begin = { kind: 'begin'; namespace: string; ids: Ids };

/**
 * "What was read of these before `floor` is no longer true."
 *
 * - floor: `own` is the position of this very record, which nothing read before it can reach. For all of a namespace
 *   it is the namespace's generation from here on.
 * - hard: a purge; what lies below is not served again, not even on error.
 */
export type Changed = {
  kind: 'changed';
  namespace: string;
  ids: Ids;
  floor: Position | 'own';
  hard?: boolean;
  /** By id: what upstream said of it, where it said a version. */
  said?: Readonly<Record<string, Said>>;
};

/**
 * "These were purged in an era that is over." Its log may have been lost before everybody had read it; what was read
 * since is none of its concern.
 *
 * - at: the floor of the purge in that era.
 */
export type Purged = { kind: 'purged'; namespace: string; ids: Ids; at: Token };

export type LogRecord = Begin | Changed | Purged;
export type Stamped = { position: Position; record: LogRecord };

/** The log as it stood at one moment. */
export type Look = {
  era: string;
  /** By namespace; the log position of its last reset in this era. */
  generations: ReadonlyMap<string, Position>;
  /** Position of the last record, whether or not it is still kept. */
  last: Position;
  /** The log's clock, in ms since the epoch. */
  timeMs: number;
  /** After the position asked from, in order. */
  records: Stamped[];
  /** False when more records follow those given. */
  complete: boolean;
};

export interface Log {
  /** Who shares it; with `process` nothing can be missed. */
  readonly scope: 'process' | 'cluster';
  /**
   * Looks at the log. Begins a new era first if the server is not the one the era began on, or the log is gone.
   *
   * @param from - Era and position already known; the whole log when the era is another one.
   * @throws When the log does not answer within its deadline.
   */
  look(from: { era: string | undefined; position: Position }): Promise<Look>;
  /**
   * Appends to the log of that era.
   *
   * @returns Its position, or undefined when the era is over.
   * @throws When the log does not answer; the record may or may not be in it then, and both must be harmless.
   */
  append(era: string, record: LogRecord): Promise<Position | undefined>;
  /**
   * Whether as many replicas as are asked for have all that was appended before this. Never rejects: false when that
   * cannot be told in time.
   */
  replicated(): Promise<boolean>;
  /** Resolves when there may be records after `position`, at the latest after `ms` or with the signal. Never rejects. */
  wait(era: string, position: Position, until: { ms: number; signal: AbortSignal }): Promise<void>;
}
