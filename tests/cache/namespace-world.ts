/** A namespace by itself: as many processes as are started, over one scripted log and store, and an upstream that answers when told. */
import { z } from 'zod';
import { zodCodec } from '../../src/cache/codec.ts';
import { Deadline } from '../../src/cache/deadline.ts';
import { assembleEngine, type Row } from '../../src/cache/engine.ts';
import { type Entry, isAhead, timesFrom } from '../../src/cache/entry.ts';
import { Follower } from '../../src/cache/follower.ts';
import { rowKeys } from '../../src/cache/keys.ts';
import type { LogRecord } from '../../src/cache/log.ts';
import { MemoryTier } from '../../src/cache/memory.ts';
import { Namespace, type Result } from '../../src/cache/namespace.ts';
import type { Outcome } from '../../src/cache/outcome.ts';
import type { Policy } from '../../src/cache/policy.ts';
import type { Stamp } from '../../src/cache/position.ts';
import { ManualClock } from '../support/clock.ts';
import { type Gate, Gates } from './gates.ts';
import { horizonMs, listen } from './parts.ts';
import { ScriptedLog } from './scripted-log.ts';
import { ScriptedStore } from './scripted-store.ts';

const schema = z.object({ id: z.string(), name: z.string(), version: z.string().optional() });
export type Thing = z.output<typeof schema>;
export const codec = zodCodec(schema);

const policy: Policy = { maxAgeMs: 60_000, staleWhileRevalidateMs: 60_000, staleIfErrorMs: 600_000 };
export const leaseMs = 3_000;
export const settleMs = 1_500;
/** As long as a request may wait. */
export const deadlineMs = 10_000;

/** What a reader got of one row; the outcome beside it. */
type Got = Partial<Thing & Outcome> & { error?: Error };

/** A table; each read takes what is there when it is sent, and is answered when the test lets it. */
class ScriptedUpstream {
  readonly rows = new Map<string, Omit<Thing, 'id'>>();
  /** Rows that cannot be read. */
  readonly broken = new Map<string, Error>();
  /** Ids that answers do not name. */
  readonly leftOut = new Set<string>();
  /** Called as each read is sent, before it is answered. */
  onRead: () => unknown = () => {};
  /** The ids of each read, in order. */
  readonly reads: string[] = [];
  readonly signals: AbortSignal[] = [];
  failure: Error | undefined;
  readonly #gates = new Gates<'read'>();

  holdNext(): Gate {
    return this.#gates.holdNext('read');
  }

  readonly read = async (
    ids: readonly string[],
    signal: AbortSignal,
  ): Promise<Map<string, Row<Thing> | null | Error>> => {
    this.reads.push(ids.join(' '));
    this.signals.push(signal);
    this.onRead();
    const named = ids.filter((id) => !this.leftOut.has(id));
    const answer = new Map(named.map((id) => [id, this.broken.get(id) ?? this.#rowOf(id)]));
    await Promise.race([this.#gates.pass('read'), rejectWhenAborted(signal)]);
    if (this.failure !== undefined) throw this.failure;
    return answer;
  };

  #rowOf(id: string): Row<Thing> | null {
    const row = this.rows.get(id);
    if (row === undefined) return null;
    const value = { id, ...row };
    return { value, text: JSON.stringify(value) };
  }
}

function rejectWhenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
}

export function openWorld() {
  const clock = new ManualClock();
  const log = new ScriptedLog(clock);
  const store = new ScriptedStore(clock);
  const upstream = new ScriptedUpstream();
  let chances = 0;
  // So near to 1 that windows are not cut; never twice the same, so that tokens differ.
  const random = () => 1 - ++chances * 2 ** -40;
  const startProcess = (windows = policy) => openProcess({ clock, log, store, upstream, random }, windows);
  /** Another process makes a change known. */
  const tell = (change: {
    ids: string[] | '*';
    hard?: boolean;
    said?: Extract<LogRecord, { kind: 'changed' }>['said'];
  }) => log.add({ kind: 'changed', namespace: 'thing', floor: 'own', ...change } as LogRecord);
  return { clock, log, store, upstream, startProcess, tell };
}

type Shared = {
  clock: ManualClock;
  log: ScriptedLog;
  store: ScriptedStore;
  upstream: ScriptedUpstream;
  random: () => number;
};

async function openProcess({ clock, log, store, upstream, random }: Shared, windows: Policy) {
  const { telemetry, logs } = listen();
  const shared = { clock, random, telemetry };
  const follower = new Follower({ ...shared, log, coherenceMs: 1_000, horizonMs, longestWindowMs: horizonMs });
  const memory = new MemoryTier({ maxBytes: 1 << 20 });
  const engine = assembleEngine({ ...shared, prefix: 'test', follower, store, memory, leaseMs });
  /** Ids whose row became another, in order. */
  const changedIds: string[] = [];
  const namespace = new Namespace<Thing>(engine, {
    name: 'thing',
    codec,
    idOf: ({ id }) => id,
    versionOf: ({ version }) => version,
    policy: windows,
    settleMs,
    read: upstream.read,
    changed: (id) => void changedIds.push(id),
  });
  follower.listen('thing', {
    changed: (ids, { hard }) => namespace.changed(ids, { hard }),
    eraBegan: () => {},
    forget: () => namespace.forget(),
  });
  await follower.tick();
  return { engine, follower, namespace, telemetry, logs, changedIds, ...view(namespace), ...asking(namespace, clock) };
}

/** A view beside the namespace that holds what the test puts there, or what is ahead of that. */
function view(namespace: Namespace<Thing>) {
  const rows = new Map<string, Entry<Thing>>();
  /** What the view was told of, in order. */
  const installed: [id: string, name: string | undefined][] = [];
  namespace.beside({
    find: (id) => rows.get(id),
    installed: (id, entry) => {
      installed.push([id, entry.value?.name]);
      const known = rows.get(id);
      if (known !== undefined && isAhead(entry, known)) rows.set(id, entry);
    },
    lapsed: () => false,
  });
  return { view: rows, installed };
}

function asking(namespace: Namespace<Thing>, clock: ManualClock) {
  /** Every outcome that a request was told of. */
  const noted: Outcome[] = [];
  const getAll = async (...ids: string[]): Promise<Got[]> => {
    const deadline = new Deadline(clock, deadlineMs);
    const results = await namespace.get(ids, { deadline, note: (outcome) => void noted.push(outcome) });
    return ids.map((id) => gotOf(results.get(id) as Result<Thing>));
  };
  const get = async (id: string): Promise<Got> => (await getAll(id))[0] as Got;
  return { noted, getAll, get };
}

function gotOf(result: Result<Thing>): Got {
  if ('error' in result) return { error: result.error };
  return { ...result.entry.value, ...result.outcome };
}

/** A row as the view may hold it. */
export function entryOf(
  row: Thing | null,
  { asOf, contentAsOf = asOf, storedAtMs }: { asOf: Stamp; contentAsOf?: Stamp; storedAtMs: number },
): Entry<Thing> {
  const windows = { freshMs: 60_000, staleMs: 120_000, errorMs: 660_000 };
  return { ...timesFrom(storedAtMs, windows), value: row, version: row?.version, asOf, contentAsOf, size: 40 };
}

/** Where a row stands in the store, before the first reset. */
export function keyOf(id: string, { era = 'era-a', generation = '' } = {}) {
  return rowKeys({ prefix: 'test', era, namespace: 'thing', shape: codec.shape }, generation)(id);
}

/** Sum of a counter, of those that have these labels. */
export async function counted(
  counter: { get(): Promise<{ values: { labels: object; value: number }[] }> },
  labels: Record<string, string> = {},
): Promise<number> {
  const { values } = await counter.get();
  const wanted = ({ labels: of }: { labels: object }) =>
    Object.entries(labels).every(([name, value]) => Reflect.get(of, name) === value);
  return values.filter(wanted).reduce((sum, { value }) => sum + value, 0);
}

/** Lets what is ready run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
}
