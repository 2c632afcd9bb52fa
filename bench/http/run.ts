/**
 * A run: rounds, in each of which every server does every work once, so that none has the quiet minute alone. Works that
 * are held against each other it does by turns.
 */
import { medianOf } from '../support/median.ts';
import type { ColdStart } from './cold-start.ts';
import { ColdStarts } from './cold-starts.ts';
import { measure, type Outcome, type Way } from './measure.ts';
import type { Figures, Row, Run } from './results.ts';
import type { Server } from './servers.ts';
import type { Stage } from './stage.ts';
import { prepare, type Task } from './task.ts';
import type { Work } from './works.ts';

export type Plan = Way & {
  works: readonly Work[];
  /** Whose answer tells that a server has come to life, and how many more are waited for; absent: no starts are measured. */
  cold?: { work: Work; answers: number } | undefined;
  servers: readonly Server[];
  rounds: number;
};

/** Told of each measurement. */
export type Observer = {
  planned(measurements: number): void;
  measured(done: { work: Work; server: Server; round: number; outcome: Outcome }): void;
  started(done: { server: Server; start: ColdStart | string }): void;
};

type Entry = { task: Task; outcomes: Map<Server, Outcome[]> };
type Found = Pick<Run, 'works' | 'coldStarts'>;

/** What was found so far, after each round. */
export async function* run(stage: Stage, plan: Plan, observer: Observer): AsyncGenerator<Found> {
  const entries: Entry[] = [];
  for (const work of plan.works) {
    const task = await prepare(stage, work);
    const able = plan.servers.filter((server) => takesPart(server, task));
    entries.push({ task, outcomes: new Map(able.map((server) => [server, []])) });
  }
  const starting = plan.servers.filter(({ works }) => works === undefined);
  const cold = plan.cold && (await ColdStarts.of(stage, plan.cold, starting));
  const ofWorks = entries.reduce((sum, { outcomes }) => sum + outcomes.size, 0);
  observer.planned(plan.rounds * (ofWorks + (cold ? starting.length : 0)));
  for (let round = 1; round <= plan.rounds; round++) {
    for (const together of inTurns(entries)) {
      for (const server of plan.servers) {
        const able = together.filter(({ outcomes }) => isToBeMeasured(outcomes.get(server)));
        const tasks = able.map(({ task }) => task);
        for (const [index, outcome] of (await measure(stage, server, tasks, plan)).entries()) {
          const { task, outcomes } = able[index] as Entry;
          outcomes.get(server)?.push(outcome);
          observer.measured({ work: task.work, server, round, outcome });
        }
      }
    }
    await cold?.round((done) => observer.started(done));
    yield { works: entries.map(resultsOf), coldStarts: cold?.rows() ?? [] };
  }
}

/** Each work with those that take turns with it. */
function inTurns(entries: readonly Entry[]): Entry[][] {
  const withWhom = ({ task: { work } }: Entry) =>
    entries.some(({ task }) => task.work.name === work.turnsWith) ? work.turnsWith : work.name;
  return [...Map.groupBy(entries, withWhom).values()];
}

/** Where it takes part, and was not left out before. */
function isToBeMeasured(outcomes: readonly Outcome[] | undefined): boolean {
  return outcomes?.every((outcome) => !('leftOut' in outcome)) === true;
}

/** Fixed bytes are an answer only where it never changes, and by GET the same is asked every time. */
function takesPart({ kind, method, works }: Server, { work, requestCount }: Task): boolean {
  if (works?.includes(work.name) === false) return false;
  if (requestCount > 1 && (kind === 'ceiling' || method === 'GET')) return false;
  return kind === 'vitrine' || !work.isForVitrineAlone;
}

function resultsOf({ task: { work }, outcomes }: Entry) {
  const rows = [...outcomes].map(([server, all]) => rowOf(server, all));
  return { name: work.name, title: work.title, rows };
}

function rowOf({ name, title, kind, keeps }: Server, outcomes: readonly Outcome[]): Row {
  const who = { name, title, kind, keeps };
  const leftOut = outcomes.find((outcome) => 'leftOut' in outcome);
  if (leftOut !== undefined) return { ...who, leftOut: leftOut.leftOut };
  const done = outcomes as Extract<Outcome, { figures: Figures }>[];
  const rounds = done.map(({ figures }) => rounded(figures));
  return { ...who, answerBytes: done[0]?.answerBytes ?? 0, medians: mediansOf(rounds), rounds };
}

function mediansOf(rounds: readonly Figures[]): Figures {
  const names = Object.keys(rounds[0] as Figures) as (keyof Figures)[];
  return Object.fromEntries(names.map((name) => [name, medianOf(rounds.map((one) => one[name] ?? 0))])) as Figures;
}

function rounded(figures: Figures): Figures {
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [name, Number(value.toPrecision(4))]),
  ) as Figures;
}
