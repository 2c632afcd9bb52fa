/** The model held against a small deployment: `npm run bench:validate -- --help`. */
import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import { encodeNodeId } from '../../src/graphql/node-id.ts';
import { wholeNumberFrom } from '../../tests/support/whole-number.ts';
import { peakOf } from '../support/processes.ts';
import { readResults } from '../support/results.ts';
import { type Deployment, type Load, loadOf } from './model.ts';
import { pageQuery, pages, rowQuery } from './questions.ts';
import type { Measured, Validated } from './results.ts';
import { usual } from './scenario.ts';
import { openStage, type Stage } from './stage.ts';
import { usedWhile } from './use.ts';

type Choice = {
  seconds: number;
  replicas: number;
  rows: number;
  maxAge: number;
  latency: number;
  changes: number;
  requests: number;
  out: string;
};

const rowShare = 0.2;
/** Until what is asked again and again is compiled, by the gateway and by Node. */
const warmSeconds = 30;

await new Command('bench:validate')
  .description('A deployment in steady traffic, and what the model says of it from bench/results/costs.json.')
  .option('--seconds <count>', 'how long', wholeNumberFrom(1), 60)
  .option('--replicas <count>', 'gateways', wholeNumberFrom(1), 3)
  .option('--rows <count>', 'catalogs', wholeNumberFrom(1), 20_000)
  .option('--max-age <seconds>', 'how long catalogs are fresh', wholeNumberFrom(1), 10)
  .option('--latency <ms>', 'how long upstream waits before it answers', wholeNumberFrom(1), 50)
  .option('--changes <count>', 'told each second, by turns to each gateway', wholeNumberFrom(1), 4)
  .option('--requests <count>', 'to each gateway, each second', wholeNumberFrom(1), 60)
  .option('--out <file>', 'where the figures go', 'bench/results/validation.json')
  .action(validate)
  .parseAsync();

async function validate({ seconds, replicas, rows, maxAge, latency, changes, requests, out }: Choice): Promise<void> {
  const env = Array.from({ length: replicas }, () => ({}));
  const stage = await openStage({ rows, maxAgeSeconds: maxAge, env });
  try {
    await stage.upstream.faults({ latencyMs: latency });
    await traffic(stage, { seconds: warmSeconds, changes, requests });
    await stage.upstream.requests();
    const [before, recordsBefore] = [await countsOf(stage), await recordsIn(stage)];
    let done = { requests: 0, changes: 0, lost: 0 };
    const used = await usedWhile(stage, async () => {
      done = await traffic(stage, { seconds, changes, requests });
    });
    const each = (count: number) => count / used.seconds;
    const asked = await stage.upstream.requests();
    const resident = await Promise.all(stage.gateways.map(({ pid }) => peakOf(pid)));
    const heaps = await Promise.all(stage.gateways.map((gateway) => stage.heapOf(gateway)));
    const after = await countsOf(stage);
    const counted = (name: keyof Counts) => after[name] - before[name];
    const deployment: Deployment = {
      ...usual,
      replicas,
      rows,
      requestsPerReplica: each(done.requests) / replicas,
      // The model has it of the time in which something can be kept.
      keptShare: counted('kept') / done.requests / (1 - each(counted('drainSeconds'))),
      rowShare,
      changes: each(done.changes),
      orders: 1,
      maxAgeSeconds: maxAge,
      upstreamPageMs: (1_000 * counted('pageSeconds')) / counted('pages'),
    };
    const measured = {
      replicaCpu: each(mean(used.gatewayUs)) / 1e6,
      redisCpu: each(used.redis.cpuUs) / 1e6,
      redisBytesPerSecond: each(used.redis.bytesOut),
      upstreamRequestsPerSecond: each(Object.values(asked).reduce((sum, count) => sum + count, 0)),
      logRecordsPerSecond: each((await recordsIn(stage)) - recordsBefore),
      drainSeconds: counted('drainSeconds') / counted('drains'),
      replicaBytes: mean(heaps),
    };
    const predicted = loadOf(readResults<Measured>('costs.json').costs, deployment);
    const validated: Validated = {
      deployment: rounded(deployment),
      seconds,
      lost: done.lost,
      peakResidentBytes: round(mean(resident)),
      looksPerReplicaPerSecond: round(each(used.redis.looks) / replicas),
      lines: Object.entries(rounded(measured)).map(([name, is]) => {
        const says = round(predicted[name as keyof Load]);
        return { name: name as keyof Load, predicted: says, measured: is };
      }),
    };
    writeFileSync(out, `${JSON.stringify(validated, null, 2)}\n`);
    const table = validated.lines.map(({ name, ...line }) => [name, line]);
    console.table(Object.fromEntries(table));
  } finally {
    await stage.close();
  }
}

/** At a steady rate, however long each takes. @returns How much was asked and told. */
async function traffic(
  stage: Stage,
  { seconds, changes, requests }: { seconds: number; changes: number; requests: number },
): Promise<{ requests: number; changes: number; lost: number }> {
  const underWay = new Set<Promise<unknown>>();
  const count = { requests: 0, changes: 0, lost: 0 };
  const keep = (one: Promise<unknown>) => {
    const over = one.catch(() => count.lost++).finally(() => underWay.delete(over));
    underWay.add(over);
  };
  const beganAtMs = performance.now();
  for (let elapsed = 0; elapsed < seconds; elapsed = (performance.now() - beganAtMs) / 1_000) {
    for (; count.requests < elapsed * requests * stage.gateways.length; count.requests++)
      keep(ask(stage, count.requests));
    for (; count.changes < elapsed * changes; count.changes++) keep(change(stage, count.changes));
    await delay(5);
  }
  await Promise.all(underWay);
  return count;
}

function ask({ gateways, rows }: Stage, index: number): Promise<unknown> {
  const gateway = gatewayAt(gateways, index);
  const turn = Math.floor(index / gateways.length);
  if (turn % (1 / rowShare) === 0) {
    const row = rows[Math.floor(Math.random() * rows.length)];
    return gateway.query(rowQuery, { id: encodeNodeId('Catalog', String(row?.id)) });
  }
  return gateway.query(pageQuery, pages[turn % pages.length] as (typeof pages)[number]);
}

async function change({ gateways, rows, upstream }: Stage, index: number): Promise<void> {
  const row = rows[(index * 7) % rows.length] as (typeof rows)[number];
  const updated_at = new Date().toISOString();
  await upstream.put({ ...row, lot_count: index, updated_at });
  await gatewayAt(gateways, index).tell([{ type: 'catalog.updated', id: String(row.id), updatedAt: updated_at }]);
}

function gatewayAt(gateways: Stage['gateways'], index: number): Stage['gateways'][number] {
  return gateways[index % gateways.length] as Stage['gateways'][number];
}

type Counts = Record<'kept' | 'drains' | 'drainSeconds' | 'pages' | 'pageSeconds', number>;

/** Of all gateways, by what they count themselves. */
async function countsOf({ gateways }: Stage): Promise<Counts> {
  const pages = await Promise.all(gateways.map((gateway) => gateway.metrics()));
  const sum = (name: string, labels: Record<string, string>) =>
    pages.reduce((total, page) => total + page.sum(`vitrine_${name}`, labels), 0);
  const drains = { collection: 'catalogs', outcome: 'complete' };
  return {
    kept: sum('response_cache_total', { outcome: 'hit' }),
    drains: sum('drain_duration_seconds_count', drains),
    drainSeconds: sum('drain_duration_seconds_sum', drains),
    pages: sum('upstream_request_duration_seconds_count', { route: '/catalogs' }),
    pageSeconds: sum('upstream_request_duration_seconds_sum', { route: '/catalogs' }),
  };
}

/** Added since the era began, trimmed or not. */
async function recordsIn({ redis }: Stage): Promise<number> {
  const era = await redis.send<string>('HGET', '{vitrine}:control', 'era');
  const info = await redis.send<(string | number)[]>('XINFO', 'STREAM', `{vitrine}:log:${era}`);
  return Number(info[info.indexOf('entries-added') + 1]);
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}

function rounded<T extends Record<string, number>>(values: T): T {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, round(value)])) as T;
}
