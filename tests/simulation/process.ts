/** One process of the gateway: the engine as `gateway.ts` puts it together, over simulated log, store, upstream, clock. */
import type { Clock } from '../../src/cache/clock.ts';
import type { Deadline } from '../../src/cache/deadline.ts';
import { assembleEngine, type Engine } from '../../src/cache/engine.ts';
import type { Entry } from '../../src/cache/entry.ts';
import { Follower, type Listener } from '../../src/cache/follower.ts';
import type { Ids } from '../../src/cache/log.ts';
import { MemoryTier } from '../../src/cache/memory.ts';
import type { Stamp, Token } from '../../src/cache/position.ts';
import { Answers } from '../../src/data/answers.ts';
import type { Policies } from '../../src/data/base.ts';
import { Journal } from '../../src/data/journal.ts';
import { CachedResource } from '../../src/data/resource.ts';
import type { Telemetry } from '../../src/telemetry/index.ts';
import type { Mutation } from './mutations.ts';
import type { Chance } from './random.ts';
import { type Connection, SimLog, SimStore } from './remote.ts';
import { type Item, items, type SimUpstream } from './upstream.ts';

export const settings = {
  coherenceMs: 1_000,
  leaseMs: 2_000,
  settleMs: 500,
  /** Short, so that logs are trimmed and processes stay away for longer than they reach back. */
  horizonMs: 24_000,
  longestWindowMs: 33_000,
  epochMs: Date.UTC(2026, 10, 23),
  policies: {
    entity: { maxAgeMs: 3_000, staleWhileRevalidateMs: 4_000, staleIfErrorMs: 30_000 },
    page: { maxAgeMs: 2_500, staleWhileRevalidateMs: 4_000, staleIfErrorMs: 20_000 },
  } satisfies Policies,
};

/** Told what a process comes to know, in the turn in which it does. */
type Observer = {
  applied(ids: Ids, at: { floor: Token; hard: boolean }): void;
  eraBegan(): void;
  forgot(): void;
  degraded(): void;
  /** The engine met what it has no rule for. */
  broke(what: string): void;
};

type Parts = {
  connection: Connection;
  upstream: SimUpstream;
  chance: Chance;
  name: string;
  skewMs: number;
  mutation: Mutation;
  observer: Observer;
};

/** From one start to its end; a restart makes another. */
export class Process {
  readonly name: string;
  readonly actor: Connection['actor'];
  readonly resource: CachedResource<Item>;
  readonly answers: Answers;
  readonly engine: Engine;
  readonly follower: WatchedFollower;

  constructor({ connection, upstream, chance, name, skewMs, mutation, observer }: Parts) {
    this.name = name;
    this.actor = connection.actor;
    const { coherenceMs, leaseMs, settleMs, horizonMs, longestWindowMs, epochMs, policies } = settings;
    const clock = connection.scheduler.clockOf(this.actor, { epochMs, skewMs });
    const random = chance.next;
    const telemetry = countingTelemetry(connection.count, observer);
    const log = new SimLog(connection, { name, random, clock });
    const options = { log, clock, random, telemetry, coherenceMs, horizonMs, longestWindowMs };
    this.follower = new WatchedFollower(options, { observer, mutation, clock, count: connection.count });
    this.engine = assembleEngine({
      prefix: 'sim',
      clock,
      random,
      telemetry,
      follower: this.follower,
      store: new SimStore(connection, { name }),
      memory: new MemoryTier({ maxBytes: 1 << 20 }),
      leaseMs,
    });
    const definition = mutation.noVersions ? { ...items, versionOf: () => undefined } : items;
    const journal = new Journal();
    this.resource = new CachedResource({ engine: this.engine, upstream, definition, policies, settleMs, journal });
    this.answers = new Answers({ follower: this.follower, journal, resources: [this.resource] });
  }

  /** What memory holds, whether it may be served or not. */
  inMemory(): Iterable<readonly [id: string, entry: Entry<Item>]> {
    return this.engine.memory.part<Item>(items.name).entries();
  }

  /** Whatever a mutation makes of the keys. */
  get trueEra(): string {
    return this.follower.trueEra;
  }

  async start(): Promise<void> {
    await this.follower.tick();
    void this.follower.run();
    this.resource.warm();
  }
}

type Watch = { observer: Observer; mutation: Mutation; clock: Clock; count: (branch: string) => void };

/** Tells what it applies and what it refuses where, and lies where a mutation says so. */
class WatchedFollower extends Follower {
  readonly #watch: Watch;

  constructor(options: ConstructorParameters<typeof Follower>[0], watch: Watch) {
    super(options);
    this.#watch = watch;
  }

  override listen(namespace: string, listener: Listener): void {
    const { observer } = this.#watch;
    super.listen(namespace, {
      changed: (ids, at) => {
        observer.applied(ids, at);
        listener.changed(ids, at);
      },
      eraBegan: () => {
        observer.eraBegan();
        listener.eraBegan();
      },
      forget: () => {
        observer.forgot();
        listener.forget();
      },
    });
  }

  get trueEra(): string {
    return super.era;
  }

  override get era(): string {
    return this.#watch.mutation.keysWithoutEra ? 'era' : super.era;
  }

  override now(): number {
    return this.#watch.mutation.ownClocks ? this.#watch.clock.now() : super.now();
  }

  override valid(namespace: string, id: string, asOf: Stamp): boolean {
    return super.valid(namespace, id, asOf) || this.#refused('');
  }

  override validAsWhole(namespace: string, asOf: Stamp): boolean {
    return super.validAsWhole(namespace, asOf) || this.#refused('base ');
  }

  override purged(namespace: string, id: string, content: Stamp): boolean {
    return super.purged(namespace, id, content) && this.#purged();
  }

  override purgedAsWhole(namespace: string, content: Stamp): boolean {
    return super.purgedAsWhole(namespace, content) && this.#purged();
  }

  override ready(deadline: Deadline): Promise<void> | undefined {
    return this.#watch.mutation.alwaysTrusted ? undefined : super.ready(deadline);
  }

  #refused(of: string): boolean {
    const site = of + callerOf();
    this.#watch.count(`refused: ${site}`);
    return this.#watch.mutation.alwaysValidAt?.some((mutated) => mutated === site) ?? false;
  }

  #purged(): boolean {
    this.#watch.count(`purged: ${callerOf()}`);
    return this.#watch.mutation.nothingPurged !== true;
  }
}

/** The function of the engine that asked: the fourth on the stack. */
function callerOf(): string {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 6;
  const frames = (new Error().stack ?? '').split('\n').slice(1);
  Error.stackTraceLimit = stackTraceLimit;
  const caller = frames.find((frame) => /src\/(cache|data)\//.test(frame));
  return /at (?:async )?(?:\w+\.)?#?(\w+) /.exec(caller ?? '')?.[1] ?? 'other';
}

/** Counts what the engine tells; the real metrics would take longer than all the rest. */
function countingTelemetry(count: (branch: string) => void, observer: Observer): Telemetry {
  const nothing = () => {};
  const silent = { inc: nothing, set: nothing, observe: nothing, startTimer: () => nothing };
  const log = (line: { event?: string; away?: boolean; err?: unknown }) => {
    if (line.event === undefined) return;
    count(line.away ? `${line.event}, away` : line.event);
    if (line.event === 'coherence.degraded') observer.degraded();
    if (line.event === 'cache.fill_broken') observer.broke(String(line.err));
  };
  const rejected = ({ namespace, reason }: { namespace: string; reason: string }) =>
    count(`rejected: ${namespace} ${reason}`);
  const requested = ({ namespace, tier, outcome }: { namespace: string; tier: string; outcome: string }) =>
    count(`${namespace} ${outcome} from ${tier}`);
  const metrics = new Proxy({ cacheRejected: { inc: rejected }, cacheRequests: { inc: requested } } as object, {
    get: (own, name) => Reflect.get(own, name) ?? silent,
  });
  return { log: { debug: nothing, info: log, warn: log, error: log }, metrics } as unknown as Telemetry;
}
