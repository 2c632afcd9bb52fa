/** Arguments of command lines. */
import { InvalidArgumentError } from 'commander';

/** @returns A parser for commander. */
export function wholeNumberFrom(least: 0 | 1): (text: string) => number {
  return (text) => {
    if (/^\d{1,9}$/.test(text) && Number(text) >= least) return Number(text);
    throw new InvalidArgumentError(`Expected a whole number${least === 0 ? '' : ' above 0'}.`);
  };
}
