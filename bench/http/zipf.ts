/** Chance as requests have it: a few things are asked for most of the time. */
import type { Random } from '../../src/embedded/random.ts';

/**
 * Zipf's law: the second comes half as often as the first, the third a third as often.
 *
 * @returns Picks an index below `count`.
 */
export function zipf(count: number, random: Random): () => number {
  const sums: number[] = [];
  let sum = 0;
  for (let rank = 1; rank <= count; rank++) {
    sum += 1 / rank;
    sums.push(sum);
  }
  return () => {
    const at = random() * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sums[middle] as number) > at) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
