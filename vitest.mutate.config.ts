/**
 * The tests that mutants are held against: those of the rooms that are mutated. See `stryker.config.json`.
 *
 * A mutant is done with by the first test that fails: quick ones come first, and what makes them hang is noticed soon.
 */
import { defineConfig, type TestProjectConfiguration } from 'vitest/config';
import shared from './vitest.config.ts';

const withServers = ['tests/cache/redis*.test.ts', 'tests/simulation/seeds.test.ts'];

const project = (name: string, test: object): TestProjectConfiguration => ({
  ...shared,
  test: { ...shared.test, isolate: false, name, ...test },
});

export default defineConfig({
  test: {
    projects: [
      project('alone', {
        include: ['tests/{cache,data,upstream}/**/*.test.ts'],
        exclude: withServers,
        testTimeout: 2_000,
        sequence: { groupOrder: 1 },
      }),
      project('with servers', { include: withServers, sequence: { groupOrder: 2 } }),
    ],
  },
});
