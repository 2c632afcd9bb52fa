/**
 * One fault in real traffic, from before it comes until all is well again.
 *
 *   all well ─► traffic ─► the fault comes ─► lasts ─► goes ─► traffic goes on ─► all well ─► traffic ends ─► judged
 */
import { setTimeout as delay } from 'node:timers/promises';
import { bring, type Came, hasErrors, isOnError, recover } from './bring.ts';
import { type Deployment, untilReady } from './deployment.ts';
import type { Fault } from './faults/index.ts';
import { Judge } from './judge.ts';
import { type Answer, Recorder, type Reply } from './record.ts';
import type { Report } from './report.ts';
import { Stillness } from './stillness.ts';
import { Traffic } from './traffic.ts';
import { Watch } from './watch.ts';

type Options = {
  /** In ms, unless the fault says otherwise. */
  lastsMs?: number;
  seed?: number;
};

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
    const stillness = new Stillness(recorder);
    const watch = new Watch(deployment, recorder, fault.tells);
    await watch.begin();
    const traffic = new Traffic({ deployment, recorder, seed });
    const came = await delay(warmUpMs)
      .then(async () => {
        const isTold = () => watch.untold(recorder.answers).length === 0;
        const came = await bring(fault, { deployment, recorder, traffic, lastsMs, isTold });
        await recover([came], { deployment, recorder });
        return came;
      })
      .finally(() => Promise.all([traffic.stop(), watch.end()]));
    const stoodStillMs = stillness.lap();
    stillness.end();
    const answers = recorder.answers.splice(0);
    const violations = this.#judge.judge(answers, { stoodStillMs });
    return {
      fault: fault.name,
      ...countAnswers(answers, came),
      wrong: violations.filter(({ kind }) => kind === 'wrong'),
      late: violations.filter(({ kind }) => kind === 'late'),
      recoveredMs: came.wellMs - came.overMs,
      untold: watch.untold(answers.filter(({ askedMs }) => askedMs >= came.fromMs)),
      mistakes: deployment.replicas.flatMap(({ gateway }) => gateway.log.mistakes.splice(0)),
      peak: watch.peak,
    };
  }
}

function countAnswers(answers: readonly Answer[], { fromMs, untilMs, wellMs }: Came) {
  const answered = answers.filter(({ askedMs, reply }) => askedMs >= fromMs && askedMs <= wellMs && !('cut' in reply));
  const replies = answered.map(({ reply }) => reply as Reply);
  return {
    requests: answered.filter(({ askedMs }) => askedMs <= untilMs).length,
    withErrors: replies.filter(hasErrors).length,
    onError: replies.filter(isOnError).length,
  };
}
