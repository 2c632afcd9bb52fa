/** The simulator by hand: `npm run simulate -- --help`. */
import { Command, Option } from 'commander';
import { wholeNumberFrom } from '../support/whole-number.ts';
import { type ManyResult, simulateMany } from './many.ts';
import { mutations } from './mutations.ts';
import { simulate } from './simulation.ts';

type Choice = {
  seeds: number;
  from: number;
  operations: number;
  seed?: number;
  without?: string;
  mutations?: true;
};

await new Command('simulate')
  .description(
    'The engine in simulated worlds, each from its seed. Tells how often each branch of the protocol was taken, and the ' +
      'story of the first seed that broke a promise; exits 1 when one did.',
  )
  .option('--seeds <count>', 'how many', wholeNumberFrom(0), 1_000)
  .option('--from <seed>', 'the first', wholeNumberFrom(0), 1)
  .option('--seed <seed>', 'this one alone, step by step', wholeNumberFrom(0))
  .option('--operations <count>', 'of each seed', wholeNumberFrom(0), 200)
  .addOption(new Option('--without <rule>', 'with one rule of the protocol taken out').choices(Object.keys(mutations)))
  .option('--mutations', 'a seed that notices each rule taken out')
  .action((choice: Choice) => {
    if (choice.mutations) return showMutations(choice);
    return choice.seed === undefined ? showMany(choice) : showOne(choice.seed, choice);
  })
  .parseAsync();

async function showMany(choice: Choice): Promise<void> {
  const { violations, branches, checks, steps, ms } = await simulateSome(choice);
  for (const [branch, count] of [...branches].sort())
    console.log(`${count.toLocaleString('en').padStart(13)}  ${branch}`);
  for (const { seed, violation } of violations) console.log(`seed ${seed}: ${violation}`);
  const [count, answers, done] = [choice.seeds, checks, steps].map((number) => number.toLocaleString('en'));
  console.log(
    `${count} seeds from ${choice.from}: ${violations.length} violations in ${answers} answers, ${done} steps, ${(ms / 1000).toFixed(1)} s`,
  );
  const [first] = violations;
  if (first !== undefined) await showOne(first.seed, choice);
}

async function showOne(seed: number, { operations, without }: Choice): Promise<void> {
  const mutation = without === undefined ? {} : mutations[without];
  const { story, violation, hash } = await simulate({ seed, operations, mutation, keepStory: true });
  console.log(story.join('\n'));
  console.log(`seed ${seed}, ${hash}: ${violation ?? 'every promise held'}`);
  if (violation !== undefined) process.exitCode = 1;
}

async function showMutations(choice: Choice): Promise<void> {
  console.log('| taken out | seed that notices | which says |\n|---|---|---|');
  for (const without of Object.keys(mutations)) {
    const { violations } = await simulateSome({ ...choice, without }, { onlyFirst: true });
    const [first] = violations;
    console.log(`| ${without} | ${first ? `${first.seed} | ${first.violation}` : `none of ${choice.seeds} | `} |`);
  }
}

/** With a line of progress where somebody is looking. */
async function simulateSome(
  { from, seeds, operations, without }: Choice,
  { onlyFirst = false } = {},
): Promise<ManyResult & { ms: number }> {
  const beganAtMs = performance.now();
  const show = process.stderr.isTTY ? (text: string) => void process.stderr.write(`\r\x1b[K${text}`) : () => {};
  const onProgress = (done: number) => show(`${done} of ${seeds} seeds`);
  const result = await simulateMany({ from, seeds, operations, without, onlyFirst, onProgress });
  show('');
  return { ...result, ms: performance.now() - beganAtMs };
}
