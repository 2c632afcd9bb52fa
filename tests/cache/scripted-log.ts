/** A change log that does what the test says: falls silent, answers late, begins eras, loses what it had. */
import type { Clock } from '../../src/cache/clock.ts';
import type { Log, LogRecord, Look, Stamped } from '../../src/cache/log.ts';
import { BEGINNING, type Position, positionOf, timeOf } from '../../src/cache/position.ts';
import { type Gate, Gates } from './gates.ts';

export class ScriptedLog implements Log {
  scope: Log['scope'] = 'cluster';
  /** Records given in one look. */
  pageSize = 1_000;
  /** What `replicated` says, once it has been asked. */
  hasReplicas: () => boolean = () => true;
  /** By how much its clock is ahead of that of the test. */
  aheadMs = 0;
  /** How often it was waited for. */
  waits = 0;
  /** Every call that reached it, in order. */
  readonly calls: ('look' | 'append')[] = [];
  readonly #clock: Clock;
  #era = 'era-a';
  #records: Stamped[] = [];
  #generations = new Map<string, Position>();
  #last: Position = BEGINNING;
  #silent = false;
  /** Wakes whoever waits. */
  #appended = () => {};
  readonly #gates = new Gates<'look' | 'append'>();
  readonly #delays = new Gates<LogRecord['kind']>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  // ── What the test does to it ──────────────────────────────────────────────────────────────────────────────────────

  silence(): void {
    this.#silent = true;
  }

  answer(): void {
    this.#silent = false;
  }

  /** What it had is gone. @param aheadMs - Of the clock of the server it is on now. */
  beginEra(era: string, { aheadMs = this.aheadMs } = {}): void {
    this.#era = era;
    this.aheadMs = aheadMs;
    this.#records = [];
    this.#generations = new Map();
    this.#last = BEGINNING;
    this.#next();
  }

  /** Records are too old to be kept; the last position and the generations stay. */
  trim(): void {
    this.#records = [];
  }

  /** Another process appends. */
  add(record: LogRecord): Position {
    const position = this.#next();
    this.#records.push({ position, record });
    this.#appended();
    if (record.kind === 'changed' && record.ids === '*') {
      this.#generations.set(record.namespace, record.floor === 'own' ? position : record.floor);
    }
    return position;
  }

  /** The next call of that kind is carried out, and answered when the test says so. */
  holdNext(kind: 'look' | 'append'): Gate {
    return this.#gates.holdNext(kind);
  }

  /** The next record of that kind is appended when the test says so. */
  delayNext(kind: LogRecord['kind']): Gate {
    return this.#delays.holdNext(kind);
  }

  get records(): LogRecord[] {
    return this.#records.map(({ record }) => record);
  }

  get last(): Position {
    return this.#last;
  }

  // ── What the follower does with it ────────────────────────────────────────────────────────────────────────────────

  async look(from: { era: string | undefined; position: Position }): Promise<Look> {
    this.calls.push('look');
    if (this.#silent) throw new Error('silent');
    const known = from.era === this.#era ? from.position : BEGINNING;
    const later = this.#records.filter(({ position }) => position > known);
    const look = {
      era: this.#era,
      generations: new Map(this.#generations),
      last: this.#last,
      timeMs: this.#clock.now() + this.aheadMs,
      records: later.slice(0, this.pageSize),
      complete: later.length < this.pageSize,
    };
    await this.#gates.pass('look');
    return look;
  }

  async append(era: string, record: LogRecord): Promise<Position | undefined> {
    this.calls.push('append');
    if (this.#silent) throw new Error('silent');
    await this.#delays.pass(record.kind);
    const position = era === this.#era ? this.add(record) : undefined;
    await this.#gates.pass('append');
    return position;
  }

  async replicated(): Promise<boolean> {
    return this.hasReplicas();
  }

  async wait(era: string, position: Position, { ms, signal }: { ms: number; signal: AbortSignal }): Promise<void> {
    this.waits++;
    if (era !== this.#era || position < this.#last) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#appended = resolve;
    await Promise.race([promise, this.#clock.sleep(ms, signal).catch(() => {})]);
  }

  /** As the ids of a stream. */
  #next(): Position {
    const ms = Math.max(this.#clock.now() + this.aheadMs, timeOf(this.#last));
    const sequence = ms > timeOf(this.#last) ? 0 : sequenceOf(this.#last) + 1;
    this.#last = positionOf(ms, sequence);
    return this.#last;
  }
}

function sequenceOf(position: Position): number {
  return Number(position.split('-')[1]);
}
