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
import type { Position } from './position.ts';

export type Change = {
  ids: readonly string[];
  /** A purge: nothing older is served again, not even on error. */
  hard: boolean;
  source: string;
};

/** What came of a change. `deferred`: Redis is away, the others will be told when it is back. */
export type Changed = { refreshed: number; missing: number; position: Position; deferred: boolean };

type Rereadable = Pick<Namespace<unknown>, 'name' | 'readAnew' | 'removeBelow'>;

type Done = { outcomes: Map<string, 'refreshed' | 'missing' | 'failed'>; position: Position; deferred: boolean };

/** Ids that share one run; those that are hard for anyone are hard. */
type Run = { soft: Set<string>; hard: Set<string>; done: Promise<Done> };

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
  async change({ ids, hard, source }: Change): Promise<Changed> {
    const run = this.#join();
    for (const id of ids) (hard ? run.hard : run.soft).add(id);
    const { outcomes, position, deferred } = await run.done;
    const kind = hard ? 'purge' : 'refresh';
    this.#telemetry.metrics.changes.inc({ namespace: this.#namespace.name, source, kind }, ids.length);
    const count = (wanted: string) => ids.filter((id) => outcomes.get(id) === wanted).length;
    return { refreshed: count('refreshed'), missing: count('missing'), position, deferred };
  }

  #join(): Run {
    if (this.#waiting !== undefined) return this.#waiting;
    const run: Run = { soft: new Set(), hard: new Set(), done: undefined as never };
    run.done = this.#running.then(() => {
      this.#waiting = undefined;
      return this.#run(run);
    });
    this.#running = run.done.catch(() => {}); // Those who joined are told; the next run begins either way.
    this.#waiting = run;
    return run;
  }

  async #run({ soft, hard }: Run): Promise<Done> {
    const ids = [...new Set([...hard, ...soft])];
    const onlySoft = ids.filter((id) => !hard.has(id));
    for (;;) {
      const begun = await this.#follower.begin(this.#namespace.name, ids);
      if (hard.size > 0) await this.#namespace.removeBelow([...hard], begun.stamp);
      const outcomes = await this.#namespace.readAnew(ids, begun.stamp);
      const namespace = this.#namespace.name;
      const parts = [
        { namespace, ids: [...hard], hard: true },
        { namespace, ids: onlySoft },
      ].filter((part) => part.ids.length > 0);
      let announced: Announced = { state: 'known', position: begun.stamp.position };
      for (const part of parts) {
        announced = await this.#follower.announce(part, begun);
        if (announced.state === 'era over') break;
      }
      if (announced.state === 'era over') continue;
      return { outcomes, position: announced.position, deferred: announced.state === 'kept' };
    }
  }
}
