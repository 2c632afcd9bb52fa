/**
 * Topologies: which server has a key. One server, the master that sentinels name (`redis-sentinel.ts`), or the masters
 * of a cluster (`redis-cluster.ts`). Commands go to masters only.
 *
 * What is known of it may be old at any time. A server that does not have a key says so or does nothing: in a cluster
 * it answers MOVED, and a replica refuses to write, which every look at the change log may have to. An old master
 * behind sentinels says nothing of the kind: there a look counts once the sentinels have named its server meanwhile. So
 * a topology that is wrong costs time, and nothing false is believed.
 */
import { ErrorReply } from '@redis/client';
import type { Clock } from './clock.ts';
import { inTime } from './deadline.ts';
import { type Address, type RedisClient, RedisError } from './redis-connection.ts';

export interface Topology {
  /** Whether keys lie on several servers. */
  readonly isSharded: boolean;
  /** Keys of one group lie on one server and can stand in one command. */
  groupOf(key: string): string;
  /** Undefined while it is not known. */
  masterOf(key: string): Address | undefined;
  masters(): ReadonlySet<Address>;
  /**
   * Finds out anew. What was known stays where nobody can be asked.
   *
   * @param connected - The masters that commands go to now.
   * @throws When those who are asked do not tell.
   */
  look(connected: readonly [Address, RedisClient][]): Promise<void>;
  /**
   * Resolves when a server is the master now by the word of those who make masters, all asked after this was called. At
   * once where a server says itself what it is no longer, or cannot be replaced.
   *
   * @throws {RedisError} When it is not, or that cannot be told in time.
   */
  confirm(master: Address | undefined): Promise<void>;
  /** A server says that a slot is another's. */
  moved(slot: number, to: Address): void;
  close(): void;
}

/** Those who make masters were asked, and do not agree or do not say. */
export class MastersUnknown extends RedisError {}

/** "MOVED 3999 127.0.0.1:6381": that server has the slot; "ASK": it is being given the slot. */
export function redirectionOf(error: unknown, kind: 'MOVED' | 'ASK'): { slot: number; to: Address } | undefined {
  const [, said, slot, to] = (error instanceof ErrorReply && /^(MOVED|ASK) (\d+) (.+:\d+)$/.exec(error.message)) || [];
  return said === kind ? { slot: Number(slot), to: to as Address } : undefined;
}

/** Whether a server says that a slot is no longer, or not yet, all its own: it answers, and is well. */
export function isOnItsWay(error: unknown): boolean {
  return error instanceof ErrorReply && /^(MOVED|ASK|TRYAGAIN)\b/.test(error.message);
}

/** Whether it may be that another server should have been asked: all but what a master says of the command itself. */
export function isReasonToLook(error: unknown): boolean {
  if (!(error instanceof ErrorReply)) return true;
  return /^(MOVED|CLUSTERDOWN|READONLY|MASTERDOWN|LOADING|UNBLOCKED)\b/.test(error.message);
}

/**
 * @throws {RedisError} When the answer does not come in time; what was sent may still be carried out.
 */
export async function answerWithin<T>(clock: Clock, timeoutMs: number, ask: () => Promise<T>): Promise<T> {
  const answered = new AbortController();
  const deadline = clock.sleep(timeoutMs, answered.signal).then(
    () => Promise.reject(new RedisError(`Redis did not answer within ${timeoutMs} ms`)),
    () => undefined as never,
  );
  try {
    return await Promise.race([ask(), deadline]);
  } finally {
    answered.abort(inTime);
  }
}
