/**
 * One simulated Redis: what `src/cache/redis-scripts.ts` does in the server, each script in one step.
 *
 * It keeps a journal of its last writes, so that a failover can lose them: the new master has another identity, and its
 * clock may be behind.
 */
import { encodeEntry, parseStored } from '../../src/cache/entry.ts';
import { rowKeys, type StoreKey } from '../../src/cache/keys.ts';
import type { LogRecord, Look, Stamped } from '../../src/cache/log.ts';
import { BEGINNING, higher, type Position, positionOf, timeOf } from '../../src/cache/position.ts';
import { failureMemoryMs, failurePrefix, type Lease, readLease, ttlOf, type Write } from '../../src/cache/store.ts';
import type { Mutation } from './mutations.ts';
import { type Item, items } from './upstream.ts';

/** Why an era began. */
export type EraCause = 'first' | 'flush' | 'control deleted' | 'log deleted' | 'failover';

type Control = { era: string; server: number; generations: Map<string, Position> };
type Stream = { records: (Stamped | { position: Position; record: undefined })[]; last: Position };
type Text = { text: string; endsAtMs: number };

/** Told of what is in the log from now on. */
export type LogWatcher = {
  appended(at: { era: string; position: Position }, record: LogRecord): void;
  eraBegan(era: string, cause: EraCause): void;
};

const journalLength = 40;

export class SimRedis {
  readonly #now: () => number;
  readonly #horizonMs: number;
  readonly #mutation: Mutation;
  readonly #watcher: LogWatcher;
  #server = 1;
  /** How far its clock has gone back, by failovers. */
  behindMs = 0;
  #control: Control | undefined;
  #logs = new Map<string, Stream>();
  #texts = new Map<string, Text>();
  #gone: EraCause = 'first';
  /** How to take back each of the last commands, as a whole: a script is replicated whole or not at all. */
  #journal: (() => void)[][] = [];
  #waiting = new Set<{ era: string; position: Position; wake: () => void }>();

  /** @param now - The clock of the server, in whole ms since the epoch, before any failover. */
  constructor(options: { now: () => number; horizonMs: number; mutation: Mutation; watcher: LogWatcher }) {
    this.#now = options.now;
    this.#horizonMs = options.horizonMs;
    this.#mutation = options.mutation;
    this.#watcher = options.watcher;
  }

  now(): number {
    return this.#now() - this.behindMs;
  }

  /** What stands under the keys that readers of the present era and generation look at. */
  rows(ids: readonly string[]): Item[] {
    if (this.#control === undefined) return [];
    const { era, generations } = this.#control;
    const place = { prefix: 'sim', era, namespace: items.name, shape: items.endpoint.codec.shape };
    return ids.flatMap((id) => {
      const text = this.get(rowKeys(place, generations.get(items.name) ?? BEGINNING)(id).value);
      const row = text === undefined ? undefined : parseStored(text)?.wireText;
      return row === undefined ? [] : ((JSON.parse(row) as Item | null) ?? []);
    });
  }

  // ── The control slot ──────────────────────────────────────────────────────────────────────────────────────────────

  look(from: { era: string | undefined; position: Position }, candidate: string): Look {
    const control = this.#control;
    const cause = this.#causeOfNewEra();
    const { era, generations } = cause === undefined && control ? control : this.#beginEra(candidate, cause);
    const { records, last } = this.#logs.get(era) as Stream;
    const known = from.era === era ? from.position : BEGINNING;
    return {
      era,
      generations: new Map(generations),
      last,
      timeMs: this.now(),
      records: records.filter(
        (stamped): stamped is Stamped => stamped.record !== undefined && stamped.position > known,
      ),
      complete: true,
    };
  }

  append(era: string, record: LogRecord): Position | undefined {
    const control = this.#control;
    const log = this.#logs.get(era);
    if (control?.era !== era || !this.#isSameServer(control) || log === undefined) return undefined;
    this.#begin();
    const position = this.#add(log, record);
    if (record.kind === 'changed' && record.ids === '*') this.#raiseGeneration(control, record, position);
    const oldestMs = this.now() - this.#horizonMs;
    const kept = log.records.filter((stamped) => timeOf(stamped.position) >= oldestMs);
    if (kept.length < log.records.length) this.#set(log, 'records', kept);
    this.#watcher.appended({ era, position }, record);
    for (const waiting of this.#waiting) if (waiting.era === era && waiting.position < position) waiting.wake();
    return position;
  }

  /** Blocks in XREAD. @returns What ends it. */
  wait(era: string, position: Position, wake: () => void): () => void {
    const waiting = { era, position, wake };
    const last = this.#logs.get(era)?.last;
    if (last !== undefined && last > position) wake();
    this.#waiting.add(waiting);
    return () => this.#waiting.delete(waiting);
  }

  #causeOfNewEra(): EraCause | undefined {
    if (this.#control === undefined) return this.#gone;
    if (!this.#isSameServer(this.#control)) return 'failover';
    return this.#logs.has(this.#control.era) ? undefined : 'log deleted';
  }

  #isSameServer({ server }: Control): boolean {
    return server === this.#server || this.#mutation.sameEraOnNewServer === true;
  }

  #beginEra(era: string, cause: EraCause = 'first'): Control {
    const control: Control = { era, server: this.#server, generations: new Map() };
    const log: Stream = { records: [], last: BEGINNING };
    const before = this.#control;
    this.#begin();
    this.#control = control;
    this.#undoBy(() => {
      this.#control = before;
    });
    this.#put(this.#logs, era, log);
    this.#add(log, undefined);
    this.#watcher.eraBegan(era, cause);
    return control;
  }

  #add(log: Stream, record: LogRecord | undefined): Position {
    const ms = Math.max(this.now(), timeOf(log.last));
    const sequence = ms > timeOf(log.last) ? 0 : Number(log.last.split('-')[1]) + 1;
    const position = positionOf(ms, sequence);
    const stamped = { position, record } as Stream['records'][number];
    const before = { records: log.records, last: log.last };
    log.records = [...log.records, stamped];
    log.last = position;
    this.#undoBy(() => Object.assign(log, before));
    return position;
  }

  #raiseGeneration(
    { generations }: Control,
    { namespace, floor }: LogRecord & { kind: 'changed' },
    own: Position,
  ): void {
    const raised = higher(generations.get(namespace) ?? BEGINNING, floor === 'own' ? own : floor);
    this.#put(generations, namespace, raised);
  }

  // ── Values and leases ─────────────────────────────────────────────────────────────────────────────────────────────

  get(key: string): string | undefined {
    const found = this.#texts.get(key);
    return found !== undefined && found.endsAtMs > this.now() ? found.text : undefined;
  }

  put(key: string, text: string, ttlMs: number): void {
    this.#begin();
    this.#put(this.#texts, key, { text, endsAtMs: this.now() + ttlOf(ttlMs) });
  }

  expire(keys: readonly string[], ttlMs: number): void {
    for (const key of keys) {
      const text = this.get(key);
      if (text !== undefined) this.put(key, text, ttlMs);
    }
  }

  lease(key: StoreKey, token: string, { ms, takeOver = false }: { ms: number; takeOver?: boolean }): Lease {
    const { everyLease, noTakeOver } = this.#mutation;
    const found = (takeOver && !noTakeOver) || everyLease ? null : (this.get(key.lease) ?? null);
    if (found === null) this.put(key.lease, token, ms);
    return readLease(found);
  }

  renew(key: StoreKey, token: string, ms: number): boolean {
    if (this.get(key.lease) !== token) return false;
    this.put(key.lease, token, ms);
    return true;
  }

  commit({ key, text, ttlMs }: Write, token: string): boolean {
    if (this.get(key.lease) !== token && !this.#mutation.commitsWithoutLease) return false;
    this.put(key.value, text, ttlMs);
    this.#delete(key.lease); // Still of the same command.
    return true;
  }

  release(key: StoreKey, token: string, code: string | undefined): void {
    if (this.get(key.lease) !== token) return;
    this.#begin();
    if (code === undefined) this.#delete(key.lease);
    else this.put(key.lease, failurePrefix + code, failureMemoryMs);
  }

  removeBelow(keys: readonly StoreKey[], floor: Position): void {
    if (this.#mutation.storeKeepsPurged) return;
    this.#begin();
    for (const { value } of keys) {
      const stored = parseStored(this.get(value) ?? '');
      if (stored !== undefined && stored.position < floor) this.#delete(value);
    }
  }

  // ── What may befall it ────────────────────────────────────────────────────────────────────────────────────────────

  flush(): void {
    this.#control = undefined;
    this.#logs = new Map();
    this.#texts = new Map();
    this.#journal = [];
    this.#gone = 'flush';
  }

  deleteControl(): void {
    this.#control = undefined;
    this.#journal = [];
    this.#gone = 'control deleted';
  }

  deleteLog(): void {
    this.#logs = new Map();
    this.#journal = [];
  }

  /** A replica takes over that had not got the last writes yet. */
  failOver({ lost, behindMs }: { lost: number; behindMs: number }): void {
    for (let i = 0; i < lost; i++) for (const undo of (this.#journal.pop() ?? []).reverse()) undo();
    this.#server++;
    this.behindMs += behindMs;
  }

  /** A value or a chunk goes to make room. */
  evict(pick: (keys: readonly string[]) => string): string | undefined {
    const keys = [...this.#texts.keys()].filter((key) => !key.includes(':lease'));
    if (keys.length === 0) return undefined;
    const key = pick(keys);
    this.#begin();
    this.#delete(key);
    return key;
  }

  /** Something that is no entry stands where one is looked for. */
  poison(pick: (keys: readonly string[]) => string): string | undefined {
    const keys = [...this.#texts.keys()].filter((key) => !key.includes(':lease'));
    if (keys.length === 0) return undefined;
    const key = pick(keys);
    const stored = parseStored(this.get(key) ?? '');
    if (stored === undefined) return undefined;
    this.put(key, encodeEntry(stored.position, stored.times, '{"id":'), 60_000);
    return key;
  }

  // ── Journal ───────────────────────────────────────────────────────────────────────────────────────────────────────

  #set<O extends object, K extends keyof O>(of: O, field: K, value: O[K]): void {
    const before = of[field];
    of[field] = value;
    this.#undoBy(() => {
      of[field] = before;
    });
  }

  #put<V>(map: Map<string, V>, key: string, value: V): void {
    const before = map.get(key);
    map.set(key, value);
    this.#undoBy(() => (before === undefined ? map.delete(key) : map.set(key, before)));
  }

  #delete(key: string): void {
    const before = this.#texts.get(key);
    if (before === undefined) return;
    this.#texts.delete(key);
    this.#undoBy(() => this.#texts.set(key, before));
  }

  /** A command begins. */
  #begin(): void {
    this.#journal.push([]);
    if (this.#journal.length > journalLength) this.#journal.shift();
  }

  #undoBy(undo: () => void): void {
    this.#journal.at(-1)?.push(undo);
  }
}
