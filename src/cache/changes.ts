/**
 * Changes of ids: told by an operator or by upstream, read anew before they are announced.
 *
 *   begin ─► read upstream, `asOf` = begin ─► commit ─► changed{floor: begin} ─► own tick ─► acknowledge
 *
 * Values are written before `changed` is visible, so those who drop the old one find the new one in the store. For each
 * namespace and process one change runs and one waits; the rest join the waiting one.
 */
import type { Telemetry } from '../telemetry/index.ts';
import type { Announced, Follower } from './follower.ts';
import type { Namespace } from './namespace.ts';
import type { Token } from './position.ts';
import { laterSaid, type Said } from './said.ts';

export type Change = {
  ids: readonly string[];
  /** A purge: nothing older is served again, not even on error. */
  hard: boolean;
  /** What upstream said of them. */
  said?: ReadonlyMap<string, Said>;
  source: string;
};

/** How far a change is known. */
type Reach = {
  /** Redis is away: the others will be told when it is back. */
  deferred: boolean;
  /** All are told, and fewer replicas of Redis have it than are asked for. */
  tooFewReplicas: boolean;
};

/** What came of a change. */
export type Changed = { refreshed: number; missing: number; token: Token } & Reach;

type Rereadable = Pick<Namespace<unknown>, 'name' | 'readAnew' | 'removeBelow'>;

type Done = { outcomes: Map<string, 'refreshed' | 'missing' | 'failed'>; token: Token } & Reach;

/** Ids that share one run; those that are hard for anyone are hard. */
type Run = { soft: Set<string>; hard: Set<string>; said: Map<string, Said>; done: Promise<Done> };

export class Changes {
  readonly #namespace: Rereadable;
  readonly #follower: Follower;
  readonly #telemetry: Telemetry;
  #running: Promise<unknown> = Promise.resolve();
  #waiting: Run | undefined;

  constructor(namespace: Rereadable, { follower, telemetry }: { follower: Follower; telemetry: Telemetry }) {
    this.#namespace = namespace;
    this.#follower = follower;
    this.#telemetry = telemetry;
  }

  /** Resolves once this process serves nothing older; rejects only when the engine itself is broken. */
  async change({ ids, hard, said = new Map(), source }: Change): Promise<Changed> {
    const run = this.#join();
    for (const id of ids) (hard ? run.hard : run.soft).add(id);
    for (const [id, word] of said) run.said.set(id, laterSaid(run.said.get(id), word));
    const { outcomes, ...done } = await run.done;
    const kind = hard ? 'purge' : 'refresh';
    this.#telemetry.metrics.changes.inc({ namespace: this.#namespace.name, source, kind }, ids.length);
    const count = (wanted: string) => ids.filter((id) => outcomes.get(id) === wanted).length;
    return { refreshed: count('refreshed'), missing: count('missing'), ...done };
  }

  #join(): Run {
    if (this.#waiting !== undefined) return this.#waiting;
    const run: Run = { soft: new Set(), hard: new Set(), said: new Map(), done: undefined as never };
    run.done = this.#running.then(() => {
      this.#waiting = undefined;
      return this.#run(run);
    });
    this.#running = run.done.catch(() => {}); // Those who joined are told; the next run begins either way.
    this.#waiting = run;
    return run;
  }

  async #run({ soft, hard, said }: Run): Promise<Done> {
    const ids = [...new Set([...hard, ...soft])];
    const onlySoft = ids.filter((id) => !hard.has(id));
    for (;;) {
      const begun = await this.#follower.begin(this.#namespace.name, ids);
      if (hard.size > 0) await this.#namespace.removeBelow([...hard], begun.stamp);
      const outcomes = await this.#namespace.readAnew(ids, { asOf: begun.stamp, said });
      const namespace = this.#namespace.name;
      const parts = [
        { namespace, ids: [...hard], hard: true, ...versioned(hard, said) },
        { namespace, ids: onlySoft, ...versioned(onlySoft, said) },
      ].filter((part) => part.ids.length > 0);
      let announced: Announced = { state: 'known', token: this.#follower.tokenOf(begun.stamp.position) };
      for (const part of parts) announced = await this.#follower.announce(part, begun);
      if (announced.state === 'overtaken') continue;
      return { outcomes, token: announced.token, ...reachOf(announced) };
    }
  }
}

export function reachOf({ state }: Announced): Reach {
  return { deferred: state === 'kept', tooFewReplicas: state === 'unreplicated' };
}

/** The words that others can hold rows against: those with a version. */
function versioned(ids: Iterable<string>, said: ReadonlyMap<string, Said>): { said?: Record<string, Said> } {
  const words = [...ids].flatMap((id) => {
    const word = said.get(id);
    return word?.version === undefined ? [] : [[id, word] as const];
  });
  return words.length === 0 ? {} : { said: Object.fromEntries(words) };
}
