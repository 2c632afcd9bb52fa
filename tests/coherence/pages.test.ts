/** Of pages the judge notices what is wrong, and lets pass what a model of its own cuts. */
import { beforeEach, describe, expect, it } from 'vitest';
import { keepOf, modelPage } from '../data/model.ts';
import type { CatalogRow } from './catalogue.ts';
import { Courtroom } from './courtroom.ts';
import { type PageQuestion, type ShownPage, shownOf } from './questions.ts';
import { ages } from './settings.ts';

const question: PageQuestion = { order: 'TITLE', direction: 'ASC', filter: {}, take: { first: 10 } };
const wrong = (text: string | RegExp) => [expect.stringMatching(text)];

let court: Courtroom;
beforeEach(() => {
  court = new Courtroom();
});

/** The page as it is now. */
function page(of: Partial<PageQuestion> = {}): ShownPage {
  const { order, direction, filter, take, after } = { ...question, ...of };
  const { status, sellerId, titleContains, startsFromMs, startsBeforeMs } = filter;
  const keep = keepOf({
    ...(status && { status }),
    ...(sellerId && { sellerId }),
    ...(titleContains && { titleContains }),
    ...(startsFromMs && { startsFrom: new Date(startsFromMs).toISOString() }),
    ...(startsBeforeMs && { startsBefore: new Date(startsBeforeMs).toISOString() }),
  });
  const cut = modelPage(court.catalogue.present, {
    ...take,
    ...(after && { after: after.row }),
    order,
    direction,
    keep,
  });
  const edges = cut.rows.map((row) => ({ cursor: `at ${row.id}`, node: shownOf(row as CatalogRow) }));
  const { hasNextPage, hasPreviousPage, totalCount } = cut;
  return withEdges({
    totalCount,
    pageInfo: { hasNextPage, hasPreviousPage, startCursor: null, endCursor: null },
    edges,
  });
}

function withEdges(shown: ShownPage, edges = shown.edges): ShownPage {
  const ends = { startCursor: edges[0]?.cursor ?? null, endCursor: edges.at(-1)?.cursor ?? null };
  return { ...shown, edges, pageInfo: { ...shown.pageInfo, ...ends } };
}

function verdictOnPage(shown: ShownPage, of: Partial<PageQuestion> = {}): string[] {
  return court.verdictOn({ kind: 'page', page: { ...question, ...of } }, { catalogs: shown });
}

describe('P2 parity, P3 complete › a page', () => {
  const asked: Partial<PageQuestion>[] = [
    {},
    { direction: 'DESC', order: 'START_DATE' },
    { take: { last: 10 }, order: 'UPDATED_AT' },
    { filter: { status: ['LIVE', 'CLOSED'] } },
    { filter: { sellerId: '2' }, take: { last: 10 } },
    { filter: { titleContains: 'amber' } },
    { filter: { titleContains: 'nothing has this' } },
    { take: { first: 100 } },
  ];
  it.each(asked)('as the model cuts it passes: %j', (of) => {
    expect(verdictOnPage(page(of), of)).toEqual([]);
  });

  it('behind a cursor passes, and one that begins before it is noticed', () => {
    const { edges } = page();
    const row = court.catalogue.now(edges.at(-1)?.node.sourceId ?? '') as CatalogRow;
    const after = { row, cursor: edges.at(-1)?.cursor ?? '' };
    expect(verdictOnPage(page({ after }), { after })).toEqual([]);
    expect(verdictOnPage(page(), { after })).toContainEqual(expect.stringMatching('does not come after the cursor'));
  });

  it('out of order is noticed', () => {
    const shown = page();
    const [first, second, ...others] = shown.edges as [ShownPage['edges'][0], ShownPage['edges'][0]];
    expect(verdictOnPage(withEdges(shown, [second, first, ...others]))).toEqual(wrong('stands behind'));
  });

  it('with a row twice is noticed', () => {
    const shown = page();
    const [first, , ...others] = shown.edges as [ShownPage['edges'][0]];
    expect(verdictOnPage(withEdges(shown, [first, first, ...others]))).toContainEqual(
      expect.stringMatching('is shown twice'),
    );
  });

  it('without one of its rows is noticed', () => {
    const shown = page();
    const [missing] = shown.edges.splice(4, 1);
    const rest = page({ take: { first: 11 } }).edges.slice(10);
    expect(verdictOnPage(withEdges(shown, [...shown.edges, ...rest]))).toEqual(
      wrong(`P2/P3: ${missing?.node.sourceId} is missing`),
    );
  });

  it('that shows a row its filter leaves out is noticed', () => {
    const of = { filter: { status: ['LIVE' as const] } };
    expect(verdictOnPage(page({ take: { first: 3 } }), of)).toContainEqual(
      expect.stringMatching('does not fit the filter'),
    );
  });

  it('with more rows than were asked for is noticed', () => {
    expect(verdictOnPage(page({ take: { first: 11 } }))).toEqual(wrong('11 rows, more than were asked for'));
  });

  it('with a row of another version, in the place of this one, is noticed', () => {
    const shown = page();
    const { old } = court.rewrite();
    const at = shown.edges.findIndex(({ node }) => node.sourceId === '7');
    const edges = at >= 0 ? shown.edges : page({ take: { first: 100 } }).edges;
    const torn = edges.map((edge) =>
      edge.node.sourceId === '7' ? { ...edge, node: { ...edge.node, lotCount: old.lot_count, title: 'aa' } } : edge,
    );
    expect(verdictOnPage({ ...shown, edges: torn }, { take: { first: 100 } })).toContainEqual(
      expect.stringMatching('P1/P2: 7 of 7 with another title'),
    );
  });

  it('that lacks a row which came long ago is noticed, and one that lacks a young one is not', () => {
    const before = page({ take: { first: 100 } });
    court.catalogue.put('21');
    expect(verdictOnPage(before, { take: { first: 100 } })).toEqual([]);
    court.nowMs += ages.notFoundMs + 1_000;
    const verdict = verdictOnPage(before, { take: { first: 100 } });
    expect(verdict).toContainEqual(expect.stringMatching('P2/P3: 21 is missing'));
    expect(verdict).toContainEqual(expect.stringMatching('totalCount is 20, not from 21 to 21'));
  });

  it.each<[string, (shown: ShownPage) => ShownPage]>([
    ['not hasNextPage', (shown) => ({ ...shown, pageInfo: { ...shown.pageInfo, hasNextPage: false } })],
    ['hasPreviousPage', (shown) => ({ ...shown, pageInfo: { ...shown.pageInfo, hasPreviousPage: true } })],
    ['endCursor', (shown) => ({ ...shown, pageInfo: { ...shown.pageInfo, endCursor: 'another' } })],
    ['totalCount is 19', (shown) => ({ ...shown, totalCount: 19 })],
  ])('that tells wrongly of what lies around it is noticed: %s', (says, spoil) => {
    expect(verdictOnPage(spoil(page()))).toContainEqual(expect.stringMatching(`P2/P3: .*${says}`));
  });
});
