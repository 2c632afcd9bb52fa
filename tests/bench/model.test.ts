/** The model of `docs/scaling.md`: arithmetic, held to what can be worked out by hand and to what must grow with what. */
import { describe, expect, it } from 'vitest';
import { brokenBy, type Costs, type Deployment, type Load, loadOf, nearest } from '../../bench/simulate/model.ts';
import type { Measured } from '../../bench/simulate/results.ts';
import { deploymentOf, limits } from '../../bench/simulate/scenario.ts';
import { readResults } from '../../bench/support/results.ts';

/** Round numbers, each of another size. */
const costs: Costs = {
  keptAnswerUs: 100,
  compiledAnswerUs: 500,
  fillUs: 700,
  changeHereUs: 4_000,
  changeElsewhereUs: 2_000,
  drainedRowUs: 20,
  loadedRowUs: 10,
  sortedRowUs: 2,
  movedRowNs: 1,
  idleUsPerSecond: 5_000,
  redisLookUs: 30,
  redisChangeUs: 500,
  redisChangeReadUs: 200,
  redisFillUs: 60,
  redisRowUs: 0.4,
  redisRowReadUs: 0.2,
  redisPollUs: 10,
  lookBytes: 300,
  changeReadBytes: 1_500,
  rowBytes: 250,
  processBytes: 50e6,
  rowInMemory: 1_000,
  rowInRedis: 260,
  rowKeyInRedis: 480,
  recordInLog: 140,
};

/** Fresh for 95 s; one page at a time takes 10 ms for its rows and 90 ms for upstream, so 100 of them take 10.1 s. */
const plain: Deployment = {
  replicas: 2,
  rows: 50_000,
  requestsPerReplica: 0,
  keptShare: 0,
  rowShare: 0,
  changes: 0,
  orders: 0,
  maxAgeSeconds: 100,
  staleWhileRevalidateSeconds: 600,
  staleIfErrorSeconds: 900,
  coherenceMs: 1_000,
  horizonSeconds: 1_000,
  upstreamPageRows: 500,
  upstreamConcurrency: 1,
  upstreamPageMs: 90,
  redisLinkBytesPerSecond: 125e6,
};

const measured = readResults<Measured>('costs.json').costs;
const growing: (keyof Load)[] = [
  'upstreamRequestsPerSecond',
  'redisBytes',
  'replicaBytes',
  'drainSeconds',
  'standstillMs',
];

describe('the model of a deployment', () => {
  it('gives of two replicas without traffic what can be worked out by hand', () => {
    const load = loadOf(costs, plain);
    expect(load.drainSeconds).toBeCloseTo(10.09);
    expect(load.drainedStale).toBeCloseTo(10.09 / 95);
    expect(load.upstreamRequestsPerSecond).toBeCloseTo(101 / 95);
    expect(load.upstreamRowsPerSecond).toBeCloseTo(50_000 / 95);
    const polls = (10.09 / 95) * (1_000 / 160);
    expect(1e6 * load.redisCpu).toBeCloseTo(2 * 2.5 * 30 + polls * 10 + (50_000 / 95) * (0.4 + 0.2));
    expect(load.redisBytesPerSecond).toBeCloseTo(2 * 2.5 * 300 + (50_000 / 95) * 250);
    expect(1e6 * load.replicaCpu).toBeCloseTo(5_000 + ((50_000 / 95) * (20 + 10)) / 2);
    expect(load.replicaBytes).toBe(50e6 + 2 * 50_000 * 1_000);
    expect(load.redisBytes).toBe(2 * 50_000 * 260);
    expect(load.logRecordsPerSecond).toBe(0);
  });

  it('charges a change to the one that is told, to each other, to Redis and to the log', () => {
    const [without, one] = [plain, { ...plain, changes: 1 }].map((at) => loadOf(costs, at)) as [Load, Load];
    expect(1e6 * (one.replicaCpu - without.replicaCpu)).toBeCloseTo((4_000 + 2_000) / 2);
    expect(1e6 * (one.redisCpu - without.redisCpu)).toBeCloseTo(500 + 200);
    expect(one.redisBytesPerSecond - without.redisBytesPerSecond).toBeCloseTo(1_500);
    expect(one.upstreamRequestsPerSecond - without.upstreamRequestsPerSecond).toBeCloseTo(1);
    expect(one.logRecordsPerSecond).toBe(2);
    // For as long as it may be used on error; in the log for as far as that reaches.
    expect(one.redisBytes - without.redisBytes).toBeCloseTo(1_000 * 480 + 2 * 1_000 * 140);
  });

  it('keeps no answers while what they show is stale', () => {
    const asked = { ...plain, requestsPerReplica: 10, keptShare: 1 };
    const stale = loadOf(costs, plain).drainSeconds / 95;
    const us = 1e6 * (loadOf(costs, asked).replicaCpu - loadOf(costs, plain).replicaCpu);
    expect(us).toBeCloseTo(10 * (100 * (1 - stale) + 500 * stale));
  });

  it('reads no row upstream more than once in the time that it is fresh', () => {
    const busy = loadOf(costs, { ...plain, requestsPerReplica: 1e9, rowShare: 1 });
    const drains = 101 / 95;
    expect(busy.upstreamRequestsPerSecond - drains).toBeCloseTo(50_000 / 95);
  });

  it('lets nobody take a drain that is stale as it ends, before there is nothing else to serve', () => {
    const slow = { ...plain, upstreamPageMs: 1_000 };
    const load = loadOf(costs, slow);
    expect(load.drainedStale).toBeGreaterThan(1);
    expect(load.redisBytesPerSecond).toBeCloseTo(2 * 2.5 * 300);
    const many = loadOf(costs, { ...slow, replicas: 100 });
    expect(many.redisBytesPerSecond).toBeCloseTo(100 * 2.5 * 300 + (99 * 50_000 * 250) / (95 + 600));
  });

  it('asks more of nothing for fewer rows, replicas, requests or changes', () => {
    for (const replicas of [1, 3, 30, 300, 1_000]) {
      for (const rows of [1e3, 1e4, 1e5, 1e6, 1e7]) {
        const at = deploymentOf(replicas, rows);
        const load = loadOf(measured, at);
        const more = loadOf(measured, { ...at, rows: 1.1 * rows });
        for (const name of growing) expect(more[name], `${name} of ${rows} rows`).toBeGreaterThan(load[name]);
        for (const next of [
          { ...at, replicas: replicas + 1 },
          { ...at, requestsPerReplica: 1.1 * at.requestsPerReplica },
          { ...at, changes: 1.1 * at.changes },
        ]) {
          const { redisCpu, redisBytesPerSecond, redisBytes, loadRoundMs } = loadOf(measured, next);
          expect(redisCpu).toBeGreaterThanOrEqual(load.redisCpu);
          expect(redisBytesPerSecond).toBeGreaterThanOrEqual(load.redisBytesPerSecond);
          expect(redisBytes).toBeGreaterThanOrEqual(load.redisBytes);
          expect(loadRoundMs).toBeGreaterThanOrEqual(load.loadRoundMs);
        }
      }
    }
  });

  it('gives finite numbers of everything, from one replica and one row on', () => {
    for (const at of [deploymentOf(1, 1), deploymentOf(1_000, 1e7)]) {
      for (const [name, value] of Object.entries(loadOf(measured, at))) expect(Number.isFinite(value), name).toBe(true);
    }
  });

  it('names what is over its limit, the furthest first, and else what is nearest', () => {
    const load = { ...loadOf(costs, plain), redisCpu: 3, replicaCpu: 5 };
    expect(brokenBy(load, limits)).toEqual([
      { name: 'replicaCpu', times: 5 },
      { name: 'redisCpu', times: 3 },
    ]);
    expect(nearest(load, limits).name).toBe('replicaCpu');
    expect(brokenBy(loadOf(costs, plain), limits)).toEqual([]);
  });
});
