/**
 * One server at one work, once:
 *
 *   started ─► answers compared ─► warmed up ─► measured, a sample of its answers still compared ─► stopped
 */
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../../src/embedded/random.ts';
import { cpuUsOf, peakOf } from '../support/processes.ts';
import { addressOf, ask, faultOf, type Target } from './answers.ts';
import { Changes } from './changes.ts';
import type { Load, Loaded } from './load.ts';
import type { Figures } from './results.ts';
import type { Server } from './servers.ts';
import type { Running, Stage } from './stage.ts';
import type { Sample, Task } from './task.ts';
import { catalogCounts } from './upstreams.ts';
import type { Work } from './works.ts';

export type Way = { load: Load; seconds: number; warmSeconds: number; connections: number };

export type Outcome = { figures: Figures; answerBytes: number } | { leftOut: string };

const betweenSamplesMs = 50;

export async function measure(stage: Stage, server: Server, task: Task, way: Way): Promise<Outcome> {
  let running: Running;
  try {
    running = await stage.start(server, task.work);
  } catch (error) {
    return { leftOut: `did not start: ${(error as Error).message}` };
  }
  try {
    const compared = await compareAll(running.target, task.samples);
    if (typeof compared === 'string') return { leftOut: compared };
    const figures = await loadWhileChanging(stage, running, task, way);
    return typeof figures === 'string'
      ? { leftOut: `under load it ${figures}` }
      : { figures, answerBytes: compared.meanBytes };
  } finally {
    await running.stop();
  }
}

/** @returns Or what went wrong. */
async function loadWhileChanging(stage: Stage, running: Running, task: Task, way: Way): Promise<Figures | string> {
  const { data, changesPerSecond: perSecond } = task.work;
  if (perSecond === undefined || data === 'posts') return loadOn(running, task, way);
  const { url: upstreamUrl } = await stage.upstream(data);
  const { target } = running;
  const changes = new Changes({ upstreamUrl, target, perSecond, rows: catalogCounts[data], random: seededRandom(8) });
  const figures = await loadOn(running, task, way).finally(() => changes.stop());
  const { fault, changes: count, repeated } = await changes.stop();
  if (fault !== undefined || typeof figures === 'string') return fault ?? String(figures);
  return { ...figures, changes: count, repeatedChanges: repeated };
}

async function loadOn({ target, pids }: Running, task: Task, way: Way): Promise<Figures | string> {
  const { work, bodiesFile, samples } = task;
  const { load, seconds, warmSeconds, connections } = way;
  const atOnce = work.connections ?? connections;
  const url = addressOf(target, (samples[0] as Sample).request);
  const loading = { ...target, url, bodiesFile, connections: atOnce, isAuthorized: work.isAuthorized ?? false };
  const warmed = await warmUp((from, seconds) => load({ ...loading, from, seconds }), work, warmSeconds);
  const cpuBeforeUs = await sumOf(pids, cpuUsOf);
  const done = new AbortController();
  // What changes cannot be compared with what it was.
  const watch = watchAnswers(target, work.changesPerSecond === undefined ? samples : [], done.signal);
  const loaded = await load({ ...loading, from: warmed, seconds });
  const cpuUs = (await sumOf(pids, cpuUsOf)) - cpuBeforeUs;
  done.abort();
  const fault = (await watch) ?? faultUnderLoad(loaded) ?? repetition(task, warmed + loaded.requests);
  if (fault !== undefined) return fault;
  return {
    requestsPerSecond: (1e6 * loaded.requests) / loaded.durationUs,
    p50Ms: loaded.p50Us / 1_000,
    p99Ms: loaded.p99Us / 1_000,
    cpuSecondsPer1000: cpuUs / 1_000 / loaded.requests,
    peakBytes: await sumOf(pids, peakOf),
  };
}

/** @returns How many requests that took. */
async function warmUp(
  send: (from: number, seconds: number) => Promise<Loaded>,
  { warmRequests }: Work,
  warmSeconds: number,
): Promise<number> {
  if (warmRequests === undefined) return (await send(0, warmSeconds)).requests;
  let sent = 0;
  while (sent < warmRequests) {
    const { requests } = await send(sent, 1);
    if (requests === 0) break; // Found out when it is measured.
    sent += requests;
  }
  return sent;
}

async function sumOf(pids: readonly number[], use: (pid: number) => Promise<number>): Promise<number> {
  const uses = await Promise.all(pids.map(use));
  return uses.reduce((sum, one) => sum + one, 0);
}

/** @returns What is wrong with an answer, if anything is. Asked twice: what is kept must be the same. */
async function compareAll(target: Target, samples: readonly Sample[]): Promise<{ meanBytes: number } | string> {
  let bytes = 0;
  for (const { request, data } of samples) {
    for (let time = 1; time <= 2; time++) {
      const answer = await ask(target, request);
      const fault = faultOf(answer, data);
      if (fault !== undefined) return `${fault} to ${request.slice(0, 200)}`;
      bytes += answer.body.length;
    }
  }
  return { meanBytes: Math.round(bytes / (2 * samples.length)) };
}

/** Asks for one sample after the other until it is told to stop. @returns What was wrong with one. */
async function watchAnswers(
  target: Target,
  samples: readonly Sample[],
  signal: AbortSignal,
): Promise<string | undefined> {
  for (let index = 0; samples.length > 0 && !signal.aborted; index++) {
    const { request, data } = samples[index % samples.length] as Sample;
    const fault = await ask(target, request).then(
      (answer) => faultOf(answer, data),
      (error: Error) => `did not answer: ${error.message}`,
    );
    if (fault !== undefined) return fault;
    await delay(betweenSamplesMs, undefined, { signal }).catch(() => {}); // Told to stop.
  }
  return undefined;
}

function faultUnderLoad({ requests, refused, lost }: Loaded): string | undefined {
  if (requests === 0) return 'answered nothing';
  if (refused > 0) return `answered ${refused} of ${requests} requests with another status than 2xx`;
  return lost > 0 ? `lost ${lost} of ${requests} requests` : undefined;
}

/** Where no request may come twice. */
function repetition({ work, requestCount }: Task, requests: number): string | undefined {
  if (!work.isDistinct || requests <= requestCount) return undefined;
  return `answered ${requests} requests, of which ${requestCount} differ: it has to be measured for fewer seconds`;
}
