/** Q10: every server started from nothing, once in each round. */
import { medianOf } from '../support/median.ts';
import { type ColdStart, type ColdTask, coldStart } from './cold-start.ts';
import type { ColdRow } from './results.ts';
import type { Server } from './servers.ts';
import type { Stage } from './stage.ts';
import { prepare, type Sample } from './task.ts';

type Told = (done: { server: Server; start: ColdStart | string }) => void;

export class ColdStarts {
  readonly #stage: Stage;
  readonly #task: ColdTask;
  readonly #starts: Map<Server, (ColdStart | string)[]>;

  private constructor(stage: Stage, task: ColdTask, servers: readonly Server[]) {
    this.#stage = stage;
    this.#task = task;
    this.#starts = new Map(servers.map((server) => [server, []]));
  }

  /** @param work - Of one request, whose answer tells that a server has come to life. */
  static async of(
    stage: Stage,
    { work, answers }: Omit<ColdTask, 'sample'>,
    servers: readonly Server[],
  ): Promise<ColdStarts> {
    const { samples } = await prepare(stage, work);
    return new ColdStarts(stage, { work, answers, sample: samples[0] as Sample }, servers);
  }

  async round(tell: Told): Promise<void> {
    for (const [server, before] of this.#starts) {
      if (before.some(isFault)) continue;
      const start = await coldStart(this.#stage, server, this.#task);
      before.push(start);
      tell({ server, start });
    }
  }

  rows(): ColdRow[] {
    return [...this.#starts].map(([server, starts]) => rowOf(server, starts));
  }
}

function rowOf({ name, title, kind, keeps }: Server, starts: readonly (ColdStart | string)[]): ColdRow {
  const who = { name, title, kind, keeps };
  const leftOut = starts.find(isFault);
  if (leftOut !== undefined) return { ...who, leftOut };
  const rounds = (starts as ColdStart[]).map(({ firstMs, allMs }) => ({
    firstMs: Math.round(firstMs),
    allMs: Math.round(allMs),
  }));
  const median = (name: keyof ColdStart) => medianOf(rounds.map((round) => round[name]));
  return { ...who, medians: { firstMs: median('firstMs'), allMs: median('allMs') }, rounds };
}

function isFault(start: ColdStart | string): start is string {
  return typeof start === 'string';
}
