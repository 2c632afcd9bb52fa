/** What the simulator shows; by hand and for more seeds: `npm run simulate`. How it works: `simulation.ts`. */
import { beforeAll, describe, expect, test } from 'vitest';
import { type ManyResult, simulateMany } from './many.ts';
import { mutations } from './mutations.ts';
import { simulate } from './simulation.ts';

const seeds = 2_000;
const operations = 200;

/** Every way through the protocol that the runs must have taken, else they show less than they say. */
const branches = [
  'coherence.degraded',
  'coherence.recovered',
  'coherence.era, away',
  'era: first',
  'era: failover',
  'era: flush',
  'era: control deleted',
  'era: log deleted',
  'append refused',
  'kept record appended',
  'purge told again',
  'change acknowledged',
  'change deferred',
  'purge acknowledged',
  'purge deferred',
  'reset acknowledged',
  'reset deferred',
  'lease granted',
  'lease held',
  'lease failed',
  'rejected: item lease_lost',
  'rejected: items lease_lost',
  'rejected: item invalidated',
  'rejected: items invalidated',
  'rejected: item older_version',
  'rejected: items older_version',
  'rejected: item undecodable',
  'rejected: items undecodable',
  'refused: usable',
  'refused: takeIn',
  'refused: joinable',
  'refused: stillValid',
  'refused: isCurrent',
  'refused: patch',
  'refused: base isValid',
  'refused: base takeFound',
  'refused: base joinable',
  'refused: base install',
  'purged: isPurged',
  'purged: serves',
  'purged: endPurged',
  'purged: resultOf',
  'cache.fallback',
  'drain drifted',
  'page with a patched row',
  'item coalesced from upstream',
  'item negative from memory',
  'item negative from store',
  'item stale from memory',
  'item stale from store',
  'item stale from view',
  'item stale_if_error from memory',
  'item stale_if_error from view',
  'items coalesced from upstream',
  'items hit from store',
  'items stale from view',
  'items stale_if_error from view',
];

/**
 * Rules of the protocol, and a seed that notices when each is taken out: `npm run simulate -- --mutations` finds them
 * anew. What no seed notices, with the reason, is in `docs/testing.md`.
 */
const noticed: [rule: string, seed: number][] = [
  ['valid() in memory', 1],
  ['valid() at the store read', 4],
  ['valid() at joining a flight', 146],
  ['valid() at install of a row', 4],
  ['valid() of the view as a whole', 1],
  ['valid() when a change marks rows dirty', 1],
  ['valid() when a row patches the view', 4],
  ['purged() anywhere', 2],
  ['trusted', 2],
  ['the era in keys', 1],
  ['the kept records', 49],
  ['purges told again', 1_457],
  ['a new era on another server', 1],
  ['leases', 5],
  ['the lease check of commits', 1_295],
  ['versions (never back)', 5],
  ['the take-over of leases', 254],
  ['deleting purged values in the store', 1_530],
  ['one clock', 10],
];

describe(`the engine in ${seeds} simulated worlds`, () => {
  let result: ManyResult;
  beforeAll(async () => {
    result = await simulateMany({ from: 1, seeds, operations });
  }, 600_000);

  test('keeps every promise', () => {
    expect(result.violations).toEqual([]);
  });

  test.each(branches)('has been through: %s', (branch) => {
    expect(result.branches.get(branch) ?? 0).toBeGreaterThan(0);
  });
});

/** Of a hundred thousand, those that broke a promise of an engine before this one. */
const found = [1_169, 20_028, 20_216, 23_661, 50_428, 59_941, 63_723, 64_131, 77_313];

test.each(found)('the engine keeps every promise in a world that it once broke one in: seed %i', async (seed) => {
  expect((await simulate({ seed, operations })).violation).toBeUndefined();
});

describe('the simulator', () => {
  test.each([1, 2, 5])('goes the same way for the same seed: %i', async (seed) => {
    const [first, second] = [await simulate({ seed, operations }), await simulate({ seed, operations })];
    expect(second.hash).toBe(first.hash);
    expect((await simulate({ seed: seed + 1, operations })).hash).not.toBe(first.hash);
  });

  test.each(noticed)(
    'notices when this is taken out: %s',
    async (without, seed) => {
      expect(mutations).toHaveProperty([without]);
      const { violations } = await simulateMany({ from: seed, seeds: 1_000, operations, without, onlyFirst: true });
      expect(violations).not.toEqual([]);
    },
    120_000,
  );
});
