/** The tests that mutants are held against: those of the rooms that are mutated. See `stryker.config.json`. */
import { defineConfig } from 'vitest/config';
import shared from './vitest.config.ts';

export default defineConfig({
  ...shared,
  test: {
    ...shared.test,
    include: ['tests/{cache,data,upstream}/**/*.test.ts', 'tests/simulation/seeds.test.ts'],
  },
});
