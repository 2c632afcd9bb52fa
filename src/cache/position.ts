/**
 * Positions in the change log, as text that sorts: `<` between two is the order of the log.
 *
 * A Redis stream id (`ms-sequence`), padded. A process that is cut off counts on by itself: `+n` behind the highest
 * position it has seen, which sorts after that one and before every later one of the log.
 */
export type Position = string;

const msDigits = 15;

/** Below every other. */
export const BEGINNING: Position = '';

/** A position in one of the eras a process has lived through; eras are counted by the process itself. */
export type Stamp = { readonly era: number; readonly position: Position };

export function positionOf(ms: number, sequence: number): Position {
  return `${pad(ms, msDigits)}-${pad(sequence, 10)}`;
}

export function isPosition(text: string): boolean {
  return /^\d{15}-\d{10}(?:\+\d{10})?$/.test(text);
}

/** @param id - A Redis stream id. */
export function positionOfStreamId(id: string): Position {
  const [ms, sequence] = id.split('-');
  return positionOf(Number(ms), Number(sequence));
}

/** The stream id that a position is, or stands behind. */
export function streamIdOf(position: Position): string {
  const [ms, sequence] = fields(position);
  return `${ms}-${sequence}`;
}

/** The next position that a process counts by itself. */
export function localAfter(position: Position): Position {
  const [ms, sequence, local] = fields(position);
  return `${positionOf(ms, sequence)}+${pad(local + 1, 10)}`;
}

/** As people and answers see it: `1763931000000-0`, or `1763931000000-0+1` when counted locally. */
export function showPosition(position: Position): string {
  const [ms, sequence, local] = fields(position);
  return local === 0 ? `${ms}-${sequence}` : `${ms}-${sequence}+${local}`;
}

/** A position as callers carry it from one process to another: it means something in its own era alone. */
export type Token = { readonly era: string; readonly position: Position };

/** Such as `198fclf45546:1763931000000-0`. */
export function showToken({ era, position }: Token): string {
  return `${era}:${showPosition(position)}`;
}

/** @returns Undefined for what no process has shown. */
export function parseToken(text: string): Token | undefined {
  const [, era, ms, sequence, local] = /^([a-z0-9-]{1,64}):(\d{1,15})-(\d{1,10})(?:\+(\d{1,10}))?$/.exec(text) ?? [];
  if (era === undefined) return undefined;
  const position = positionOf(Number(ms), Number(sequence));
  return { era, position: local === undefined ? position : `${position}+${pad(Number(local), 10)}` };
}

/** Of two that processes have shown: of two eras there is no telling, so the second. */
export function laterToken(a: string, b: string): string {
  const [one, other] = [parseToken(a), parseToken(b)];
  return one !== undefined && one.era === other?.era && one.position > other.position ? a : b;
}

/** When it was given out, in ms since the epoch by the log's clock; 0 for the beginning. */
export function timeOf(position: Position): number {
  return Number(position.slice(0, msDigits));
}

export function higher(a: Position, b: Position): Position {
  return a < b ? b : a;
}

/** Whether a position of the log, or one counted on from it, is beyond all that `local` was counted on from. */
export function isBeyond(position: Position, local: Position): boolean {
  return logPositionOf(position) > logPositionOf(local);
}

/** Whether `a` was before `b`: by era, then by position. */
export function isBefore(a: Stamp, b: Stamp): boolean {
  return a.era === b.era ? a.position < b.position : a.era < b.era;
}

function logPositionOf(position: Position): Position {
  return position.split('+')[0] as Position;
}

function fields(position: Position): [ms: number, sequence: number, local: number] {
  const [ms = 0, sequence = 0, local = 0] = position.split(/[-+]/).map(Number);
  return [ms, sequence, local];
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0');
}
