/**
 * One server at one work, once:
 *
 *   started ─► answers compared ─► warmed up ─► measured, a sample of its answers still compared ─► stopped
 *                                                   └─ of several works by turns, a second each
 *
 * By turns, since machines have slow seconds and slow minutes: those that are held against each other share them.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../../src/embedded/random.ts';
import { medianOf } from '../support/median.ts';
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

/** @returns In the order of the tasks. */
export async function measure(stage: Stage, server: Server, tasks: readonly Task[], way: Way): Promise<Outcome[]> {
  const courses: Course[] = [];
  try {
    for (const task of tasks) {
      const course = await Course.begin(stage, server, task, way);
      courses.push(course);
      await course.warmUp();
    }
    const turns = tasks.length === 1 ? [way.seconds] : Array<number>(way.seconds).fill(1);
    for (const [index, seconds] of turns.entries()) {
      for (const course of index % 2 === 0 ? courses : courses.toReversed()) await course.load(seconds);
    }
    return await Promise.all(courses.map((course) => course.outcome()));
  } finally {
    await Promise.all(courses.map((course) => course.end()));
  }
}

/** One server at one work, from its start to its end; once something is wrong, nothing more is done. */
class Course {
  readonly #task: Task;
  readonly #way: Way;
  #running: Running | undefined;
  /** Of a work whose rows change. */
  #changes: Changes | undefined;
  #answerBytes = 0;
  #warmed = 0;
  #cpuUs = 0;
  readonly #turns: Loaded[] = [];
  #fault: string | undefined;

  private constructor(task: Task, way: Way) {
    this.#task = task;
    this.#way = way;
  }

  /** Started, or with why not. */
  static async begin(stage: Stage, server: Server, task: Task, way: Way): Promise<Course> {
    const course = new Course(task, way);
    try {
      course.#running = await stage.start(server, task.work);
    } catch (error) {
      course.#fault = `did not start: ${(error as Error).message}`;
      return course;
    }
    const { data, changesPerSecond: perSecond } = task.work;
    if (perSecond !== undefined && data !== 'posts') {
      const { url: upstreamUrl } = await stage.upstream(data);
      const { target } = course.#running;
      const rows = catalogCounts[data];
      course.#changes = new Changes({ upstreamUrl, target, perSecond, rows, random: seededRandom(8) });
    }
    return course;
  }

  async warmUp(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    const { work, samples } = this.#task;
    const compared = await compareAll(running.target, samples);
    if (typeof compared === 'string') {
      this.#fault = compared;
      return;
    }
    this.#answerBytes = compared.meanBytes;
    const send = (from: number, seconds: number) => this.#send(running, { from, seconds });
    this.#warmed = await this.#whileChanging(() => warmUp(send, work, this.#way.warmSeconds));
  }

  async load(seconds: number): Promise<void> {
    const running = this.#running;
    if (running === undefined || this.#fault !== undefined) return;
    const { work, samples } = this.#task;
    const cpuBeforeUs = await sumOf(running.pids, cpuUsOf);
    const done = new AbortController();
    // What changes cannot be compared with what it was.
    const watch = watchAnswers(running.target, work.changesPerSecond === undefined ? samples : [], done.signal);
    const loaded = await this.#whileChanging(() => this.#send(running, { from: this.#asked, seconds }));
    this.#cpuUs += (await sumOf(running.pids, cpuUsOf)) - cpuBeforeUs;
    done.abort();
    this.#turns.push(loaded);
    const fault = (await watch) ?? faultUnderLoad(loaded) ?? repetition(this.#task, this.#asked);
    if (fault !== undefined) this.#fault = `under load it ${fault}`;
  }

  async outcome(): Promise<Outcome> {
    const { fault, changes, repeated } = this.#changes?.outcome ?? {};
    const leftOut = this.#fault ?? (fault && `under load it ${fault}`);
    if (leftOut !== undefined) return { leftOut };
    const requests = sum(this.#turns.map((turn) => turn.requests));
    const figures = {
      requestsPerSecond: (1e6 * requests) / sum(this.#turns.map(({ durationUs }) => durationUs)),
      p50Ms: medianOf(this.#turns.map(({ p50Us }) => p50Us)) / 1_000,
      p99Ms: medianOf(this.#turns.map(({ p99Us }) => p99Us)) / 1_000,
      cpuSecondsPer1000: this.#cpuUs / 1_000 / requests,
      peakBytes: await sumOf(this.#running?.pids ?? [], peakOf),
    };
    const told = changes === undefined ? {} : { changes, repeatedChanges: repeated ?? 0 };
    return { figures: { ...figures, ...told }, answerBytes: this.#answerBytes };
  }

  async end(): Promise<void> {
    try {
      await this.#changes?.undo();
    } finally {
      await this.#running?.stop();
    }
  }

  /** How many requests were sent so far, the first few that were compared left out. */
  get #asked(): number {
    return this.#warmed + sum(this.#turns.map(({ requests }) => requests));
  }

  #whileChanging<T>(act: () => Promise<T>): Promise<T> {
    return this.#changes === undefined ? act() : this.#changes.during(act);
  }

  #send({ target }: Running, { from, seconds }: { from: number; seconds: number }): Promise<Loaded> {
    const { work, bodiesFile, samples } = this.#task;
    const { load, connections } = this.#way;
    const url = addressOf(target, (samples[0] as Sample).request);
    const how = { connections: work.connections ?? connections, isAuthorized: work.isAuthorized ?? false };
    return load({ ...target, ...how, url, bodiesFile, from, seconds });
  }
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
  return sum(await Promise.all(pids.map(use)));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
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
