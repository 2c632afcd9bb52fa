/**
 * What a deployment costs, from what each thing was measured to cost on one core: nothing here but arithmetic, so that
 * every number of `docs/scaling.md` can be followed.
 *
 *   replicas, rows, requests, changes ─► upstream load · Redis load · log traffic · CPU and memory of each replica
 *
 * It speaks of one collection under a steady load, in which each replica is asked for pages all the time.
 */

/** On one core of one machine; `measure.ts` finds them. Without a unit in its name: bytes. */
export type Costs = {
  // CPU time of a gateway.
  keptAnswerUs: number;
  compiledAnswerUs: number;
  /** Of one row read upstream because it was asked for, beside the answer. */
  fillUs: number;
  /** Of one change at the process that is told, and at each other. */
  changeHereUs: number;
  changeElsewhereUs: number;
  /** Of one row: read upstream in a drain; taken from Redis in another process. */
  drainedRowUs: number;
  loadedRowUs: number;
  /** Of one row when a million are sorted. */
  sortedRowUs: number;
  /** Of a change for each row of each sorted list, as those behind it move; in nanoseconds. */
  movedRowNs: number;
  /** Of a process in which nothing happens, each second. */
  idleUsPerSecond: number;

  // CPU time of Redis.
  redisLookUs: number;
  /** Of one change without what other processes ask, and of what each other process asks. */
  redisChangeUs: number;
  redisChangeReadUs: number;
  redisFillUs: number;
  /** Of one row of a drain, written and read. */
  redisRowUs: number;
  redisRowReadUs: number;
  /** Of one look after a drain that another process is reading. */
  redisPollUs: number;

  // What Redis sends.
  lookBytes: number;
  changeReadBytes: number;
  rowBytes: number;

  // What is held.
  processBytes: number;
  rowInMemory: number;
  rowInRedis: number;
  /** Of a row by itself, which is there after a change or a fill. */
  rowKeyInRedis: number;
  recordInLog: number;
};

export type Deployment = {
  replicas: number;
  rows: number;
  /** Each second. */
  requestsPerReplica: number;
  /** Of requests: answered by what is kept whole, while what they show is fresh. */
  keptShare: number;
  /** Of requests: for one row, any of them alike. */
  rowShare: number;
  /** Of all replicas together, each second; each told by itself, of one row. */
  changes: number;
  /** Orders that are asked for. */
  orders: number;
  maxAgeSeconds: number;
  staleWhileRevalidateSeconds: number;
  staleIfErrorSeconds: number;
  coherenceMs: number;
  /** How far back the log reaches: as far as the longest `maxAge` and `staleWhileRevalidate` of the schema. */
  horizonSeconds: number;
  upstreamPageRows: number;
  upstreamConcurrency: number;
  /** How long upstream takes for a page. */
  upstreamPageMs: number;
  /** What Redis can send. */
  redisLinkBytesPerSecond: number;
};

export type Load = {
  upstreamRequestsPerSecond: number;
  upstreamRowsPerSecond: number;
  /** Share of one core. */
  redisCpu: number;
  redisBytesPerSecond: number;
  redisBytes: number;
  logRecordsPerSecond: number;
  /** Share of one core. */
  replicaCpu: number;
  replicaBytes: number;
  /** One drain, by one process on one core. */
  drainSeconds: number;
  /** The same, in shares of the time that its rows are fresh: at 1, what is drained is stale already. */
  drainedStale: number;
  /** How long a command waits that reads chunks, when all replicas load a drain at once. */
  loadRoundMs: number;
  /** How long a process does nothing else, while it sorts a collection that was read anew. */
  standstillMs: number;
};

/** Of the code, each named as it is there. */
const jitter = 0.95;
const viewsHeld = 2;
const looksPerCoherence = 2.5;
const recordsPerChange = 2;
const pollMs = 160;
const rowsAtOnce = 4_000;
const sortedRows = 1e6;

const second = 1e6;

export function loadOf(costs: Costs, at: Deployment): Load {
  const { replicas, rows, changes } = at;
  const others = replicas - 1;
  const drain = drainOf(costs, at);
  const looks = replicas * ((looksPerCoherence * 1_000) / at.coherenceMs);
  const polls = drain.share * others * (1_000 / pollMs);
  const fills = fillsOf(at, drain);
  const keptShare = at.keptShare * (1 - drain.share);

  const redisUs =
    looks * costs.redisLookUs +
    polls * costs.redisPollUs +
    changes * (costs.redisChangeUs + others * costs.redisChangeReadUs) +
    fills * costs.redisFillUs +
    drain.drainedRows * costs.redisRowUs +
    drain.loadedRows * costs.redisRowReadUs;

  const sortUs = sortUsOf(costs, rows);
  const answerUs = keptShare * costs.keptAnswerUs + (1 - keptShare) * costs.compiledAnswerUs;
  const moveUs = (at.orders * rows * costs.movedRowNs) / 1_000;
  const replicaUs =
    costs.idleUsPerSecond +
    at.requestsPerReplica * answerUs +
    (fills / replicas) * costs.fillUs +
    (changes / replicas) * (costs.changeHereUs + others * costs.changeElsewhereUs) +
    changes * moveUs +
    (drain.drainedRows * costs.drainedRowUs + drain.loadedRows * costs.loadedRowUs) / replicas +
    ((drain.drainedRows + drain.loadedRows) / rows / replicas) * at.orders * sortUs;

  const pages = Math.ceil(rows / at.upstreamPageRows) + 1; // The first is read twice.
  const keptRows = Math.min(rows, (changes + fills) * (at.maxAgeSeconds + at.staleIfErrorSeconds));
  return {
    upstreamRequestsPerSecond: pages * drain.perSecond + changes + fills,
    upstreamRowsPerSecond: drain.drainedRows + changes + fills,
    redisCpu: redisUs / second,
    redisBytesPerSecond:
      looks * costs.lookBytes + changes * others * costs.changeReadBytes + drain.loadedRows * costs.rowBytes,
    redisBytes:
      viewsHeld * rows * costs.rowInRedis +
      keptRows * costs.rowKeyInRedis +
      recordsPerChange * changes * at.horizonSeconds * costs.recordInLog,
    logRecordsPerSecond: recordsPerChange * changes,
    replicaCpu: replicaUs / second,
    replicaBytes: costs.processBytes + viewsHeld * rows * costs.rowInMemory,
    drainSeconds: drain.seconds,
    drainedStale: drain.seconds / (jitter * at.maxAgeSeconds),
    loadRoundMs: loadRoundMsOf(costs, at),
    standstillMs: sortUs / 1_000,
  };
}

type Drain = {
  seconds: number;
  perSecond: number;
  /** Of the time. */
  share: number;
  /** Each second, by all replicas. */
  drainedRows: number;
  loadedRows: number;
};

/** One after the other: as soon as what was drained is stale, or at once when it is so from its beginning. */
function drainOf(costs: Costs, at: Deployment): Drain {
  const { replicas, rows } = at;
  const seconds = drainSecondsOf(costs, at);
  const freshSeconds = jitter * at.maxAgeSeconds;
  const period = Math.max(seconds, freshSeconds);
  const drainedRows = rows / period;
  return {
    seconds,
    perSecond: 1 / period,
    share: seconds / period,
    drainedRows,
    loadedRows: (replicas - 1) * rows * loadsPerSecond(at, { seconds, freshSeconds, period }),
  };
}

/** The first page alone, then so many at once, each waited for and then decoded by the one thread; the first once more. */
function drainSecondsOf(costs: Costs, at: Deployment): number {
  const pages = Math.ceil(at.rows / at.upstreamPageRows);
  const decodeMs = (Math.min(at.rows, at.upstreamPageRows) * costs.drainedRowUs) / 1_000;
  const alone = decodeMs + at.upstreamPageMs;
  const atOnce = Math.max(at.upstreamConcurrency * decodeMs, alone);
  return (alone + ((pages - 1) / at.upstreamConcurrency) * atOnce + at.upstreamPageMs) / 1_000;
}

/** What is stale when it is found is not taken by those who still have something to serve: they drain in their turn. */
function loadsPerSecond(
  { replicas, staleWhileRevalidateSeconds }: Deployment,
  { seconds, freshSeconds, period }: { seconds: number; freshSeconds: number; period: number },
): number {
  if (seconds < freshSeconds) return 1 / period;
  const servableSeconds = freshSeconds + staleWhileRevalidateSeconds;
  return replicas * seconds > servableSeconds ? 1 / servableSeconds : 0;
}

/** While a collection is stale its rows are read one by one as they are asked for, each once in its `maxAge`. */
function fillsOf({ replicas, rows, requestsPerReplica, rowShare, maxAgeSeconds }: Deployment, drain: Drain): number {
  const asked = replicas * requestsPerReplica * rowShare;
  const seconds = Math.min(drain.seconds, maxAgeSeconds);
  const different = rows * (1 - Math.exp((-asked * seconds) / rows));
  return (drain.share * different) / seconds;
}

/** Of `orders` each, when a page is first asked for. */
function sortUsOf({ sortedRowUs }: Costs, rows: number): number {
  return (rows * sortedRowUs * Math.log2(Math.max(2, rows))) / Math.log2(sortedRows);
}

/**
 * A closed queue before one link: each asks for the next chunks as soon as it has decoded the last ones. The first are
 * asked for within one poll, which is about as long.
 */
function loadRoundMsOf(costs: Costs, { replicas, rows, redisLinkBytesPerSecond }: Deployment): number {
  const atOnce = Math.min(rows, rowsAtOnce);
  const sendMs = Math.max(
    (1_000 * atOnce * costs.rowBytes) / redisLinkBytesPerSecond,
    (atOnce * costs.redisRowReadUs) / 1_000,
  );
  const decodeMs = (atOnce * costs.loadedRowUs) / 1_000;
  return Math.max(sendMs, (replicas - 1) * sendMs - decodeMs);
}

/** What a part of a deployment can bear. */
export type Limits = Pick<
  Load,
  | 'replicaBytes'
  | 'replicaCpu'
  | 'redisCpu'
  | 'redisBytesPerSecond'
  | 'drainSeconds'
  | 'drainedStale'
  | 'loadRoundMs'
  | 'standstillMs'
>;

export type LimitName = keyof Limits;

type Strain = { name: LimitName; times: number };

/** @returns What is over its limit, the furthest first. */
export function brokenBy(load: Load, limits: Limits): Strain[] {
  return strainsOf(load, limits).filter(({ times }) => times > 1);
}

/** @returns What is the furthest over its limit, or the nearest to it. */
export function nearest(load: Load, limits: Limits): Strain {
  return strainsOf(load, limits)[0] as Strain;
}

function strainsOf(load: Load, limits: Limits): Strain[] {
  return (Object.keys(limits) as LimitName[])
    .map((name) => ({ name, times: load[name] / limits[name] }))
    .sort((a, b) => b.times - a.times);
}
