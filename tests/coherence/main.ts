/** The checker by hand: `npm run coherence -- --help`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { wholeNumberFrom } from '../support/whole-number.ts';
import { lackOf } from './evidence.ts';
import { type Progress, runExperiment } from './experiment.ts';
import { faultsOf } from './faults/index.ts';
import { type RedisKind, redisKinds } from './redis.ts';
import { type SabotageName, sabotaged, sabotageNames } from './sabotage.ts';
import { describeFindings, storyOf, summaryOf } from './summary.ts';
import { timelineOf } from './timeline.ts';

type Choice = {
  replicas: number;
  seconds: number;
  seed: number;
  redis: RedisKind;
  only: string;
  without?: SabotageName;
  timeline: string;
  logs?: string;
};

await new Command('coherence')
  .description(
    'Gateways on one Redis in real traffic, under one fault after another, and every answer held against what is ' +
      'promised. Exits 1 when a promise was broken, and when too little happened to show anything.',
  )
  .option('--replicas <count>', 'gateway processes', wholeNumberFrom(1), 3)
  .option('--seconds <count>', 'how long at least; every kind of fault comes once', wholeNumberFrom(1), 60)
  .option('--seed <seed>', 'of traffic and faults; another one every time, when absent', wholeNumberFrom(1))
  .addOption(new Option('--redis <topology>', 'what they share').choices(redisKinds).default('single'))
  .option('--only <text>', 'those faults alone whose name contains this', '')
  .addOption(new Option('--without <rule>', 'what is taken out of gateways').choices(sabotageNames))
  .option('--timeline <file>', 'where the picture goes', 'coherence.svg')
  .option('--logs <folder>', 'where what the gateways print is kept, and the story of the run')
  .action(runAndTell)
  .parseAsync();

async function runAndTell(choice: Choice): Promise<void> {
  const { seed = Date.now() % 1e6, only, without, timeline, logs } = choice;
  const faults = faultsOf(choice.redis).filter(({ name }) => name.includes(only));
  if (faults.length === 0) throw new Error(`no fault has "${only}" in its name`);
  console.log(`seed ${seed}`);
  if (logs !== undefined) await mkdir(logs, { recursive: true });
  const { replicas, seconds, redis } = choice;
  const own = { ...(logs !== undefined && { logDir: logs }), ...(without && { env: sabotaged(without) }) };
  const outcome = await runExperiment({ replicas, seconds, redis, seed, faults, ...own }, show);
  show();
  await writeFile(timeline, timelineOf(outcome));
  if (logs !== undefined) await writeFile(join(logs, 'story.txt'), storyOf(outcome));
  const lacks = lackOf(outcome);
  if (outcome.findings.length > 0) console.error(describeFindings(outcome));
  for (const lack of lacks) console.error(`shows too little: ${lack}`);
  console.log(`${summaryOf(outcome)}\nthe timeline is in ${timeline}`);
  if (outcome.findings.length + lacks.length > 0) process.exitCode = 1;
}

/** A line that is written over, where somebody is looking. */
function show(progress?: Progress): void {
  if (!process.stderr.isTTY) return;
  const { elapsedMs = 0, answers, findings, fault } = progress ?? {};
  const line = progress && `${Math.round(elapsedMs / 1_000)} s: ${answers} answers, ${findings} violations; ${fault}`;
  process.stderr.write(`\r\x1b[K${line ?? ''}`);
}
