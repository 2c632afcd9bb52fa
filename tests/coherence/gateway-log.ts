/**
 * What a gateway prints, read as it comes: whether it is fit to be read, and when the gateway knew that it was cut off,
 * or in another era.
 *
 * A line that is no JSON, holds a secret, or is of level error or worse is a mistake: no fault from outside may bring
 * one about.
 */
import { secrets } from './settings.ts';

type Line = { level: number; time: number; event: string; reason?: unknown };

/** A span of time on the clock of `performance.now()`; without an end as long as it lasts. */
export type Span = { fromMs: number; untilMs: number };

const errorLevel = 50;

/** A line is stamped with the whole millisecond it was written in, by a clock that may be set. */
const stampErrorMs = 20;

export class GatewayLog {
  /** What should not have been printed, with the line. */
  readonly mistakes: string[] = [];
  /** In which it said that the change log was silent. */
  readonly degraded: Span[] = [];
  /** When it came to know of another era. */
  readonly #eras: Span[] = [];
  /** When it gave up on a collection that had changed while it was read, each time that it tried. */
  readonly drifts: number[] = [];
  #rest = '';

  /** Of standard output, cut anywhere. */
  read(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#readLine(line);
  }

  /** Nothing is ever printed there. */
  readError(text: string): void {
    this.mistakes.push(`on standard error: ${text}`);
  }

  /** The process is gone; the next begins anew. */
  ends(): void {
    this.#rest = '';
    this.#recovered(performance.now());
  }

  wasDegradedIn({ fromMs, untilMs }: Span): boolean {
    return this.degraded.some((span) => span.fromMs <= untilMs && fromMs <= span.untilMs);
  }

  enteredEraIn({ fromMs, untilMs }: Span): boolean {
    return this.#eras.some((span) => span.fromMs <= untilMs && fromMs <= span.untilMs);
  }

  #readLine(text: string): void {
    if (Object.values(secrets).some((secret) => text.includes(secret))) this.mistakes.push(`a secret: ${text}`);
    const line = parseLine(text);
    if (line === undefined) this.mistakes.push(`no line of a log: ${text}`);
    else this.#note(line, text);
  }

  #note({ level, time, event, reason }: Line, text: string): void {
    const atMs = time - performance.timeOrigin;
    if (level >= errorLevel) this.mistakes.push(`a mistake of the gateway: ${text}`);
    if (event === 'coherence.degraded') {
      this.degraded.push({ fromMs: atMs - stampErrorMs, untilMs: Number.POSITIVE_INFINITY });
    }
    if (event === 'coherence.era') this.#eras.push({ fromMs: atMs - stampErrorMs, untilMs: atMs + stampErrorMs });
    if (event === 'collection.fill_failed' && String(reason).includes('drifted')) this.drifts.push(atMs);
    if (event === 'coherence.recovered') this.#recovered(atMs + stampErrorMs);
  }

  #recovered(atMs: number): void {
    const last = this.degraded.at(-1);
    if (last !== undefined) last.untilMs = Math.min(last.untilMs, atMs);
  }
}

function parseLine(text: string): Line | undefined {
  try {
    const line = JSON.parse(text) as Partial<Line>;
    const fits = typeof line.level === 'number' && typeof line.time === 'number' && typeof line.event === 'string';
    return fits ? (line as Line) : undefined;
  } catch {
    return undefined;
  }
}
