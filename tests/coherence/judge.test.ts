/** The judge can fail: each kind of wrong answer is noticed, and the right one beside it is not. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { CatalogRow } from './catalogue.ts';
import { Courtroom, onError, other, own } from './courtroom.ts';
import { type Question, type ShownRow, shownOf } from './questions.ts';
import type { Answer } from './record.ts';
import { ages, coherenceMs, requestTimeoutMs, secrets } from './settings.ts';

const asked: Question = { kind: 'row', id: '7' };
const wrong = (text: string | RegExp) => [expect.stringMatching(text)];

let court: Courtroom;
beforeEach(() => {
  court = new Courtroom();
});

describe('P1 types survive › a row', () => {
  it('as it is passes', () => {
    expect(court.verdictOnRow(court.rewrite().new)).toEqual([]);
  });

  it('that never was is noticed', () => {
    expect(court.verdictOnRow({ ...court.rewrite().new, lot_count: 999 })).toEqual(wrong('which never was'));
  });

  it('of another id is noticed', () => {
    expect(court.verdictOnRow(court.catalogue.now('8') as CatalogRow)).toEqual(wrong('which never was'));
  });

  const fields = ['id', 'title', 'status', 'startDate', 'endDate', 'location', 'updatedAt', 'seller'] as const;
  it.each(fields)('with the %s of another version is noticed', (field) => {
    const row = shownOf(court.rewrite().new);
    const torn: ShownRow = { ...row, [field]: field === 'seller' ? null : 'of another' };
    expect(court.verdictOn(asked, { catalog: torn })).toEqual(wrong(`with another ${field}$`));
  });
});

describe('P6 bounded age › a row', () => {
  it('that changed unheard passes for as long as it may be stale', () => {
    const { old } = court.rewrite();
    court.nowMs += ages.staleMs;
    expect(court.verdictOnRow(old)).toEqual([]);
  });

  it('that is older is noticed', () => {
    const { old } = court.rewrite();
    court.nowMs += ages.staleMs + 1_000;
    expect(court.verdictOnRow(old)).toEqual(wrong(/^wrong: P5\/P6: 7 of 7, which was over 4000 ms before/));
  });

  it('that is deleted is noticed, as is one that is said not to be there and is', () => {
    const { new: row } = court.rewrite();
    expect(court.verdictOnRow(null)).toEqual(wrong('is said not to be there'));
    court.catalogue.remove('7');
    court.nowMs += ages.staleMs + 1_000;
    expect(court.verdictOnRow(row)).toEqual(wrong('which was over'));
    expect(court.verdictOnRow(null)).toEqual([]);
  });

  it('may be said not to be there for 5 s after it came', () => {
    court.catalogue.put('21');
    const verdictOnNothing = () => court.verdictOn({ kind: 'row', id: '21' }, { catalog: null });
    court.nowMs += ages.notFoundMs;
    expect(verdictOnNothing()).toEqual([]);
    court.nowMs += 1_000;
    expect(verdictOnNothing()).toEqual(wrong('is said not to be there'));
  });

  it('that is older passes on error, while upstream fails and within its window', () => {
    const { old } = court.rewrite();
    court.nowMs += ages.staleMs + 1_000;
    expect(court.verdictOnRow(old, { cacheStatus: onError })).toEqual(wrong('P7: on error, and upstream can be read'));
    court.failing = true;
    expect(court.verdictOnRow(old, { cacheStatus: onError })).toEqual([]);
    expect(court.verdictOnRow(old)).toEqual(wrong('which was over'));
    court.nowMs += ages.errorMs;
    expect(court.verdictOnRow(old, { cacheStatus: onError })).toEqual(wrong('which was over'));
  });
});

describe('P6 bounded age › a row from before an acknowledged change', () => {
  let old: CatalogRow;
  beforeEach(() => {
    ({ old } = court.rewrite());
    court.nowMs += 10;
  });

  it('is noticed at the process that acknowledged it', () => {
    court.tell();
    expect(court.verdictOnRow(old)).toEqual(wrong('change told to 0'));
  });

  it('is noticed at another from COHERENCE_MS on', () => {
    court.tell();
    court.nowMs += coherenceMs - 10;
    expect(court.verdictOnRow(old, { by: other })).toEqual([]);
    court.nowMs += 10;
    expect(court.verdictOnRow(old, { by: other })).toEqual(wrong('change told to 0'));
  });

  it('passes at another that says it is cut off, and at one that was not told at all', () => {
    court.tell({ acknowledgedMs: Number.POSITIVE_INFINITY, knownElsewhereMs: Number.POSITIVE_INFINITY });
    expect(court.verdictOnRow(old)).toEqual([]);
    court.tell();
    court.nowMs += coherenceMs;
    court.degraded = true;
    expect(court.verdictOnRow(old, { by: other })).toEqual([]);
    expect(court.verdictOnRow(old)).toEqual(wrong('change told to 0'));
  });

  it('binds the process alone that could not tell the others, until it could, or until it ended', () => {
    const change = court.tell({ knownElsewhereMs: Number.POSITIVE_INFINITY });
    court.nowMs += coherenceMs;
    expect(court.verdictOnRow(old, { by: other })).toEqual([]);
    expect(court.verdictOnRow(old, { by: { replica: 0, life: 2 } })).toEqual([]);
    expect(court.verdictOnRow(old)).toEqual(wrong('change told to 0'));
    change.knownElsewhereMs = court.nowMs - coherenceMs;
    expect(court.verdictOnRow(old, { by: other })).toEqual(wrong('change told to 0'));
  });

  it('passes where upstream lags behind itself, and no longer than it does', () => {
    court.tell();
    court.lagMs = 20;
    expect(court.verdictOnRow(old)).toEqual([]);
    court.lagMs = 5;
    expect(court.verdictOnRow(old)).toEqual(wrong('change told to 0'));
  });

  it('passes on error, unless it was purged', () => {
    court.failing = true;
    court.tell();
    expect(court.verdictOnRow(old, { cacheStatus: onError })).toEqual([]);
    court.tell({ purge: true });
    expect(court.verdictOnRow(old, { cacheStatus: onError })).toEqual(wrong('purge told to 0'));
  });
});

describe('P5 no resurrection › a row that was purged', () => {
  let old: CatalogRow;
  beforeEach(() => {
    ({ old } = court.rewrite());
    court.failing = true;
    court.nowMs += 10;
    court.tell({ purge: true });
    court.nowMs += coherenceMs;
  });

  it('is noticed on error at every process', () => {
    expect(court.verdictOnRow(old, { cacheStatus: onError })).toEqual(wrong('purge told to 0'));
    expect(court.verdictOnRow(old, { cacheStatus: onError, by: other })).toEqual(wrong('purge told to 0'));
  });

  it('passes on error at another whose log was lost before it had to be read, and there alone, until it is told again', () => {
    court.inAnotherEra = true;
    expect(court.verdictOnRow(old, { cacheStatus: onError, by: other })).toEqual([]);
    expect(court.verdictOnRow(old, { by: other })).toEqual(wrong('purge told to 0'));
    expect(court.verdictOnRow(old, { cacheStatus: onError })).toEqual(wrong('purge told to 0'));
    court.nowMs += 2 * coherenceMs;
    expect(court.verdictOnRow(old, { cacheStatus: onError, by: other })).toEqual(wrong('purge told to 0'));
    court.ownWasAway = true;
    expect(court.verdictOnRow(old, { cacheStatus: onError, by: other })).toEqual([]);
  });
});

describe('P5 no resurrection › a row', () => {
  it('that goes back at one process is noticed, though both versions are young enough', () => {
    const rows = court.rewrite();
    expect(court.verdictOnRow(rows.new)).toEqual([]);
    court.nowMs += 1;
    expect(court.verdictOnRow(rows.old, { by: other })).toEqual([]);
    expect(court.verdictOnRow(rows.old)).toEqual(wrong('P5: 7 went back to 7'));
  });

  it('may go back where it was deleted or purged meanwhile, or the newer was not kept', () => {
    const { old, new: row } = court.rewrite();
    expect(court.verdictOnRow(row, { cacheStatus: 'Vitrine; fwd=miss' })).toEqual([]);
    court.nowMs += 1;
    expect(court.verdictOnRow(old)).toEqual([]);
    expect(court.verdictOnRow(row, { by: other })).toEqual([]);
    court.nowMs += 1;
    court.tell({ by: other, purge: true, beganMs: court.nowMs - 10 });
    expect(court.verdictOnRow(old, { by: other })).toEqual([]);
  });
});

describe('P7 degrades, never dies › an answer', () => {
  const error = (of: { code?: string; requestId?: string; message?: string; path?: unknown[] } = {}) => {
    const { code = 'UPSTREAM_UNAVAILABLE', requestId = 'r1', message = 'Not available.', path = ['catalog'] } = of;
    return { message, path, extensions: { code, requestId } };
  };
  const failed = 'Vitrine; fwd=miss; detail=upstream_unavailable';
  const verdictOnError = (of: Parameters<typeof error>[0] = {}, data: unknown = { catalog: null }) =>
    court.verdictOn(asked, data, { cacheStatus: failed, errors: [error(of)] });

  it('that says in which way upstream fails passes while it does, and is noticed when it does not', () => {
    expect(verdictOnError()).toEqual(wrong('P7: on error, and upstream can be read'));
    court.failing = true;
    expect(verdictOnError()).toEqual([]);
  });

  it('of a page passes while a gateway has given up on a collection that went on changing, and for no other reason', () => {
    const page: Question = { kind: 'page', page: { order: 'TITLE', direction: 'ASC', filter: {}, take: { first: 5 } } };
    const onPage = () =>
      court.verdictOn(page, { catalogs: null }, { cacheStatus: failed, errors: [error({ path: ['catalogs'] })] });
    const notAtFault = wrong('P7: on error, and upstream can be read');
    court.drifts.push(court.nowMs);
    for (const id of ['1', '2']) court.catalogue.remove(id);
    court.catalogue.put('3');
    expect(onPage()).toEqual(notAtFault);
    court.catalogue.put('21');
    expect(onPage()).toEqual([]);
    expect(verdictOnError()).toEqual(notAtFault);
    court.nowMs += 2_000;
    expect(onPage()).toEqual(notAtFault);
  });

  it.each<[string, Parameters<typeof verdictOnError>]>([
    ['has another code', [{ code: 'INTERNAL_SERVER_ERROR' }]],
    ['is of another request', [{ requestId: 'r2' }]],
    ['tells of an address', [{ message: 'connect ECONNREFUSED 127.0.0.1:5000' }]],
    ['stands where there is a value', [{}, { catalog: { lotCount: 7 } }]],
    ['stands nowhere', [{ path: [] }]],
  ])('whose error %s is noticed', (_name, of) => {
    court.failing = true;
    expect(verdictOnError(...of)).toContainEqual(expect.stringMatching('P7: an error|P7: the error'));
  });

  it('without a status, with a secret, or with another Cache-Status than there is, is noticed', () => {
    const { new: row } = court.rewrite();
    expect(court.verdictOnRow(row, { status: 500 })).toEqual(wrong('P7: 500'));
    expect(court.verdictOnRow(row, { cacheStatus: 'Vitrine; maybe' })).toEqual(wrong('P8: Cache-Status is'));
    expect(court.verdictOn(asked, { catalog: shownOf(row), more: secrets.redis })).toEqual(wrong('P7: a secret'));
  });

  it('that is late is noticed, unless the process could not run', () => {
    const { new: row } = court.rewrite();
    const tookMs = requestTimeoutMs + 1_500;
    expect(court.verdictOnRow(row, { tookMs })).toEqual([`late: P7: answered after ${tookMs} ms`]);
    court.away = true;
    expect(court.verdictOnRow(row, { tookMs })).toEqual([]);
  });

  it('that never comes is noticed, unless the process could not run', () => {
    const cut: Answer = {
      by: own,
      question: asked,
      askedMs: court.nowMs,
      answeredMs: court.nowMs + 1,
      reply: { cut: 'reset' },
    };
    expect(court.verdict(cut)).toEqual(['wrong: P7: no answer: reset']);
    court.away = true;
    expect(court.verdict(cut)).toEqual([]);
  });
});
