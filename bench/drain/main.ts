/** How fast a collection is pulled, beside a bare client, and what memory is taken by: `npm run bench:drain -- --help`. */
import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { readConfig } from '../../src/config.ts';
import { type RunningRedis, startRedis } from '../../tests/support/redis.ts';
import { wholeNumberFrom } from '../../tests/support/whole-number.ts';
import { type MemoryPlan, runMemory } from '../memory/run.ts';
import { machine, versionOf, versionOfVitrine } from '../support/machine.ts';
import type { Paging } from './measure.ts';
import { Progress } from './progress.ts';
import type { DrainResults } from './results.ts';
import { run } from './run.ts';
import { ways } from './ways.ts';
import { type Work, worksOf } from './works.ts';

type Choice = { rounds: number; catalogs: number; out: string };

await new Command('bench:drain')
  .description(
    'How fast Vitrine pulls a whole collection over HTTP, beside a client that only pulls the same pages, and what it ' +
      'takes until a first page is served; and what rows and answers take in memory. Needs redis-server.',
  )
  .option('--rounds <count>', 'how often each is measured', wholeNumberFrom(1), 5)
  .option('--catalogs <count>', 'how many there are; a tenth of them is pulled as well', wholeNumberFrom(1), 100_000)
  .option('--out <file>', 'where the figures go', 'bench/results/drain.json')
  .action(bench)
  .parseAsync();

async function bench({ rounds, catalogs, out }: Choice): Promise<void> {
  // Whatever was started ends with this process.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  const redis = await startRedis();
  const { pageSize, concurrency } = readConfig({}).upstream;
  const paging = { pageSize, concurrency };
  const about = {
    measuredOn: new Date().toISOString().slice(0, 10),
    machine: machine(),
    versions: await versionsOf(redis),
    command: ['npm run bench:drain --', ...process.argv.slice(2)].join(' '),
    paging,
  };
  const works = worksOf(catalogs);
  try {
    const memory = await runMemory(redis, memoryPlan(works, paging), (what) => console.error(`memory: ${what}`));
    let round = 0;
    for await (const found of run(redis, { works, ways, rounds, paging }, new Progress())) {
      round += 1;
      write(out, { ...about, rounds: round, works: found, memory });
    }
  } finally {
    await redis.stop();
  }
  console.log(`written to ${out}; npm run bench:page shows it on docs/performance.md`);
}

/** Bounds that are full after some thousands. */
function memoryPlan(works: readonly Work[], paging: Paging): MemoryPlan {
  const catalogs = [...new Set(works.map(({ count }) => count))];
  return { catalogs, paging, tierBytes: 16 * 1024 ** 2, answers: { catalogs: 20_000, memoryMb: 64 } };
}

function write(out: string, results: DrainResults): void {
  writeFileSync(out, `${JSON.stringify(results, null, 2)}\n`);
}

async function versionsOf(redis: RunningRedis): Promise<Record<string, string>> {
  const info = await redis.send<string>('INFO', 'server');
  return {
    vitrine: versionOfVitrine(),
    node: process.versions.node,
    redis: String(/redis_version:(\S+)/.exec(info)?.[1]),
    undici: versionOf('undici'),
  };
}
