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
  view.listen((old, next) => journal.noteMove('catalog', { old, next }));
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
  query: fc.tuple(fc.oneof(fc.constant({}), filters), asks).map(
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
        fc.array(rows, { maxLength: 25, size: 'max' }),
        fc.array(queries, { minLength: 1, maxLength: 4 }),
        fc.array(changes, { maxLength: 12, size: 'max' }),
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
      { numRuns: 150, seed: 20261125 },
    );
    // Neither rule would be shown by a journal that always, or never, says that something changed.
    expect(held).toBeGreaterThan(dropped / 20);
    expect(dropped).toBeGreaterThan(held / 20);
  });

  const titled = (id: string, title: string, status = 'live') => {
    const day = '2026-11-23T00:00:00Z';
    return { id, title, status, start_date: day, lot_count: 1, updated_at: day };
  };

  function openTitles() {
    const { journal, view, put } = openView();
    for (const title of ['a', 'b', 'c', 'd', 'e']) put(titled(title, title));
    return { journal, view, put };
  }

  /** Whether what was kept before something was done is kept after it. */
  const keeps = ({ journal }: ReturnType<typeof openTitles>, { parts }: { parts: Parts }, act: () => void) => {
    const { position } = journal;
    act();
    return journal.isUnchanged(parts, position);
  };

  const first2: PageQuery = { first: 2, order: 'TITLE', direction: 'ASC' };

  test.each([
    ['the first rows', first2, 'e', 'c'],
    ['the first rows, backwards', { ...first2, direction: 'DESC' }, 'a', 'c'],
    ['the last rows', { last: 2, order: 'TITLE', direction: 'ASC' }, 'a', 'c'],
    ['the last rows, backwards', { last: 2, order: 'TITLE', direction: 'DESC' }, 'e', 'c'],
  ] as [string, PageQuery, string, string][])(
    'of %s is kept when a row far from them changes, not when the row beside them goes',
    (_name, query, far, beside) => {
      const titles = openTitles();
      const page = answer(titles.view, { query, counts: false });
      expect(keeps(titles, page, () => titles.put(titled(far, far, 'closed')))).toBe(true);
      // The row that tells that there are others there.
      expect(keeps(titles, page, () => titles.view.delete(beside))).toBe(false);
    },
  );

  test('that tells how many rows there are is kept when a row far from it changes, not when one comes or goes', () => {
    const titles = openTitles();
    const page = answer(titles.view, { query: first2, counts: true });
    expect(keeps(titles, page, () => titles.put(titled('e', 'e', 'closed')))).toBe(true);
    expect(keeps(titles, page, () => titles.put(titled('f', 'f')))).toBe(false);
    expect(keeps(titles, page, () => titles.view.delete('f'))).toBe(false);
  });

  test('beside another in one answer, neither of which shows the row that changed, is kept', () => {
    const titles = openTitles();
    const { view } = titles;
    const parts = new Parts();
    for (const direction of ['ASC', 'DESC'] as const) {
      const { span } = view.page({ ...first2, first: 1, direction });
      parts.add({ kind: 'page', resource: 'catalog', span, counts: false } as Part);
    }
    expect(keeps(titles, { parts }, () => titles.put(titled('c', 'c', 'closed')))).toBe(true);
    expect(keeps(titles, { parts }, () => titles.put(titled('a', 'a', 'closed')))).toBe(false);
    expect(keeps(titles, { parts }, () => titles.put(titled('e', 'e', 'closed')))).toBe(false);
  });

  test('of one resource says nothing of the rows of another', () => {
    const titles = openTitles();
    const { span } = titles.view.page(first2);
    const parts = new Parts();
    parts.add({ kind: 'page', resource: 'seller', span, counts: true } as Part);
    expect(keeps(titles, { parts }, () => titles.view.delete('a'))).toBe(true);
  });

  test('is told from what has moved since, however much has moved before', () => {
    const titles = openTitles();
    const { journal, put } = titles;
    const { parts } = answer(titles.view, { query: first2, counts: false });
    for (let round = 1; round <= 5; round++) {
      const { position } = journal;
      put(titled('a', 'a'));
      for (let time = 1; time <= 4_000; time++) put(titled('e', 'e', time % 2 ? 'live' : 'closed'));
      const says = [journal.isUnchanged(parts, position), journal.isUnchanged(parts, position + 1)];
      expect(says, `round ${round}`).toEqual([false, true]);
    }
  });

  test('of a filter, with a count, is kept while as many fit it, wherever they stand', () => {
    const titles = openTitles();
    const page = answer(titles.view, { query: { ...first2, first: 1, filter: { status: ['LIVE'] } }, counts: true });
    expect(keeps(titles, page, () => titles.put({ ...titled('e', 'e'), lot_count: 2 }))).toBe(true);
    expect(keeps(titles, page, () => titles.put(titled('e', 'e', 'closed')))).toBe(false);
    expect(keeps(titles, page, () => titles.put(titled('e', 'e', 'upcoming')))).toBe(true);
    expect(keeps(titles, page, () => titles.put(titled('e', 'e')))).toBe(false);
  });

  test('is kept when a row changes that has the key of its last, or its first, but stands beyond it', () => {
    const titles = openTitles();
    // All begin on the same day, so that they stand in the order of their ids.
    const first: PageQuery = { first: 2, order: 'START_DATE', direction: 'ASC' };
    const last: PageQuery = { last: 2, order: 'START_DATE', direction: 'ASC' };
    for (const [query, far, beside] of [
      [first, 'd', 'c'],
      [last, 'b', 'c'],
    ] as const) {
      const page = answer(titles.view, { query, counts: false });
      expect(keeps(titles, page, () => titles.put(titled(far, far, 'closed')))).toBe(true);
      expect(keeps(titles, page, () => titles.put(titled(beside, beside, 'closed')))).toBe(false);
    }
  });

  test('is kept when a row goes that was not there', () => {
    const { journal, view } = openTitles();
    const { position } = journal;
    view.delete('z');
    expect(journal.position).toBe(position);
  });
});

const row = (resource: string, id: string) => ({ kind: 'row', resource, id }) as const;

function partsOf(...parts: Part[]): Parts {
  const all = new Parts();
  for (const part of parts) all.add(part);
  return all;
}

describe('P5 no resurrection › an answer that is kept', () => {
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

  test('is told of rows alike, however often it is asked for', () => {
    const journal = new Journal();
    const parts = partsOf(row('catalog', '1'), row('seller', '2'));
    for (let time = 1; time <= 20; time++) {
      const since = journal.position;
      journal.note(row('catalog', '2'));
      expect(journal.isUnchanged(parts, since), `time ${time}`).toBe(true);
      journal.note(row('seller', '2'));
      expect(journal.isUnchanged(parts, since), `time ${time}`).toBe(false);
    }
  });

  test('is no longer the answer when a row changed that was added after it was asked for often', () => {
    const journal = new Journal();
    const parts = partsOf(row('catalog', '1'));
    for (let time = 1; time <= 20; time++) journal.note(row('catalog', '2'));
    expect(journal.isUnchanged(parts, 0)).toBe(true);
    parts.add(row('catalog', '2'));
    expect(journal.isUnchanged(parts, 0)).toBe(false);
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

  test('is no longer the answer when all of one resource may have changed that it has a row, or a page, of', () => {
    const journal = new Journal();
    const { span } = openView().view.page({ first: 1, order: 'TITLE', direction: 'ASC' });
    const rows = partsOf(row('catalog', '1'), row('seller', '2'));
    const page = partsOf({ kind: 'page', resource: 'catalog', span, counts: false } as Part);
    journal.note({ kind: 'all', resource: 'catalog' });
    expect([journal.isUnchanged(rows, 0), journal.isUnchanged(page, 0)]).toEqual([false, false]);
  });

  test('is not told from a journal that does not reach back so far', () => {
    const journal = new Journal();
    const parts = partsOf(row('catalog', '1'));
    for (let i = 0; i < 4_096; i++) journal.note(row('seller', `${i}`));
    expect(journal.isUnchanged(parts, 0)).toBe(true);
    journal.note(row('seller', 'one more'));
    expect(journal.isUnchanged(parts, 0)).toBe(false);
    expect(journal.isUnchanged(parts, 1)).toBe(true);
  });
});

describe('P5 no resurrection › an answer that is made while something is purged', () => {
  const hard = true;
  const page = () => {
    const { span } = openView().view.page({ first: 1, order: 'TITLE', direction: 'ASC' });
    return { kind: 'page', resource: 'catalog', span, counts: false } as Part;
  };

  test.each([
    ['a row of it is purged', [row('catalog', '1'), row('seller', '2')], { ...row('seller', '2'), hard }, true],
    ['a row of it changes', [row('catalog', '1')], row('catalog', '1'), false],
    ['another row is purged', [row('catalog', '1')], { ...row('catalog', '2'), hard }, false],
    ['a row of that id of another type is purged', [row('catalog', '1')], { ...row('seller', '1'), hard }, false],
    ['any row is purged of what it has a page of', [page()], { ...row('catalog', '9'), hard }, true],
    ['a row is purged of what it has no page of', [page()], { ...row('seller', '9'), hard }, false],
    ['all are purged that it has a row of', [row('catalog', '1')], { kind: 'all', resource: 'catalog', hard }, true],
    ['all are purged that it has a page of', [page()], { kind: 'all', resource: 'catalog', hard }, true],
    ['all are read anew that it has a row of', [row('catalog', '1')], { kind: 'all', resource: 'catalog' }, false],
    ['all are purged that it has nothing of', [row('catalog', '1')], { kind: 'all', resource: 'seller', hard }, false],
  ] as [string, Part[], Parameters<Journal['note']>[0], boolean][])('when %s', (_name, parts, change, isPurged) => {
    const journal = new Journal();
    const { position } = journal;
    journal.note(change);
    expect(journal.isPurged(partsOf(...parts), position)).toBe(isPurged);
    expect(journal.isPurged(partsOf(...parts), journal.position)).toBe(false);
  });

  test('is told of purges since it began, however many there were before', () => {
    const journal = new Journal();
    const parts = partsOf(row('catalog', '1'));
    for (let round = 1; round <= 5; round++) {
      const { position } = journal;
      journal.note({ ...row('catalog', '1'), hard });
      for (let time = 1; time <= 4_000; time++) journal.note({ ...row('catalog', '2'), hard });
      const says = [journal.isPurged(parts, position), journal.isPurged(parts, position + 1)];
      expect(says, `round ${round}`).toEqual([true, false]);
    }
  });
});
