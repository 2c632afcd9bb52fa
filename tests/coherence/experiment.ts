/**
 * The experiment: some gateways on one Redis in traffic, under one fault after another, and all that happened judged.
 *
 *   open ─► calm ─► the nemesis strikes ─► all is well ─► what was answered is judged ─┐
 *            ▲                                                                        │ until the time is over
 *            └────────────────────────────────────────────────────────────────────────┘ and every kind came
 *   calm ─► the rest is judged; so is what was read upstream while it was calm
 */
import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import { Chance } from '../simulation/random.ts';
import type { Came } from './bring.ts';
import { type Deployment, openDeployment } from './deployment.ts';
import { failedStoreOperations } from './faults/fault.ts';
import type { Fault } from './faults/index.ts';
import type { Span } from './gateway-log.ts';
import { Judge } from './judge.ts';
import { howOf, type Mark } from './mark.ts';
import { Nemesis } from './nemesis.ts';
import { Recorder } from './record.ts';
import type { RedisKind } from './redis.ts';
import { describeViolation } from './report.ts';
import { ages } from './settings.ts';
import { stampedesIn } from './stampedes.ts';
import { Stillness } from './stillness.ts';
import { Traffic } from './traffic.ts';
import { UpstreamReads } from './upstream-reads.ts';
import { type Resources, Watch } from './watch.ts';

export type Plan = {
  redis: RedisKind;
  replicas: number;
  /** At least: every kind of fault comes once. */
  seconds: number;
  seed: number;
  faults: readonly Fault[];
  /** Of each gateway, besides its settings. */
  env?: Record<string, string>;
  /** Where what gateways print is kept. */
  logDir?: string;
};

export type Progress = { elapsedMs: number; answers: number; findings: number; fault: string };

/** Something that may not be. */
export type Finding = {
  kind: 'wrong' | 'late' | 'stampede' | 'not well' | 'mistake';
  says: string;
  /** When, on the clock of `performance.now()`, and at which gateway, where that can be told. */
  atMs: number;
  replica?: number;
};

export type Outcome = {
  plan: Plan;
  span: Span;
  marks: readonly Mark[];
  came: readonly Came[];
  /** Kinds of faults that did not come. */
  toCome: readonly Fault[];
  findings: readonly Finding[];
  /** By gateway, while it said that the change log was silent. */
  degraded: readonly (readonly Span[])[];
  counts: Counts;
  peak: Resources;
};

type Counts = {
  writes: number;
  /** Changes that gateways were told of, and those that were acknowledged. */
  told: number;
  acknowledged: number;
  /** Reads that carried the position of a change. */
  behindAPosition: number;
  rowReads: number;
  pageReads: number;
};

/** In ms. Between faults; and before the end, so that whatever is held has been read since the last of them. */
const calmMs = [800, 2_000] as const;
const calmTailMs = ages.staleMs + 1_000;
/** What a gateway was still about when all was well again. */
const settlingMs = 500;
/** Of upstream, as of one in the same data centre. */
const upstreamLatencyMs = 15;
/** So that judging keeps nobody waiting: upstream stands in this process. */
const judgedAtOnce = 20;

export async function runExperiment(plan: Plan, tell: (progress: Progress) => void = () => {}): Promise<Outcome> {
  const deployment = await openDeployment({ ...plan, upstreamLatencyMs });
  try {
    return await new Experiment(deployment, plan, tell).run();
  } finally {
    await deployment.close();
  }
}

class Experiment {
  readonly #deployment: Deployment;
  readonly #plan: Plan;
  readonly #tell: (progress: Progress) => void;
  readonly #recorder: Recorder;
  readonly #judge: Judge;
  readonly #stillness: Stillness;
  readonly #reads = new UpstreamReads();
  readonly #traffic: Traffic;
  readonly #watch: Watch;
  readonly #nemesis: Nemesis;
  readonly #chance: Chance;
  readonly #fromMs = performance.now();
  readonly #marks: Mark[] = [];
  readonly #findings: Finding[] = [];
  #behindAPosition = 0;
  #fault = '';

  constructor(deployment: Deployment, plan: Plan, tell: (progress: Progress) => void) {
    const { seed, faults } = plan;
    const recorder = new Recorder(deployment.replicas.map(({ gateway }) => gateway.log));
    this.#deployment = deployment;
    this.#plan = plan;
    this.#tell = tell;
    this.#recorder = recorder;
    this.#judge = new Judge({ catalogue: deployment.catalogue, record: recorder });
    this.#stillness = new Stillness(recorder);
    this.#reads.begin();
    this.#traffic = new Traffic({ deployment, recorder, seed });
    this.#watch = new Watch(deployment, recorder, { counter: failedStoreOperations });
    this.#chance = new Chance(seed);
    this.#nemesis = new Nemesis({ deployment, recorder, traffic: this.#traffic, chance: this.#chance, faults });
  }

  async run(): Promise<Outcome> {
    await this.#watch.begin();
    try {
      await this.#strikeAndJudge();
      await delay(calmTailMs);
    } catch (error) {
      this.#find({ kind: 'not well', says: `after ${this.#fault}: ${(error as Error).message}` });
    } finally {
      await Promise.all([this.#traffic.stop(), this.#watch.end()]);
      this.#reads.end();
    }
    await this.#judgeSoFar();
    this.#stillness.end();
    this.#findStampedes();
    for (const [replica, { gateway }] of this.#deployment.replicas.entries()) {
      for (const says of gateway.log.mistakes) this.#find({ kind: 'mistake', says, replica });
    }
    return this.#outcome();
  }

  async #strikeAndJudge(): Promise<void> {
    const endMs = this.#fromMs + 1_000 * this.#plan.seconds;
    while (performance.now() < endMs || this.#nemesis.toCome.length > 0) {
      await delay(this.#chance.between(...calmMs));
      await this.#nemesis.strike(({ name }) => {
        this.#fault = name;
        this.#tellProgress();
      });
      await this.#judgeSoFar();
      this.#tellProgress();
    }
  }

  // ── Judging ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** After all is well again: by then all is known that binds these answers, or excuses them. */
  async #judgeSoFar(): Promise<void> {
    const answers = this.#recorder.answers.splice(0).toSorted((a, b) => a.answeredMs - b.answeredMs);
    const stoodStillMs = this.#stillness.lap();
    for (let at = 0; at < answers.length; at += judgedAtOnce) {
      const some = answers.slice(at, at + judgedAtOnce);
      for (const violation of this.#judge.judge(some, { stoodStillMs })) {
        const { askedMs: atMs, by } = violation.answer;
        this.#find({ kind: violation.kind, says: describeViolation(violation), atMs, replica: by.replica });
      }
      for (const { askedMs, answeredMs, by, reply, after } of some) {
        const trusted = !this.#recorder.wasDegradedIn(by.replica, { fromMs: askedMs, untilMs: answeredMs });
        this.#marks.push({ askedMs, answeredMs, replica: by.replica, how: howOf(reply), trusted });
        if (after !== undefined) this.#behindAPosition += 1;
      }
      await setImmediate();
    }
  }

  #findStampedes(): void {
    // A busy machine is a fault that nobody brings: a gateway that cannot reach Redis in time reads for itself, and of
    // reads that come while upstream stands still nobody can tell which was over when the other began.
    const still = this.#stillness.spans.map(({ fromMs, untilMs }) => ({ fromMs, untilMs: untilMs + settlingMs }));
    const degraded = this.#deployment.replicas.flatMap(({ gateway }) => gateway.log.degraded);
    const troubles = [...this.#nemesis.came.map(troubleOf), ...this.#watch.rises, ...degraded, ...still];
    const changesOf = (id: string) => this.#recorder.changesOf(id);
    for (const { what, reads, changes, atMs } of stampedesIn(this.#reads.all, { changesOf, troubles })) {
      const says = `P4: ${what} read ${reads} times at once, with ${changes} changes of it`;
      this.#find({ kind: 'stampede', says, atMs });
    }
  }

  #find(finding: Omit<Finding, 'atMs'> & { atMs?: number }): void {
    this.#findings.push({ atMs: performance.now(), ...finding });
  }

  // ── What came of it ───────────────────────────────────────────────────────────────────────────────────────────────

  #tellProgress(): void {
    this.#tell({
      elapsedMs: performance.now() - this.#fromMs,
      answers: this.#marks.length,
      findings: this.#findings.length,
      fault: this.#fault,
    });
  }

  #outcome(): Outcome {
    const { all } = this.#reads;
    return {
      plan: this.#plan,
      span: { fromMs: this.#fromMs, untilMs: performance.now() },
      marks: this.#marks,
      came: this.#nemesis.came,
      toCome: this.#nemesis.toCome,
      findings: this.#findings,
      degraded: this.#deployment.replicas.map(({ gateway }) => gateway.log.degraded),
      counts: {
        ...this.#recorder.counts,
        writes: this.#deployment.catalogue.writes,
        behindAPosition: this.#behindAPosition,
        rowReads: all.filter(({ page }) => page === undefined).length,
        pageReads: all.filter(({ page }) => page !== undefined).length,
      },
      peak: this.#watch.peak,
    };
  }
}

/** While it lasted, and what came of it was not over. */
export function troubleOf({ fromMs, wellMs, failing }: Came): Span {
  return { fromMs, untilMs: Math.max(wellMs, failing?.untilMs ?? 0) + settlingMs };
}
