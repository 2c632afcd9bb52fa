/** The faults by hand: `npm run faults -- --help`. */
import { Command, Option } from 'commander';
import { wholeNumberFrom } from '../support/whole-number.ts';
import { Course } from './course.ts';
import { openDeployment } from './deployment.ts';
import { type Fault, faultsOf } from './faults/index.ts';
import { type RedisKind, redisKinds } from './redis.ts';
import { harmIn, peakOf, type Report, tableOf } from './report.ts';

type Choice = { only: string; redis: RedisKind; seconds: number; seed: number };

await new Command('faults')
  .description(
    'Two gateways on one Redis in real traffic, under one fault after another. Prints the table of docs/testing.md; ' +
      'exits 1 when an answer was wrong or late, a fault was not told of, or all was not well again.',
  )
  .option('--only <text>', 'those alone whose name contains this', '')
  .addOption(new Option('--redis <topology>', 'what gateways share').choices(redisKinds).default('single'))
  .option('--seconds <count>', 'how long each lasts at least', wholeNumberFrom(0), 2)
  .option('--seed <seed>', 'of the traffic', wholeNumberFrom(0), 1)
  .action(runAll)
  .parseAsync();

async function runAll({ only, redis, seconds, seed }: Choice): Promise<void> {
  const chosen = faultsOf(redis).filter(({ name }) => name.includes(only));
  const reports: Report[] = [];
  let course: Course | undefined;
  for (const [index, fault] of chosen.entries()) {
    show(`${index + 1} of ${chosen.length}: ${fault.name}`);
    course ??= new Course(await openDeployment({ redis }));
    const options = { lastsMs: 1000 * seconds, seed: seed + index };
    const report = await course.run(fault, options).catch((error: Error) => fail(fault, error.message));
    show('');
    if (report === undefined) {
      // What it has left behind is no concern of the next one.
      await course.deployment.close();
      course = undefined;
      continue;
    }
    reports.push(report);
    for (const harm of harmIn(report)) fail(fault, harm);
  }
  await course?.deployment.close();
  if (reports.length > 0) console.log(`${tableOf(reports)}\n\n${peakOf(reports)}`);
}

/** A line that is written over, where somebody is looking. */
function show(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

function fail({ name }: Fault, says: string): undefined {
  process.exitCode = 1;
  console.error(`${name}: ${says}`);
}
