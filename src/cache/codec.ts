/**
 * Codecs: the one place where a wire form becomes a typed value (P1).
 *
 * Upstream's JSON and the stored JSON have the same wire form, so one schema guards both borders, and only it makes a
 * `Date`. What is stored is upstream's own text; nothing is ever re-encoded.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';

/** Turns a parsed wire row into a value. */
export type Codec<T> = {
  /** Eight hex digits that change whenever the understood wire form does; part of every key. */
  readonly shape: string;
  /** @throws {CodecError} Naming the first field that does not fit. */
  decode(wire: unknown): T;
};

/** A wire form that does not fit its schema. */
export class CodecError extends Error {
  override readonly name = 'CodecError';
  /** Path of the field, such as `start_date`; empty for the row itself. */
  readonly field: string;

  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}

export function zodCodec<S extends z.ZodType>(schema: S): Codec<z.output<S>> {
  const wireSchema = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  const shape = createHash('sha256').update(JSON.stringify(wireSchema)).digest('hex').slice(0, 8);
  // Interpreted, a row takes three times as long, and leaves garbage that outlives young collections.
  const compiled = z.compile(schema);
  return {
    shape,
    decode(wire) {
      const result = compiled.safeParse(wire);
      if (result.success) return result.data;
      const [issue] = result.error.issues as [z.core.$ZodIssue];
      throw new CodecError(issue.path.join('.'), issue.message);
    },
  };
}

/** RFC 3339 text with an offset, whose year has four digits in UTC too: else it could not be written again, nor sorted. */
export const instantText = z.iso
  .datetime({ offset: true })
  .refine(hasYearOfFourDigits, { error: 'the year is not of four digits in UTC' });

function hasYearOfFourDigits(text: string): boolean {
  // An offset moves it by hours.
  if (!text.startsWith('0000') && !text.startsWith('9999')) return true;
  const year = new Date(text).getUTCFullYear();
  return year >= 0 && year <= 9999;
}

/** RFC 3339 text with an offset to a `Date`; digits finer than a millisecond are cut. A time without offset is refused. */
export const instant = z.codec(instantText, z.date(), {
  decode: (text) => new Date(text),
  encode: (date) => date.toISOString(),
});

/** An id as upstream gives it, a string or an integer, to its text form. */
export const wireId = z
  .union([z.string().regex(/^[A-Za-z0-9_-]{1,64}$/), z.int().nonnegative()])
  .transform((id) => String(id));

/**
 * A time as a version: comparing two with `<` compares by instant, then by the digits finer than a millisecond.
 *
 * @param text - RFC 3339 with an offset, already checked by a codec.
 * @returns Such as `2026-03-04T10:00:00.123Z` cut of its `Z`, with further digits behind: `2026-03-04T10:00:00.123456`.
 */
export function versionOfTime(text: string): string {
  const utc = /^(.{17}\d\d)(?:\.(\d+))?Z$/.exec(text);
  if (utc !== null) {
    const [, second, fraction = ''] = utc;
    return `${second}.${fraction.slice(0, 3).padEnd(3, '0')}${fraction.slice(3).replace(/0+$/, '')}`;
  }
  const [, finer = ''] = /\.\d{3}(\d+)/.exec(text) ?? [];
  return new Date(text).toISOString().slice(0, -1) + finer.replace(/0+$/, '');
}
