/**
 * Bad input › pages of upstream: whatever stands around the rows, and whatever comes instead of JSON, a collection is
 * answered whole and right or with a coded error; nothing is asked of another origin; it ends; and it is well again
 * once upstream is.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCatalogue } from '../../src/embedded/index.ts';
import { compareRows, type RawRow } from '../data/model.ts';
import type { ManualClock } from '../support/clock.ts';
import { eventually } from '../support/redis.ts';
import { today } from '../support/world.ts';
import { type SpoilingUpstream, startSpoilingUpstream } from './spoiling-upstream.ts';
import { bytes, envelopes, type Spoil, styles } from './spoils.ts';
import { ask, globalId, type HostileWorld, runs, startHostileWorld, timeLimitMs } from './support.ts';

const document = `query ($id: ID!, $ids: [ID!]!) {
  catalogs(first: 100, orderBy: {field: TITLE}) { totalCount nodes { sourceId title } }
  catalog(id: $id) { sourceId title }
  nodes(ids: $ids) { ... on Catalog { sourceId title } }
  sellers(first: 0) { totalCount }
}`;
type Data = {
  catalogs: { totalCount: number; nodes: { sourceId: string }[] } | null;
  catalog: unknown;
  nodes: unknown[];
  sellers: unknown;
};

describe.each(styles)('bad input › pages of upstream, style %s', (style) => {
  let upstream: SpoilingUpstream;
  let world: HostileWorld<ManualClock>;
  let rowsThere: RawRow[];
  beforeAll(async () => {
    upstream = await startSpoilingUpstream();
    const collections = makeCatalogue(today, { catalogs: 12, sellers: 3 });
    rowsThere = collections.catalogs as RawRow[];
    world = await startHostileWorld({
      through: upstream,
      upstream: { collections, maxPageSize: 5, style },
      settings: { UPSTREAM_CONCURRENCY: '1' },
    });
  });
  afterAll(async () => {
    await world.close();
    await upstream.close();
  });

  const answerOf = ({ id, title }: RawRow) => ({ sourceId: String(id), title });

  const readAnew = async () => {
    await world.invalidate({ type: 'catalog', all: true, mode: 'purge' });
    await world.clock.advance(2_000);
    const variables = { id: globalId('Catalog', '1'), ids: ['2', '3'].map((id) => globalId('Catalog', id)) };
    const form = world.wellFormed(await ask(world.gateway.url, document, variables));
    expect(form.status).toBe(200);
    return { ...form, data: form.data as Data };
  };

  const wellAgain = async () => {
    upstream.spoil = undefined;
    // The breaker may be open for a second.
    await eventually(async () => (await readAnew()).codes.length === 0);
  };

  /** Answered whole and right, or not at all; and in no more requests than a drain that drifts thrice may need. */
  const check = async (spoil: Spoil, page: number, times: number, routes: readonly string[]) => {
    let left = times;
    let seen = 0;
    const where = { elsewhere: upstream.elsewhere.url, self: upstream.url };
    upstream.spoil = (said) => {
      if (!routes.includes(said.route) || left === 0) return undefined;
      // Pages of one collection come in their order.
      if (said.route === '/catalogs' && seen++ % 3 !== page) return undefined;
      left -= 1;
      return spoil(said, where);
    };
    const before = upstream.count();
    const { data, codes } = await readAnew();
    const [one, two, three] = rowsThere.slice(0, 3).map(answerOf);
    expect([null, one]).toContainEqual(data.catalog);
    expect([
      [two, three],
      [null, null],
    ]).toContainEqual(data.nodes);
    if (data.catalogs !== null) {
      // A row that upstream, asked for it, says is not there is not on the page either.
      const isGone = ({ id }: RawRow) => [data.catalog, ...data.nodes][Number(id) - 1] === null;
      const known = new Set(data.catalogs.nodes.map(({ sourceId }) => sourceId));
      const kept = rowsThere.filter((row) => known.has(String(row.id)) || !isGone(row));
      const nodes = kept.toSorted(compareRows('TITLE', 'ASC')).map(answerOf);
      expect(data.catalogs).toEqual({ totalCount: kept.length, nodes });
    }
    expect(data.sellers).toEqual({ totalCount: 3 });
    const nulls = [data.catalogs, data.catalog, ...data.nodes].filter((part) => part === null);
    // A 404 says that a row is not there, and is no error.
    expect(codes.length).toBeLessThanOrEqual(nulls.length);
    if (data.catalogs === null) expect(codes.length).toBeGreaterThan(0);
    for (const code of codes) expect(code).toMatch(/^UPSTREAM_(INVALID|UNAVAILABLE|TIMEOUT)$/);
    expect(upstream.elsewhere.hits()).toBe(0);
    expect(upstream.count() - before).toBeLessThan(40);
  };

  const times = fc.constantFrom(1, 1, Number.POSITIVE_INFINITY);
  const page = fc.nat(2);

  it(
    'with envelopes of any kind are whole, or told of',
    async () => {
      await fc.assert(
        fc.asyncProperty(envelopes(style), page, times, async (spoil, which, count) => {
          await check(spoil, which, count, ['/catalogs']);
          await wellAgain();
        }),
        runs(24),
      );
      await world.wellAfter();
    },
    timeLimitMs,
  );

  it(
    'with anything in place of JSON are whole, or told of, and so are rows by id',
    async () => {
      const routes = fc.constantFrom(
        ['/catalogs'],
        ['/catalogs/{id}', '/catalogs?ids'],
        ['/catalogs', '/catalogs/{id}', '/catalogs?ids'],
      );
      await fc.assert(
        fc.asyncProperty(bytes, page, times, routes, async (spoil, which, count, which2) => {
          await check(spoil, which, count, which2);
          await wellAgain();
        }),
        runs(20),
      );
      await world.wellAfter();
    },
    timeLimitMs,
  );
});
