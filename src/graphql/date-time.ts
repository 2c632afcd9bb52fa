/** Times as text (RFC 3339, in UTC, with milliseconds): as `Date` writes them, in a quarter of the time. */

const dayMs = 86_400_000;
/** Rows of a page lie on few days, and those of a catalogue on some thousands. */
const daysKept = 10_000;

const daysWritten = new Map<number, string>();
const twoDigits = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'));

/** @throws {RangeError} For an invalid date. */
export function textOf(date: Date): string {
  const ms = date.getTime();
  const day = Math.floor(ms / dayMs);
  const inDay = ms - day * dayMs;
  const seconds = Math.floor(inDay / 1_000);
  const minutes = Math.floor(seconds / 60);
  const hour = twoDigits[Math.floor(minutes / 60)];
  const fraction = String(inDay % 1_000).padStart(3, '0');
  return `${textOfDay(day)}T${hour}:${twoDigits[minutes % 60]}:${twoDigits[seconds % 60]}.${fraction}Z`;
}

/** @param day - Since the epoch. */
function textOfDay(day: number): string {
  const known = daysWritten.get(day);
  if (known !== undefined) return known;
  if (daysWritten.size >= daysKept) daysWritten.clear();
  const text = new Date(day * dayMs).toISOString().slice(0, -'T00:00:00.000Z'.length);
  daysWritten.set(day, text);
  return text;
}
