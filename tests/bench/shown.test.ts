/** `docs/performance.md` says what the results say, of those that there are. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { shown } from '../../bench/shown.ts';
import { replaceBlocks } from '../../bench/support/blocks.ts';

describe('the page about performance', () => {
  const page = readFileSync('docs/performance.md', 'utf8');

  it.each(shown())('has a place for each block of $title, and in it what the results say', ({ blocks, pictures }) => {
    expect(replaceBlocks(page, blocks)).toBe(page);
    for (const [name, picture] of pictures) expect(readFileSync(`docs/images/${name}`, 'utf8')).toBe(picture);
  });

  it('would be seen to say something else', () => {
    const [first] = shown().flatMap(({ blocks }) => [...blocks.keys()]);
    expect(replaceBlocks(page, new Map([[String(first), 'something else']]))).not.toBe(page);
  });
});
