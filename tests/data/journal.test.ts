/** P2, P5: a whole answer that is kept is what would be answered now, whatever has changed since. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Catalog, catalogs } from '../../src/catalog/catalogs.ts';
import { Journal, type Part, Parts } from '../../src/data/journal.ts';
import type { PageQuery } from '../../src/data/reader.ts';
import { View } from '../../src/data/view.ts';
import { asks, filters, rows } from './arbitraries.ts';
import type { ModelFilter, RawRow } from './model.ts';

const stamp = { era: 0, position: '' };
const times = { storedAtMs: 0, freshUntilMs: 1, staleUntilMs: 1, errorUntilMs: 1 };

function openView() {
  const journal = new Journal();
  const view = new View<Catalog>(catalogs);
  view.listen((old, next) => journal.note({ kind: 'placed', resource: 'catalog', old, next }));
  const put = (row: RawRow) => {
    const value = catalogs.endpoint.codec.decode(row);
    view.put({
      id: value.id,
      value,
      version: value.version,
      size: 1,
      from: { times, asOf: stamp, contentAsOf: stamp },
    });
  };
  return { journal, view, put };
}

/** As the resolver asks, with and without the count. */
type Ask = { query: PageQuery; counts: boolean };

function answer(view: View<Catalog>, { query, counts }: Ask) {
  const { span, totalCount, ...page } = view.page(query);
  const parts = new Parts();
  parts.add({ kind: 'page', resource: 'catalog', span, counts } as Part);
  return { parts, text: JSON.stringify(counts ? { ...page, totalCount } : page) };
}

const queries: fc.Arbitrary<Ask> = fc.record({
  counts: fc.boolean(),
  query: fc.tuple(filters, asks).map(
    ([
      filter,
      {
        order,
        direction,
        size: [end, count],
      },
    ]) => ({
      order,
      direction,
      filter: filterOf(filter),
      [end]: count,
    }),
  ),
});

function filterOf({ startsFrom, startsBefore, ...rest }: ModelFilter): Record<string, unknown> {
  return {
    ...rest,
    ...(startsFrom && { startsFrom: new Date(startsFrom) }),
    ...(startsBefore && { startsBefore: new Date(startsBefore) }),
  };
}

const changes = fc.oneof(
  { weight: 3, arbitrary: rows.map((row) => ({ row })) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 30 }).map((id) => ({ id: `${id}` })) },
);

describe('P5 no resurrection › a page that is kept', () => {
  test('is the page that would be cut now, as long as nothing of it has changed', () => {
    let held = 0;
    let dropped = 0;
    fc.assert(
      fc.property(
        fc.array(rows, { maxLength: 25 }),
        fc.array(queries, { minLength: 1, maxLength: 4 }),
        fc.array(changes, { maxLength: 12 }),
        (before, asked, then) => {
          const { journal, view, put } = openView();
          for (const row of before) put(row);
          const kept = asked.map((ask) => ({ ask, position: journal.position, ...answer(view, ask) }));
          for (const change of then) {
            if ('row' in change) put(change.row);
            else view.delete(change.id);
            for (const { ask, parts, position, text } of kept) {
              if (!journal.isUnchanged(parts, position)) {
                dropped++;
                continue;
              }
              held++;
              expect(text).toBe(answer(view, ask).text);
            }
          }
        },
      ),
      { numRuns: 600, seed: 20261125 },
    );
    // Neither rule would be shown by a journal that always, or never, says that something changed.
    expect(held).toBeGreaterThan(dropped / 20);
    expect(dropped).toBeGreaterThan(held / 20);
  });

  test('of rows far from the change is kept', () => {
    const { journal, view, put } = openView();
    const row = (id: string, title: string, status = 'live') => ({
      id,
      title,
      status,
      start_date: '2026-11-23T00:00:00Z',
      lot_count: 1,
      updated_at: '2026-11-23T00:00:00Z',
    });
    for (const title of ['a', 'b', 'c', 'd', 'e']) put(row(title, title));
    const query: PageQuery = { first: 2, order: 'TITLE', direction: 'ASC' };
    const page = answer(view, { query, counts: false });
    const counted = answer(view, { query, counts: true });
    const { position } = journal;
    put(row('e', 'e', 'closed'));
    expect(journal.isUnchanged(page.parts, position)).toBe(true);
    put(row('f', 'f'));
    expect(journal.isUnchanged(page.parts, position)).toBe(true);
    expect(journal.isUnchanged(counted.parts, position)).toBe(false);
    // The row that tells that there is a next page.
    view.delete('c');
    expect(journal.isUnchanged(page.parts, position)).toBe(false);
  });
});

describe('P5 no resurrection › an answer that is kept', () => {
  const row = (resource: string, id: string) => ({ kind: 'row', resource, id }) as const;
  const partsOf = (...parts: Part[]) => {
    const all = new Parts();
    for (const part of parts) all.add(part);
    return all;
  };

  test('is no longer the answer when a row of it changed, of that resource', () => {
    const journal = new Journal();
    const parts = partsOf(row('catalog', '1'), row('seller', '2'));
    journal.note(row('catalog', '2'));
    journal.note(row('seller', '1'));
    expect(journal.isUnchanged(parts, 0)).toBe(true);
    journal.note(row('seller', '2'));
    expect(journal.isUnchanged(parts, 0)).toBe(false);
    expect(journal.isUnchanged(parts, journal.position)).toBe(true);
  });

  test('is no longer the answer when all of a resource may have changed that it has anything of', () => {
    const journal = new Journal();
    const parts = partsOf(row('catalog', '1'));
    journal.note({ kind: 'all', resource: 'seller' });
    journal.note({ kind: 'all', resource: 'cat' });
    expect(journal.isUnchanged(parts, 0)).toBe(true);
    journal.note({ kind: 'all', resource: 'catalog' });
    expect(journal.isUnchanged(parts, 0)).toBe(false);
  });

  test('is not told from a journal that does not reach back so far', () => {
    const journal = new Journal();
    const parts = partsOf(row('catalog', '1'));
    for (let i = 0; i < 4_096; i++) journal.note(row('seller', `${i}`));
    expect(journal.isUnchanged(parts, 0)).toBe(true);
    journal.note(row('seller', 'one more'));
    expect(journal.isUnchanged(parts, 0)).toBe(false);
  });
});
