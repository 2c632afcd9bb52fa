/** What each thing costs, on this machine: `npm run bench:measure -- --help`. */
import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { wholeNumberFrom } from '../../tests/support/whole-number.ts';
import { machine, versionOfVitrine } from '../support/machine.ts';
import { medianOf } from '../support/median.ts';
import type { Costs } from './model.ts';
import { Probes, type Sample } from './probes.ts';
import type { Measured } from './results.ts';
import { openStage, type Stage } from './stage.ts';
import { viewCosts } from './view.ts';

type Choice = { rounds: number; rows: number; out: string };

await new Command('bench:measure')
  .description(
    'Three gateways, a Redis and an upstream, each a process of its own; CPU time of each by the kernel, the median of ' +
      'rounds in which every cost is measured once. Takes a few minutes.',
  )
  .option('--rounds <count>', 'how often each is measured', wholeNumberFrom(1), 7)
  .option('--rows <count>', 'catalogs', wholeNumberFrom(1), 50_000)
  .option('--out <file>', 'where the figures go', 'bench/results/costs.json')
  .action(measure)
  .parseAsync();

async function measure({ rounds, rows, out }: Choice): Promise<void> {
  show('a view of a million rows');
  const view = viewCosts();
  show('a process without rows');
  const processBytes = await onStage(20, async (stage) => heapsOf(stage));
  const { samples, heap, redis } = await onStage(rows, async (stage) => {
    show(`a process with ${rows} rows`);
    const probes = new Probes(stage);
    await probes.warm();
    const heap = await heapsOf(stage);
    const samples: Sample[] = [];
    for (let round = 1; round <= rounds; round++) {
      show(`round ${round} of ${rounds}`);
      samples.push(await probes.round());
    }
    return { samples, heap, redis: /redis_version:(\S+)/.exec(await stage.redis.send<string>('INFO', 'server'))?.[1] };
  });
  const names = Object.keys(samples[0] as Sample) as (keyof Sample)[];
  const valuesOf = (name: keyof Sample) => samples.map((sample) => sample[name]);
  const costs: Costs = {
    ...(Object.fromEntries(names.map((name) => [name, medianOf(valuesOf(name))])) as Sample),
    ...view,
    processBytes,
    rowInMemory: (heap - processBytes) / rows,
  };
  const spread = Object.fromEntries(
    names.map((name) => {
      const values = valuesOf(name);
      return [name, { low: rounded(Math.min(...values)), high: rounded(Math.max(...values)) }];
    }),
  );
  const measured: Measured = {
    measuredOn: new Date().toISOString().slice(0, 10),
    machine: machine(),
    versions: { vitrine: versionOfVitrine(), node: process.versions.node, redis: String(redis) },
    rounds,
    rows,
    costs: Object.fromEntries(Object.entries(costs).map(([name, value]) => [name, rounded(value)])) as Costs,
    spread,
  };
  writeFileSync(out, `${JSON.stringify(measured, null, 2)}\n`);
  for (const [name, value] of Object.entries(measured.costs)) {
    const rounds = measured.spread[name];
    console.log(
      `${name.padEnd(20)} ${String(value).padStart(12)}${rounds ? `   ${rounds.low} to ${rounds.high}` : ''}`,
    );
  }
  console.log(`written to ${out}`);
}

async function onStage<T>(rows: number, act: (stage: Stage) => Promise<T>): Promise<T> {
  const stage = await openStage({ rows, maxAgeSeconds: 86_400, env: [{}, {}, { RESPONSE_CACHE: 'off' }] });
  try {
    return await act(stage);
  } finally {
    await stage.close();
  }
}

async function heapsOf(stage: Stage): Promise<number> {
  const heaps: number[] = [];
  for (const gateway of stage.gateways) heaps.push(await stage.heapOf(gateway));
  return medianOf(heaps);
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

function show(text: string): void {
  process.stderr.write(`${text}\n`);
}
