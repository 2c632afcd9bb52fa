/** Vitrine's cache engine beside others, without HTTP: `npm run bench:engines -- --help`. */
import { writeFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { type RunningRedis, startRedis } from '../../tests/support/redis.ts';
import { wholeNumberFrom } from '../../tests/support/whole-number.ts';
import { machine, versionOf, versionOfVitrine } from '../support/machine.ts';
import { installPeers, peerVersions } from '../support/peers.ts';
import { type Chosen, chosenEngines, chosenWorks, everything, peers, workNames } from './choices.ts';
import { type Subject, subjects } from './engines.ts';
import { Progress } from './progress.ts';
import type { EngineResults } from './results.ts';
import { run } from './run.ts';

type Choice = { only: Chosen; engines: readonly Subject[]; rounds: number; ms: number; out: string };

/** Far more rows than memory holds, so that what is asked for in turn is never in it. */
const rowCount = 5_000;
const memoryRows = 500;
const herd = { processes: 4, callers: 1_000, latencyMs: 50 };

await new Command('bench:engines')
  .description(
    "Vitrine's cache engine beside others, each as memory over a real Redis: how long rows take from either, how often " +
      'a stampede reads upstream, and what is kept when an invalidation comes during a fill. Needs redis-server.',
  )
  .addOption(
    new Option('--only <works>', `which work, parted by commas, of ${workNames.join(', ')}`)
      .argParser(chosenWorks)
      .default(everything, 'all'),
  )
  .addOption(
    new Option(
      '--engines <names>',
      `which others, by how their names begin, or none: ${peers.map(({ name }) => name).join(', ')}`,
    )
      .argParser(chosenEngines)
      .default(subjects, 'all'),
  )
  .option('--rounds <count>', 'how often each is measured', wholeNumberFrom(1), 5)
  .option('--ms <count>', 'how long, each time; as long before it to warm up', wholeNumberFrom(1), 2_000)
  .option('--out <file>', 'where the figures go', 'bench/results/engines.json')
  .action(bench)
  .parseAsync();

async function bench({ only, engines, rounds, ms, out }: Choice): Promise<void> {
  if (engines.some(({ kind }) => kind === 'peer')) installPeers();
  // Whatever was started ends with this process.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  const redis = await startRedis();
  const about = {
    measuredOn: new Date().toISOString().slice(0, 10),
    machine: machine(),
    versions: await versionsOf(engines, redis),
    command: ['npm run bench:engines --', ...process.argv.slice(2)].join(' '),
    amount: { ms, warmMs: ms, rowCount, memoryRows },
    herd,
  };
  try {
    let round = 0;
    for await (const found of run(redis, { ...about, ...only, subjects: engines, rounds }, new Progress())) {
      round += 1;
      write(out, { ...about, rounds: round, ...found });
    }
  } finally {
    await redis.stop();
  }
  console.log(`written to ${out}; npm run bench:page shows it on docs/performance.md`);
}

function write(out: string, results: EngineResults): void {
  writeFileSync(out, `${JSON.stringify(results, null, 2)}\n`);
}

async function versionsOf(engines: readonly Subject[], redis: RunningRedis): Promise<Record<string, string>> {
  const info = await redis.send<string>('INFO', 'server');
  const pinned = peerVersions();
  const packages = new Set(engines.flatMap(({ packages }) => packages));
  return {
    vitrine: versionOfVitrine(),
    node: process.versions.node,
    redis: String(/redis_version:(\S+)/.exec(info)?.[1]),
    '@redis/client': versionOf('@redis/client'),
    ...Object.fromEntries([...packages].map((name) => [name, String(pinned[name])])),
  };
}
