/** The texts of all rows as one: what a search finds is what asking each row would have found. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TextIndex } from '../../src/data/text-index.ts';

type Row = { text: string };

const textOf = ({ text }: Row) => text;
const rowOf = (text: string): Row => ({ text });
/** Short texts of few letters, so that one is often found in another, at its ends, and more than once. */
const texts = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '🎸'), maxLength: 5 });

/** A row that comes, one that goes, or one that becomes another; which one, by number. */
const changes = fc.array(fc.record({ old: fc.option(fc.nat()), next: fc.option(texts.map(rowOf)) }));

describe('a search', () => {
  test('finds every row that holds the text once, whatever came and went', () => {
    fc.assert(
      fc.property(fc.array(texts.map(rowOf)), changes, texts, (before, coming, text) => {
        const rows = new Set(before);
        const index = new TextIndex(before, textOf);
        for (const { old, next } of coming) {
          const gone = old === null ? undefined : [...rows][old % rows.size];
          index.replace(gone, next ?? undefined);
          if (gone !== undefined) rows.delete(gone);
          if (next !== null) rows.add(next);
        }
        const found = index.find(text);
        const holding = new Set([...rows].filter((row) => row.text.includes(text)));
        // The very rows: one that is gone may have had the same text.
        expect([...holding.symmetricDifference(new Set(found))]).toEqual([]);
        expect(found).toHaveLength(new Set(found).size);
      }),
    );
  });

  test('of several lines misses no row, though it may find one that ends where another begins', () => {
    const [one, other, both] = ['a', 'b', 'a\nb'].map(rowOf) as [Row, Row, Row];
    const index = new TextIndex([one, other, both], textOf);
    expect(index.find('a\nb')).toContain(both);
    expect(index.find('a\nb')).not.toContain(other);
  });

  test('without rows finds none', () => {
    expect(new TextIndex<Row>([], textOf).find('a')).toEqual([]);
  });
});

test('an index is worn after a thousand changes, and not before', () => {
  const rows = Array.from({ length: 1_000 }, () => rowOf('a'));
  const index = new TextIndex(rows, textOf);
  for (const row of rows) index.replace(row, undefined);
  expect(index.isWorn).toBe(false);
  index.replace(undefined, rowOf('a'));
  expect(index.isWorn).toBe(true);
});
