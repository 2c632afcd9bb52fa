/** The checker by hand: `npm run coherence -- --help`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { evidenceOf, lackOf, percent } from './evidence.ts';
import { type Outcome, type Progress, runExperiment } from './experiment.ts';
import { faultsOf } from './faults/index.ts';
import { type RedisKind, redisKinds } from './redis.ts';
import { timelineOf } from './timeline.ts';

type Choice = {
  replicas: number;
  seconds: number;
  seed: number;
  redis: RedisKind;
  only: string;
  timeline: string;
  logs?: string;
};

/** One mistake is seen by many readers. */
const shownAtMost = 20;

await new Command('coherence')
  .description(
    'Gateways on one Redis in real traffic, under one fault after another, and every answer held against what is ' +
      'promised. Exits 1 when a promise was broken, and when too little happened to show anything.',
  )
  .option('--replicas <count>', 'gateway processes', wholeNumber, 3)
  .option('--seconds <count>', 'how long at least; every kind of fault comes once', wholeNumber, 60)
  .option('--seed <seed>', 'of traffic and faults; another one every time, when absent', wholeNumber)
  .addOption(new Option('--redis <topology>', 'what they share').choices(redisKinds).default('single'))
  .option('--only <text>', 'those faults alone whose name contains this', '')
  .option('--timeline <file>', 'where the picture goes', 'coherence.svg')
  .option('--logs <folder>', 'where what the gateways print is kept')
  .action(runAndTell)
  .parseAsync();

async function runAndTell({ seed = Date.now() % 1e6, only, timeline, logs, ...choice }: Choice): Promise<void> {
  const faults = faultsOf(choice.redis).filter(({ name }) => name.includes(only));
  if (faults.length === 0) throw new Error(`no fault has "${only}" in its name`);
  console.log(`seed ${seed}`);
  if (logs !== undefined) await mkdir(logs, { recursive: true });
  const outcome = await runExperiment({ ...choice, seed, faults, ...(logs !== undefined && { logDir: logs }) }, show);
  show();
  await writeFile(timeline, timelineOf(outcome));
  const { findings } = outcome;
  for (const { kind, says } of findings.slice(0, shownAtMost)) console.error(`${kind}: ${says}`);
  if (findings.length > shownAtMost) console.error(`and ${findings.length - shownAtMost} more`);
  const lacks = lackOf(outcome);
  for (const lack of lacks) console.error(`shows too little: ${lack}`);
  console.log(`${summaryOf(outcome)}\nthe timeline is in ${timeline}`);
  if (findings.length + lacks.length > 0) process.exitCode = 1;
}

function summaryOf(outcome: Outcome): string {
  const { counts, came, findings, marks, span, peak } = outcome;
  const { calm, good, hitRatio } = evidenceOf(outcome);
  const byFault = [...Map.groupBy(came, ({ fault }) => fault.name)].map(([name, some]) => `${some.length} × ${name}`);
  const byKind = [...Map.groupBy(findings, ({ kind }) => kind)].map(([kind, some]) => `${some.length} ${kind}`);
  const recoveries = came.map(({ overMs, wellMs }) => wellMs - overMs).sort((a, b) => a - b);
  const slowestMs = Math.max(...marks.map(({ askedMs, answeredMs }) => answeredMs - askedMs));
  const lines: [string, string][] = [
    ['lasted', `${Math.round((span.untilMs - span.fromMs) / 1_000)} s`],
    ['answers', `${marks.length}, the slowest after ${Math.round(slowestMs)} ms`],
    ['while nothing was at fault', `${calm}, of which ${percent(good / Math.max(1, calm))} fresh and trusted`],
    ['hit ratio', percent(hitRatio)],
    ['writes', `${counts.writes}; ${counts.acknowledged} of ${counts.told} changes acknowledged`],
    ['reads with a position', `${counts.behindAPosition}`],
    ['upstream reads', `${counts.rowReads} of rows, ${counts.pageReads} of pages`],
    ['held at most', `${peak.openFiles} open files, ${Math.round(peak.residentMb)} MB in a gateway`],
    ['well again after', `${Math.round(recoveries.at(-1) ?? 0)} ms at most`],
    ['faults', `${came.length}: ${byFault.join('; ')}`],
    ['violations', findings.length === 0 ? '0' : byKind.join(', ')],
  ];
  return lines.map(([name, value]) => `${name.padEnd(28)}${value}`).join('\n');
}

/** A line that is written over, where somebody is looking. */
function show(progress?: Progress): void {
  if (!process.stderr.isTTY) return;
  const { elapsedMs = 0, answers, findings, fault } = progress ?? {};
  const line = progress && `${Math.round(elapsedMs / 1_000)} s: ${answers} answers, ${findings} violations; ${fault}`;
  process.stderr.write(`\r\x1b[K${line ?? ''}`);
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number above 0.');
}
