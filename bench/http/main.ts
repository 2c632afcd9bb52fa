/** Vitrine beside its peers and the ceilings, by HTTP: `npm run bench -- --help`. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { wholeNumberFrom } from '../../tests/support/whole-number.ts';
import { machine, versionOfVitrine } from '../support/machine.ts';
import { installPeers, peerVersions } from '../support/peers.ts';
import { type Chosen, chosenPeers, chosenWorks, peers } from './choices.ts';
import { takeCore } from './cores.ts';
import { loadByWrk } from './load.ts';
import { Progress } from './progress.ts';
import { coldAnswers } from './report.ts';
import { type HttpResults, withRun } from './results.ts';
import { run } from './run.ts';
import { type Server, servers } from './servers.ts';
import { Stage } from './stage.ts';
import { works } from './works.ts';

type Choice = {
  only: Chosen;
  peers: readonly Server[];
  rounds: number;
  seconds: number;
  connections: number;
  out: string;
};

await new Command('bench')
  .description(
    'Requests a second, latency, CPU time and memory of Vitrine, of other servers over the same API, and of servers ' +
      'that send fixed bytes. All answer the same, which is checked. Needs wrk; nginx and redis-server where they are asked for.',
  )
  .addOption(
    new Option('--only <works>', 'which work, parted by commas, of Q1 to Q11')
      .argParser(chosenWorks)
      .default({ works, isColdStart: true }, 'all'),
  )
  .addOption(
    new Option(
      '--peers <names>',
      `which, by how their names begin, or none: ${peers.map(({ name }) => name).join(', ')}`,
    )
      .argParser(chosenPeers)
      .default(peers, 'all'),
  )
  .option('--rounds <count>', 'how often each is measured', wholeNumberFrom(1), 5)
  .option('--seconds <count>', 'how long, each time; as long before it to warm up', wholeNumberFrom(1), 4)
  .option('--connections <count>', 'requests under way at once', wholeNumberFrom(1), 64)
  .option('--out <file>', 'where the figures go, in place of those of the same work', 'bench/results/http.json')
  .action(bench)
  .parseAsync();

async function bench({ only, peers, rounds, seconds, connections, out }: Choice): Promise<void> {
  const wrk = versionOf('wrk', '-v');
  if (wrk === undefined) throw new Error('The load comes from wrk. Debian and Ubuntu: sudo apt-get install wrk.');
  if (peers.length > 0) installPeers();
  // Whatever was started ends with this process.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  const isApart = takeCore();
  if (!isApart) console.error('No core for the server alone: what is measured says less.');
  const nginx = versionOf('nginx', '-v');
  const chosen = servers.filter((server) =>
    isOfNginx(server) ? nginx !== undefined : server.kind !== 'peer' || peers.includes(server),
  );
  const before = read(out);
  const stage = await Stage.open({ isApart });
  const about = {
    measuredOn: new Date().toISOString().slice(0, 10),
    machine: machine(),
    isApart,
    versions: {
      vitrine: versionOfVitrine(),
      node: process.versions.node,
      redis: String(versionOf('redis-server', '--version')),
      wrk,
      ...(nginx && { nginx }),
      ...(peers.length > 0 && peerVersions()),
    },
    command: ['npm run bench --', ...process.argv.slice(2)].join(' '),
    seconds,
    connections,
  };
  const page = works.find(({ name }) => name === 'Q4');
  const cold = page && only.isColdStart ? { work: page, answers: coldAnswers } : undefined;
  const way = { rounds, seconds, warmSeconds: seconds, connections, load: loadByWrk };
  const plan = { ...way, works: only.works, cold, servers: chosen };
  try {
    let round = 0;
    for await (const found of run(stage, plan, new Progress())) {
      round += 1;
      write(out, withRun(before, { ...about, rounds: round, ...found }));
    }
  } finally {
    await stage.close();
  }
  console.log(`written to ${out}; npm run bench:page shows it on docs/performance.md`);
}

function isOfNginx({ name, isBehindNginx }: Server): boolean {
  return name === 'nginx' || isBehindNginx === true;
}

function read(out: string): HttpResults {
  return existsSync(out) ? (JSON.parse(readFileSync(out, 'utf8')) as HttpResults) : { runs: [] };
}

function write(out: string, results: HttpResults): void {
  writeFileSync(out, `${JSON.stringify(results, null, 2)}\n`);
}

/** @returns Such as `1.22.1`; undefined where there is no such command. It may say its version on either stream. */
function versionOf(command: string, argument: string): string | undefined {
  const { stdout, stderr } = spawnSync(command, [argument], { encoding: 'utf8' });
  return /\d+\.\d+\.\d+/.exec(`${stdout}${stderr}`)?.[0];
}
