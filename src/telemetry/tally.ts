/**
 * A counter of what happens many times in each request. It counts by itself, and tells prom-client when that is read:
 * telling it each time takes several times as long.
 */
import { Counter, type CounterConfiguration } from 'prom-client';

/** What was counted under the values of the labels so far; the other labels branch off. */
type Branch<L extends string> = {
  labels: Partial<Record<L, string>>;
  /** Not told yet. */
  count: number;
  below: Map<string, Branch<L>>;
};

export class Tally<L extends string> {
  readonly #counter: Counter<L>;
  readonly #labelNames: readonly L[];
  readonly #root: Branch<L> = { labels: {}, count: 0, below: new Map() };

  constructor(options: CounterConfiguration<L> & { labelNames: readonly L[] }) {
    this.#labelNames = options.labelNames;
    this.#counter = new Counter({ ...options, collect: () => this.#tell(this.#root) });
  }

  inc(labels: Readonly<Record<L, string>>): void {
    let branch = this.#root;
    for (const name of this.#labelNames) branch = branch.below.get(labels[name]) ?? grow(branch, name, labels[name]);
    branch.count += 1;
  }

  /** All that was counted, as prom-client has it. */
  get(): ReturnType<Counter<L>['get']> {
    return this.#counter.get();
  }

  #tell(branch: Branch<L>): void {
    if (branch.count > 0) this.#counter.inc(branch.labels, branch.count);
    branch.count = 0;
    for (const next of branch.below.values()) this.#tell(next);
  }
}

function grow<L extends string>(branch: Branch<L>, name: L, value: string): Branch<L> {
  const next: Branch<L> = { labels: { ...branch.labels, [name]: value }, count: 0, below: new Map() };
  branch.below.set(value, next);
  return next;
}
