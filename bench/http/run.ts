/** A run: each work in rounds, in each round all servers one after the other, so that none has the quiet minute alone. */
import { medianOf } from '../support/median.ts';
import { ask, faultOf } from './answers.ts';
import { measure, type Outcome, type Sample, type Task, type Way } from './measure.ts';
import type { Figures, Row, WorkResults } from './results.ts';
import { type Server, servers } from './servers.ts';
import type { Stage } from './stage.ts';
import type { Work } from './works.ts';

export type Plan = Way & {
  servers: readonly Server[];
  rounds: number;
  /** Told of each measurement. */
  onMeasured: (done: { work: Work; server: Server; round: number; outcome: Outcome }) => void;
};

type Entry = { task: Task; outcomes: Map<Server, Outcome[]> };

/** How many answers are compared before a server is measured, where they differ. */
const samplesPerWork = 60;

/** @returns A generator of what was found so far, after each round. */
export async function* run(stage: Stage, works: readonly Work[], plan: Plan): AsyncGenerator<WorkResults[]> {
  const entries: Entry[] = [];
  for (const work of works) {
    const task = await prepare(stage, work);
    const able = plan.servers.filter((server) => takesPart(server, task));
    entries.push({ task, outcomes: new Map(able.map((server) => [server, []])) });
  }
  for (let round = 1; round <= plan.rounds; round++) {
    for (const { task, outcomes } of entries) await measureAll(stage, { task, outcomes }, { plan, round });
    yield entries.map(({ task: { work }, outcomes }) => ({
      name: work.name,
      title: work.title,
      rows: [...outcomes].map(([server, all]) => rowOf(server, all)),
    }));
  }
}

async function measureAll(
  stage: Stage,
  { task, outcomes }: Entry,
  { plan, round }: { plan: Plan; round: number },
): Promise<void> {
  for (const [server, before] of outcomes) {
    if (before.some((outcome) => 'leftOut' in outcome)) continue;
    const outcome = await measure(stage, server, task, plan);
    before.push(outcome);
    plan.onMeasured({ work: task.work, server, round, outcome });
  }
}

/** Fixed bytes are an answer only where it never changes. */
function takesPart(server: Server, { work, requestCount }: Task): boolean {
  if (server.kind === 'ceiling') return requestCount === 1 && !work.isForVitrineAlone;
  return server.kind === 'vitrine' || !work.isForVitrineAlone;
}

/** What must be answered is what Vitrine answers, asked by nobody else. */
async function prepare(stage: Stage, work: Work): Promise<Task> {
  const requests = work.requests();
  const bodiesFile = await stage.write(work, requests);
  const reference = await stage.start(servers[0] as Server, work);
  try {
    const samples: Sample[] = [];
    for (const request of samplesOf(requests)) {
      const answer = await ask(reference.target, request);
      const fault = faultOf(answer, answer.data);
      if (fault !== undefined) throw new Error(`${work.name}: Vitrine ${fault}`);
      samples.push({ request, data: answer.data });
      // By what it says of an answer that it has kept.
      if (requests.length === 1) await stage.keepAnswer(work, await ask(reference.target, request));
    }
    return { work, requestCount: requests.length, bodiesFile, samples };
  } finally {
    await reference.stop();
  }
}

/** From the end, so that they are not those that come first. */
function samplesOf(requests: readonly string[]): string[] {
  return [...new Set(requests.slice(-samplesPerWork))];
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
  return Object.fromEntries(names.map((name) => [name, medianOf(rounds.map((one) => one[name]))])) as Figures;
}

function rounded(figures: Figures): Figures {
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [name, Number(value.toPrecision(4))]),
  ) as Figures;
}
