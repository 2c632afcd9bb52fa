/** The memory tier: one bound for all namespaces, and each sees its own rows alone. */
import { describe, expect, test } from 'vitest';
import { type Entry, timesFrom } from '../../src/cache/entry.ts';
import { MemoryTier } from '../../src/cache/memory.ts';
import { BEGINNING } from '../../src/cache/position.ts';

const asOf = { era: 1, position: BEGINNING };

function entryOf(value: string, size = 100): Entry<string> {
  const times = timesFrom(0, { freshMs: 1, staleMs: 1, errorMs: 1 });
  return { ...times, value, version: undefined, asOf, contentAsOf: asOf, size };
}

/** Two namespaces that know the same ids, one of whose names begins with the other's. */
function open() {
  const memory = new MemoryTier({ maxBytes: 10_000 });
  const [cats, catalogs] = [memory.part<string>('cat'), memory.part<string>('catalog')];
  for (const id of ['1', '2']) {
    cats.set(id, entryOf(`cat ${id}`));
    catalogs.set(id, entryOf(`catalog ${id}`));
  }
  const values = (part: typeof cats) => [...part.entries()].map(([id, { value }]) => [id, value]).sort();
  return { memory, cats, catalogs, values };
}

describe('the memory of a process', () => {
  test('gives each namespace its own rows, by their ids', () => {
    const { cats, catalogs, values } = open();
    expect([cats.get('1')?.value, catalogs.get('1')?.value, cats.get('3')]).toEqual(['cat 1', 'catalog 1', undefined]);
    expect(values(cats)).toEqual([
      ['1', 'cat 1'],
      ['2', 'cat 2'],
    ]);
  });

  test('loses what one namespace throws away, and nothing else', () => {
    const { cats, catalogs, values } = open();
    cats.delete('1');
    catalogs.deleteWhere((id, { value }) => id === '2' && value === 'catalog 2');
    expect(values(cats)).toEqual([['2', 'cat 2']]);
    expect(values(catalogs)).toEqual([['1', 'catalog 1']]);
  });

  test('holds no more than its bound: the least recently used go first, and it tells how much that is', () => {
    const { memory, cats } = open();
    const before = memory.bytes;
    expect(before).toBeGreaterThan(0);
    for (let id = 10; id < 40; id++) {
      cats.set(String(id), entryOf('more'));
      cats.get('1');
    }
    expect(memory.bytes).toBeGreaterThan(before);
    expect(memory.bytes).toBeLessThanOrEqual(10_000);
    expect([cats.get('1')?.value, cats.get('2')]).toEqual(['cat 1', undefined]);
  });

  test('counts long rows for more than short ones', () => {
    const { memory, cats } = open();
    const added = (size: number) => {
      const before = memory.bytes;
      cats.set(`of ${size}`, entryOf('row', size));
      return memory.bytes - before;
    };
    expect(added(1_100) - added(100)).toBeGreaterThan(1_000);
  });
});
