/**
 * One fault in real traffic, from before it comes until all is well again.
 *
 *   all well ─► traffic ─► the fault comes ─► lasts ─► goes ─► traffic goes on ─► all well ─► traffic ends ─► judged
 *
 * All is well when each gateway says so, and gives a whole page and a row of what upstream has, not on error.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../support/redis.ts';
import { type Deployment, untilReady } from './deployment.ts';
import type { Fault } from './faults.ts';
import { Judge } from './judge.ts';
import { type Answer, Recorder, type Reply } from './record.ts';
import type { Report } from './report.ts';
import { requestTimeoutMs, upstreamTimeoutMs } from './settings.ts';
import { ask, Traffic } from './traffic.ts';
import { Watch } from './watch.ts';

type Options = {
  /** In ms, unless the fault says otherwise. */
  lastsMs?: number;
  seed?: number;
};

/** How soon all must be well again, in ms; with connections that are tried anew every 2 s at the latest. */
const recoveryAtMostMs = 20_000;

/**
 * How long upstream's failure is felt beyond its end: a read that was sent just before may go on for its budget (0.8 of
 * the request's deadline), and what it comes to answers for a second more.
 */
const aftermathMs = { read: 0.8 * requestTimeoutMs, remembered: 1_000 };

/** Before the fault, so that it comes into traffic. */
const warmUpMs = 200;

/** A deployment with its record: faults come one after another, and each answer is judged by all that went before. */
export class Course {
  readonly deployment: Deployment;
  readonly recorder: Recorder;
  readonly #judge: Judge;

  constructor(deployment: Deployment) {
    this.deployment = deployment;
    this.recorder = new Recorder(deployment.replicas.map(({ gateway }) => gateway.log));
    this.#judge = new Judge({ catalogue: deployment.catalogue, record: this.recorder });
  }

  async run(fault: Fault, { lastsMs = 2_000, seed = 1 }: Options = {}): Promise<Report> {
    const { deployment, recorder } = this;
    await untilReady(deployment);
    const beganMs = performance.now();
    const stillness = monitorEventLoopDelay({ resolution: 10 });
    stillness.enable();
    const watch = new Watch(deployment, recorder, fault.tells);
    await watch.begin();
    const traffic = new Traffic({ deployment, recorder, seed, writing: fault.writing ?? {} });
    const times = await delay(warmUpMs)
      .then(() => this.#bring(fault, fault.lastsMs ?? lastsMs))
      .finally(() => Promise.all([traffic.stop(), watch.end()]));
    stillness.disable();
    const stoodStillMs = stillness.max / 1e6;
    // Upstream stands in this process: when that stands still, upstream hangs.
    if (stoodStillMs > upstreamTimeoutMs / 2) recorder.upstreamFails('all', beganMs).untilMs = performance.now();
    const answers = recorder.answers.splice(0);
    const violations = this.#judge.judge(answers, { stoodStillMs });
    return {
      fault: fault.name,
      ...countAnswers(answers, times),
      wrong: violations.filter(({ kind }) => kind === 'wrong'),
      late: violations.filter(({ kind }) => kind === 'late'),
      recoveredMs: times.wellMs - times.overMs,
      untold: watch.untold(answers.filter(({ askedMs }) => askedMs >= times.fromMs)),
      mistakes: deployment.replicas.flatMap(({ gateway }) => gateway.log.mistakes.splice(0)),
      peak: watch.peak,
    };
  }

  /** Lets it come, last and go, and waits until all is well. */
  async #bring(fault: Fault, lastsMs: number): Promise<Times> {
    const { deployment, recorder } = this;
    const fromMs = performance.now();
    const away = (fault.away ?? []).map((replica) => recorder.goesAway(replica, fromMs));
    const failing = fault.upstreamFails && recorder.upstreamFails(fault.upstreamFails, fromMs);
    const lagging = fault.upstreamLagMs && recorder.upstreamLags(fault.upstreamLagMs, fromMs);
    const cameMs = await this.#last(fault, lastsMs);
    const overMs = fault.heal === undefined ? cameMs : performance.now();
    await fault.heal?.(deployment);
    const endMs = performance.now();
    for (const span of away) span.untilMs = endMs;
    if (lagging) lagging.untilMs = endMs;
    await this.#untilWell();
    const wellMs = performance.now();
    if (failing) failing.untilMs = Math.max(wellMs, endMs + aftermathMs.read) + aftermathMs.remembered;
    return { fromMs, overMs, endMs, wellMs };
  }

  /** @returns When it came for the last time. */
  async #last({ cause, heal, againEveryMs }: Fault, lastsMs: number): Promise<number> {
    const untilMs = performance.now() + lastsMs;
    const everyMs = againEveryMs ?? lastsMs;
    for (let nth = 0; ; nth++) {
      await cause(this.deployment, nth);
      const cameMs = performance.now();
      const isLast = cameMs + everyMs >= untilMs;
      // With nothing to heal it is over at once.
      if (heal !== undefined || !isLast) await delay(everyMs);
      if (isLast) return cameMs;
    }
  }

  async #untilWell(): Promise<void> {
    await Promise.all(
      this.deployment.replicas.map((_, replica) => eventually(() => this.#isWell(replica), recoveryAtMostMs)),
    );
  }

  /** That the answers are right is for the judge to say, as of all others. */
  async #isWell(replica: number): Promise<boolean> {
    const { deployment } = this;
    if ((await deployment.replicas[replica]?.gateway.readyz())?.status !== 'ok') return false;
    const id = deployment.catalogue.present[0]?.id ?? '1';
    const whole = { order: 'TITLE', direction: 'ASC', filter: {}, take: { first: 100 } } as const;
    const replies = [
      await ask(this, replica, { kind: 'row', id }),
      await ask(this, replica, { kind: 'page', page: whole }),
    ];
    return replies.every((reply) => reply !== undefined && !hasErrors(reply) && !isOnError(reply));
  }
}

/** When the fault came, when it was over, and when what ended it was done; and from when on all was well. */
type Times = { fromMs: number; overMs: number; endMs: number; wellMs: number };

function countAnswers(answers: readonly Answer[], { fromMs, endMs, wellMs }: Times) {
  const answered = answers.filter(({ askedMs, reply }) => askedMs >= fromMs && askedMs <= wellMs && !('cut' in reply));
  const replies = answered.map(({ reply }) => reply as Reply);
  return {
    requests: answered.filter(({ askedMs }) => askedMs <= endMs).length,
    withErrors: replies.filter(hasErrors).length,
    onError: replies.filter(isOnError).length,
  };
}

function hasErrors({ text }: Reply): boolean {
  return text.includes('"errors":[');
}

function isOnError({ cacheStatus = '' }: Reply): boolean {
  return cacheStatus.includes('detail=stale-if-error');
}
