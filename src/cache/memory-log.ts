/** The log of a process that shares its cache with nobody: one era, nothing lost, the same rule. */
import type { Clock, Random } from './clock.ts';
import type { Log, LogRecord, Look, Stamped } from './log.ts';
import { BEGINNING, higher, type Position, positionOf, timeOf } from './position.ts';

export class MemoryLog implements Log {
  readonly scope = 'process';
  readonly #clock: Clock;
  readonly #horizonMs: number;
  readonly #era: string;
  readonly #generations = new Map<string, Position>();
  readonly #records: Stamped[] = [];
  #last = BEGINNING;
  #sequence = 0;

  constructor({ clock, random, horizonMs }: { clock: Clock; random: Random; horizonMs: number }) {
    this.#clock = clock;
    this.#horizonMs = horizonMs;
    this.#era = newEra(random);
  }

  async look(from: { era: string | undefined; position: Position }): Promise<Look> {
    const known = from.era === this.#era ? from.position : BEGINNING;
    return {
      era: this.#era,
      generations: new Map(this.#generations),
      last: this.#last,
      timeMs: this.#clock.now(),
      records: this.#after(known),
      complete: true,
    };
  }

  async append(era: string, record: LogRecord): Promise<Position | undefined> {
    if (era !== this.#era) return undefined;
    const position = this.#next();
    this.#records.push({ position, record });
    if (record.kind === 'changed' && record.ids === '*') {
      const floor = record.floor === 'own' ? position : record.floor;
      this.#generations.set(record.namespace, higher(floor, this.#generations.get(record.namespace) ?? BEGINNING));
    }
    this.#forgetUntil(timeOf(position) - this.#horizonMs);
    return position;
  }

  async replicated(): Promise<boolean> {
    return true;
  }

  async wait(_era: string, _position: Position, { ms, signal }: { ms: number; signal: AbortSignal }): Promise<void> {
    await this.#clock.sleep(ms, signal).catch(() => {}); // Told to end.
  }

  /** From the latest back, so that a look costs the same however many are kept. */
  #after(known: Position): Stamped[] {
    return this.#records.slice(this.#records.findLastIndex(({ position }) => position <= known) + 1);
  }

  /** From the oldest on, so that an append costs the same however many are kept. */
  #forgetUntil(oldestMs: number): void {
    const oldest = positionOf(Math.max(0, oldestMs), 0);
    const over = this.#records.findIndex(({ position }) => position >= oldest);
    if (over > 0) this.#records.splice(0, over);
  }

  /** Rises even when the clock goes back, as a stream's ids do. */
  #next(): Position {
    this.#last = positionOf(Math.max(this.#clock.now(), timeOf(this.#last)), this.#sequence++);
    return this.#last;
  }
}

/** A token that no other era has: 60 random bits. */
export function newEra(random: Random): string {
  const part = () =>
    Math.floor(random() * 2 ** 30)
      .toString(36)
      .padStart(6, '0');
  return part() + part();
}
