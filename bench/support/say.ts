/** Numbers of a deployment in words: two digits are all that a model is good for. */

export function sayCount(value: number): string {
  if (value >= 1e6) return `${round(value / 1e6)} M`;
  return value >= 1e4 ? `${round(value / 1e3)} k` : round(value);
}

export function sayBytes(value: number, digits = 2): string {
  const units = [
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3],
  ] as const;
  const [unit, by] = units.find(([, by]) => value >= by) ?? ['B', 1];
  return `${round(value / by, digits)} ${unit}`;
}

export function saySeconds(value: number): string {
  return value < 1 ? `${round(1_000 * value)} ms` : `${round(value)} s`;
}

/** Of cores: in per cent of one up to one, then how many. */
export function sayCores(value: number): string {
  return value < 1 ? `${round(100 * value)} %` : `${round(value)} cores`;
}

export function sayTimes(times: number): string {
  return `${times < 10 ? times.toFixed(1) : Math.round(times).toLocaleString('en')}×`;
}

function round(value: number, digits = 2): string {
  return Number(value.toPrecision(digits)).toLocaleString('en', { maximumSignificantDigits: digits });
}
