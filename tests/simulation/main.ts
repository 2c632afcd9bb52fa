/**
 * The simulator by hand.
 *
 *   npm run simulate -- --seeds 1000 --from 1       many seeds, and how often each branch was taken
 *   npm run simulate -- --seed 42                   one seed, step by step
 *   npm run simulate -- --mutations                 the first seed that notices each thing taken out of the protocol
 */
import { parseArgs } from 'node:util';
import { type ManyResult, simulateMany } from './many.ts';
import { mutations } from './mutations.ts';
import { simulate } from './simulation.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    operations: { type: 'string', default: '200' },
    seed: { type: 'string' },
    without: { type: 'string' },
    mutations: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});
const [seeds, from, operations] = [values.seeds, values.from, values.operations].map(Number) as [
  number,
  number,
  number,
];
const { without } = values;

if (values.mutations) await showMutations();
else if (values.seed === undefined) await showMany();
else await showOne(Number(values.seed));

async function showOne(seed: number): Promise<void> {
  const mutation = without === undefined ? {} : (mutations[without] ?? {});
  const { story, violation, hash } = await simulate({ seed, operations, mutation, keepStory: true });
  console.log(story.join('\n'));
  console.log(`seed ${seed}, ${hash}: ${violation ?? 'every promise held'}`);
  if (violation !== undefined) process.exitCode = 1;
}

async function showMany(): Promise<void> {
  const beganAtMs = performance.now();
  const result = await simulateMany({ from, seeds, operations, without });
  if (values.verbose) showBranches(result);
  for (const { seed, violation } of result.violations) console.log(`seed ${seed}: ${violation}`);
  const seconds = ((performance.now() - beganAtMs) / 1000).toFixed(1);
  console.log(
    `${seeds} seeds from ${from}: ${result.violations.length} violations in ${result.checks} answers, ${result.steps} steps, ${seconds} s`,
  );
  if (result.violations.length > 0) process.exitCode = 1;
}

function showBranches({ branches }: ManyResult): void {
  for (const [branch, count] of [...branches].sort()) console.log(`${String(count).padStart(9)}  ${branch}`);
}

async function showMutations(): Promise<void> {
  for (const name of Object.keys(mutations)) {
    const { violations } = await simulateMany({ from, seeds, operations, without: name, onlyFirst: true });
    const [first] = violations;
    console.log(`| ${name} | ${first ? `${first.seed}: ${first.violation}` : `not in ${seeds} seeds`} |`);
  }
}
