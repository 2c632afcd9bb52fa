import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../src/cache/outcome.ts';
import { cacheStatusOf } from '../../src/server/cache-status.ts';
import { UpstreamError } from '../../src/upstream/errors.ts';
import { ask, hit, start, Things } from './support.ts';

/** Outcomes, from the best to the worst, and what is said of an answer that is made of one. */
const forms: [string, Partial<Outcome>, string][] = [
  ['a hit', { kind: 'hit', ttlMs: 41_900 }, 'Vitrine; hit; ttl=41'],
  ['a cached "not found"', { kind: 'negative', ttlMs: 3_200, ageMs: 1_800 }, 'Vitrine; hit; ttl=3'],
  ['a stale row, being refreshed', { kind: 'stale', ttlMs: -4_200 }, 'Vitrine; hit; ttl=-5'],
  ["another's read joined", { kind: 'coalesced', ttlMs: 60_000 }, 'Vitrine; fwd=miss; stored; collapsed'],
  ['a read of its own', { kind: 'miss', ttlMs: 60_000 }, 'Vitrine; fwd=miss; stored'],
  ['a read that is not kept', { kind: 'miss', ttlMs: 60_000, stored: false }, 'Vitrine; fwd=miss'],
  [
    'a stale row, upstream failing',
    { kind: 'stale_if_error', ttlMs: -90_000 },
    'Vitrine; hit; ttl=-90; detail=stale-if-error',
  ],
];

describe('P8 seen › Cache-Status', () => {
  test.each(forms)('tells of %s', async (_name, outcome, expected) => {
    const gateway = await start({ things: new Things().when('1', outcome) });
    const { headers } = await ask(gateway, '{ thing(id: 1) { name } }');
    expect(headers['cache-status']).toBe(expected);
  });

  test('tells of a part that could not be read', async () => {
    const failure = new UpstreamError('UPSTREAM_UNAVAILABLE', 'no');
    const gateway = await start({ things: new Things().when('2', failure).when('3', { kind: 'stale_if_error' }) });
    const { headers } = await ask(gateway, '{ a: thing(id: 1) { id } b: thing(id: 2) { id } c: thing(id: 3) { id } }');
    expect(headers['cache-status']).toBe('Vitrine; fwd=miss; detail=upstream_unavailable');
  });

  test('is left out when nothing was read', async () => {
    const gateway = await start();
    expect((await ask(gateway, '{ __schema { queryType { name } } }')).headers).not.toHaveProperty('cache-status');
    expect((await ask(gateway, '{ nonsense }')).headers).not.toHaveProperty('cache-status');
  });

  test('is not moved by a mistake of the caller, which reads nothing', async () => {
    const gateway = await start();
    const { headers } = await ask(gateway, '{ thing(id: 1) { id } refused { id } }');
    expect(headers['cache-status']).toBe('Vitrine; hit; ttl=41');
  });

  test('tells of the worst part, whatever the order of reading', async () => {
    const better = fc.nat(forms.length - 1);
    fc.assert(
      fc.property(better, fc.array(better), fc.nat(100), (worst, others, at) => {
        const outcomes = others.filter((other) => other < worst).map(outcomeOf);
        outcomes.splice(at % (outcomes.length + 1), 0, outcomeOf(worst));
        expect(cacheStatusOf(outcomes)).toBe(forms[worst]?.[2]);
      }),
      { seed: 9211 },
    );
  });

  test('of equal parts, tells the smallest ttl', () => {
    const ttls = [41_000, 7_000, 30_000];
    expect(cacheStatusOf(ttls.map((ttlMs) => ({ ...hit, ttlMs })))).toBe('Vitrine; hit; ttl=7');
  });

  test('says stale of what is so by less than a second', () => {
    expect(cacheStatusOf([{ ...hit, kind: 'stale', ttlMs: -1 }])).toBe('Vitrine; hit; ttl=-1');
  });
});

describe('P6 bounded age › Cache-Control', () => {
  const full = 'public, max-age=60, stale-while-revalidate=600, stale-if-error=86400';

  test('is the policy of the schema, Age that of the oldest part', async () => {
    const things = new Things().when('1', { ttlMs: 30_000, ageMs: 30_000 }).when('2', { ttlMs: 12_100, ageMs: 47_900 });
    const { headers } = await ask(await start({ things }), '{ a: thing(id: 1) { id } b: thing(id: 2) { id } }');
    expect(headers).toMatchObject({ 'cache-control': full, age: '47' });
  });

  test('is the whole policy when jitter took a tenth of it', async () => {
    const things = new Things().when('1', { ttlMs: 53_000, ageMs: 1_000 });
    const { headers } = await ask(await start({ things }), '{ thing(id: 1) { id } }');
    expect(headers['cache-control']).toBe(full);
  });

  test('ends with a part that is good for less than its policy', async () => {
    const things = new Things().when('2', { kind: 'negative', ttlMs: 3_000, ageMs: 2_500 });
    const { headers, body } = await ask(await start({ things }), '{ a: thing(id: 1) { id } b: thing(id: 2) { id } }');
    expect(body.data?.b).toBeNull();
    expect(headers['cache-control']).toBe('public, max-age=5');
  });

  test('is private, no-store on any error', async () => {
    const gateway = await start();
    const partial = await ask(gateway, '{ thing(id: 1) { id } broken { id } }');
    expect(partial.body.data?.thing).toEqual({ id: '1' });
    expect(partial.headers['cache-control']).toBe('private, no-store');
    expect(partial.headers).not.toHaveProperty('age');
    expect((await ask(gateway, '{ nonsense }')).headers['cache-control']).toBe('private, no-store');
  });

  test.each([
    ['without a policy', '{ __typename }'],
    ['with a part that may not be kept', '{ thing(id: 1) { id } uncacheable(id: 2) { id } }'],
    ['that changes something', 'mutation { touch(id: 1) { id } }'],
  ])('is private, no-store for an answer %s', async (_name, query) => {
    const { headers, body } = await ask(await start(), query);
    expect(body.errors).toBeUndefined();
    expect(headers['cache-control']).toBe('private, no-store');
  });

  test('keeps what is private out of shared caches', async () => {
    const { headers } = await ask(await start(), '{ thing(id: 1) { id } mine { id } }');
    expect(headers['cache-control']).toBe('private, max-age=30');
    expect(headers).not.toHaveProperty('age');
  });
});

function outcomeOf(form: number): Outcome {
  return { ...hit, ...forms[form]?.[1] };
}
