import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Apollo and graphql-tools load graphql as CommonJS; Vite would give our sources the other copy, of another realm.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    include: ['tests/**/*.test.ts', 'examples/**/*.test.ts'],
    globalSetup: ['tests/support/setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Left to itself Vitest keeps a core free, which of two is half; and much of the time is waiting for processes.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
