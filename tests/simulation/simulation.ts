/**
 * One run: three processes of the gateway, one Redis, one API, and everything that may happen between them, all from a
 * seed.
 *
 *   operations (reads, pages, writes, changes, resets, faults), one after another in virtual time
 *     ─► heal, wait ─► every process trusted, every read right
 */
import type { Ids } from '../../src/cache/log.ts';
import type { Outcome } from '../../src/cache/outcome.ts';
import type { Token } from '../../src/cache/position.ts';
import { type FaultName, Faults, faultNames } from './faults.ts';
import type { Mutation } from './mutations.ts';
import { Line } from './network.ts';
import { Operations, requestOf, show } from './operations.ts';
import { forgetHighest, type Knowledge, Oracle, Violation } from './oracle.ts';
import { Process, settings } from './process.ts';
import { Chance } from './random.ts';
import { SimRedis } from './redis.ts';
import { type Actor, Scheduler } from './scheduler.ts';
import { Story } from './story.ts';
import { Catalogue, calmMood, SimUpstream, type UpstreamMood } from './upstream.ts';

export type RunOptions = { seed: number; operations: number; mutation?: Mutation | undefined; keepStory?: boolean };

export type RunResult = {
  seed: number;
  violation: string | undefined;
  hash: string;
  story: readonly string[];
  branches: ReadonlyMap<string, number>;
  checks: number;
  steps: number;
};

const processCount = 3;

/** A process after another in the same place. */
export type Slot = {
  process: Process;
  knowledge: Knowledge;
  actor: Actor;
  pausedMs: number;
  pausedAtMs: number;
  line: Line;
};

export async function simulate(options: RunOptions): Promise<RunResult> {
  return new Simulation(options).run();
}

export class Simulation {
  readonly chance: Chance;
  readonly scheduler: Scheduler;
  readonly catalogue = new Catalogue();
  readonly redis: SimRedis;
  readonly shared: Line;
  readonly slots: Slot[] = [];
  /** Not in every seventh run: there the view is read anew for the sake of rows alone. */
  readonly asksForPages: boolean;
  mood: UpstreamMood = calmMood;
  readonly #options: RunOptions;
  readonly #story: Story;
  readonly oracle: Oracle;
  readonly faults: Faults | undefined;
  readonly #branches = new Map<string, number>();
  /** When each record of the log was appended, by era and position. */
  readonly #appendedAtMs = new Map<string, number>();
  readonly #eraBeganAtMs = new Map<string, number>();
  readonly #open = new Set<{ what: string; actor: Actor }>();
  #violation: string | undefined;

  constructor(options: RunOptions) {
    this.#options = options;
    this.chance = new Chance(options.seed);
    this.asksForPages = options.seed % 7 !== 0;
    this.scheduler = new Scheduler(this.chance);
    const now = () => this.scheduler.nowMs;
    this.#story = new Story({ keep: options.keepStory ?? false, now });
    this.shared = new Line(this.scheduler, this.chance);
    // Every fifth run is calm: what holds only while nothing fails is shown there.
    const calm = options.seed % 5 === 0;
    this.oracle = new Oracle({
      catalogue: this.catalogue,
      now,
      behindMs: () => this.redis.behindMs,
      calm,
    });
    this.faults = calm ? undefined : new Faults(this, this.#pickFaults());
    this.redis = new SimRedis({
      now: () => settings.epochMs + now(),
      horizonMs: settings.horizonMs,
      mutation: options.mutation ?? {},
      watcher: {
        appended: ({ era, position }, record) => {
          this.#appendedAtMs.set(era + position, now());
          if (record.kind !== 'changed') return;
          const readSinceMs = record.floor === 'own' ? now() : (this.#appendedAtMs.get(era + record.floor) ?? 0);
          this.oracle.recorded(record.ids, { readSinceMs });
        },
        eraBegan: (era, cause) => {
          this.tell('redis', `era ${era} begins: ${cause}`);
          this.count(`era: ${cause}`);
          this.#eraBeganAtMs.set(era, now());
          this.oracle.wordsEnd();
        },
      },
    });
    for (let slot = 0; slot < processCount; slot++) this.start(slot);
  }

  async run(): Promise<RunResult> {
    const { seed, operations: count } = this.#options;
    const operations = new Operations(this);
    const paceMs = this.chance.pick([20, 60, 150, 300]);
    for (let i = this.chance.between(3, 5); i > 0; i--) this.catalogue.write(`${i}`, 0, 'put');
    await this.#guarded(async () => {
      await this.scheduler.runUntil(this.chance.between(0, 100));
      for (let i = 0; i < count && this.#violation === undefined; i++) {
        operations.next();
        await this.scheduler.runUntil(this.scheduler.nowMs + this.chance.between(0, 2 * paceMs));
        this.#checkWhatIsHeld();
      }
      if (this.#violation === undefined) await this.#end();
    });
    for (const { actor } of this.slots) actor.state = 'dead';
    this.scheduler.close();
    return {
      seed,
      violation: this.#violation,
      hash: this.#story.hash,
      story: this.#story.lines,
      branches: this.#branches,
      checks: this.oracle.checks,
      steps: this.scheduler.steps,
    };
  }

  /** Something that a process does when it next runs, and what becomes of it. */
  do(slot: Slot, what: string, act: () => Promise<void>): void {
    const { process, actor } = slot;
    const open = { what: `${process.name} ${what}`, actor };
    this.#open.add(open);
    this.scheduler.after(0, actor, () => {
      this.tell(process.name, what);
      act()
        .catch((error) => this.#fail(error))
        .finally(() => this.#open.delete(open));
    });
  }

  // ── Processes ─────────────────────────────────────────────────────────────────────────────────────────────────────

  start(index: number): void {
    const before = this.slots[index];
    if (before !== undefined) before.actor.state = 'dead';
    const generation = before === undefined ? 1 : Number(before.process.name.split('.')[1]) + 1;
    const name = `${'abc'[index]}.${generation}`;
    const actor: Actor = { state: 'running', deferred: [] };
    const line = new Line(this.scheduler, this.chance);
    const mutation = this.#options.mutation ?? {};
    const { scheduler, chance, redis, shared } = this;
    const clustered = this.#options.seed % 2 === 0;
    const count = (branch: string) => this.count(branch);
    const knowledge: Knowledge = {
      slot: index,
      name,
      applied: new Map(),
      appliedToAll: 0,
      purged: new Map(),
      purgedAll: [],
      highest: new Map(),
      forgotten: 0,
      degradations: 0,
      paused: { ms: 0, endedAtMs: Number.NEGATIVE_INFINITY },
      isDegraded: () => process.follower.degraded,
    };
    const process: Process = new Process({
      connection: { redis, shared, own: line, scheduler, actor, story: this.#story, mutation, clustered, count },
      upstream: new SimUpstream({
        name,
        actor,
        catalogue: this.catalogue,
        scheduler,
        chance,
        story: this.#story,
        mood: () => this.mood,
        sending: (read) => this.#guard(() => this.oracle.sending(read)),
        count,
      }),
      chance,
      name,
      skewMs: chance.between(-800, 800),
      mutation,
      observer: {
        applied: (ids, at) => this.#applied(process, knowledge, { ids, ...at }),
        eraBegan: () => {
          const readSinceMs = this.#eraBeganAtMs.get(process.trueEra) ?? 0;
          knowledge.appliedToAll = Math.max(knowledge.appliedToAll, readSinceMs);
          this.tell(name, `enters era ${process.trueEra}`);
        },
        forgot: () => {
          forgetHighest(knowledge);
          this.tell(name, 'forgets everything: it was away too long');
        },
        degraded: () => {
          knowledge.degradations++;
          this.tell(name, 'is degraded');
        },
        broke: (what) => this.#fail(new Violation(`the engine broke: ${what}`)),
      },
    });
    this.slots[index] = { process, knowledge, actor, pausedMs: 0, pausedAtMs: 0, line };
    scheduler.after(0, actor, () => {
      this.tell(name, 'starts');
      process.start().catch((error) => this.#fail(error));
    });
  }

  pause(index: number, ms: number): void {
    const slot = this.slots[index] as Slot;
    if (slot.actor.state !== 'running') return;
    slot.actor.state = 'paused';
    slot.pausedAtMs = this.scheduler.nowMs;
    this.tell(slot.process.name, `is paused for ${ms} ms`);
    this.scheduler.after(ms, undefined, () => this.resume(slot));
  }

  resume(slot: Slot): void {
    if (slot.actor.state !== 'paused') return;
    const ms = this.scheduler.nowMs - slot.pausedAtMs;
    slot.pausedMs += ms;
    slot.knowledge.paused = { ms, endedAtMs: this.scheduler.nowMs };
    this.tell(slot.process.name, 'goes on');
    this.scheduler.resume(slot.actor);
  }

  #applied(process: Process, knowledge: Knowledge, at: { ids: Ids; floor: Token; hard: boolean }): void {
    const { era, position } = at.floor;
    // A local position is of this process's own change, whose acknowledgement says as much.
    const readSinceMs = this.#appendedAtMs.get(era + position) ?? 0;
    const of = era === process.trueEra ? '' : ` of ${era}`;
    this.tell(process.name, `applies ${at.hard ? 'a purge' : 'a change'} of ${at.ids}, floor ${position}${of}`);
    this.oracle.applied(knowledge, at.ids, { readSinceMs, hard: at.hard });
  }

  #checkWhatIsHeld(): void {
    const rows = this.faults === undefined ? this.redis.rows(this.catalogue.ids) : [];
    for (const row of rows) this.oracle.stored(row);
    for (const { process, knowledge, actor } of this.slots) {
      if (actor.state !== 'running') continue;
      for (const [, { value }] of process.inMemory()) if (value !== null) this.oracle.holds(knowledge, value);
    }
  }

  #checkWhatIsHeldAtLast(): void {
    const isThere = (knowledge: Knowledge) => this.slots.some((slot) => slot.knowledge === knowledge);
    for (const { process } of this.slots) {
      for (const [, { value }] of process.inMemory()) if (value !== null) this.oracle.holdsAtLast(value, { isThere });
    }
  }

  // ── The end ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Liveness: nothing fails any more, so within a bound all is trusted, and all is right. */
  async #end(): Promise<void> {
    this.tell('world', 'heals');
    this.faults?.heal();
    const { scheduler, catalogue } = this;
    await scheduler.runUntil(scheduler.nowMs + 4_000);
    for (const { process } of this.slots) {
      const { status } = process.follower.status();
      if (status !== 'ok') throw new Violation(`liveness: ${process.name} is ${status} 4 s after the last fault`);
    }
    this.#checkWhatIsHeldAtLast();
    // What nobody was told of is found out by age.
    await scheduler.runUntil(scheduler.nowMs + 10_000);
    for (const slot of this.slots) {
      for (const id of catalogue.ids) this.#expectRight(slot, id);
      this.#expectRightPage(slot);
    }
    await scheduler.runUntil(scheduler.nowMs + 5_000);
    for (const { what, actor } of this.#open) {
      if (actor.state !== 'dead') throw new Violation(`liveness: ${what}: never came to an end`);
    }
  }

  #expectRight(slot: Slot, id: string): void {
    this.do(slot, `reads ${id} at last`, async () => {
      const outcomes: Outcome[] = [];
      const { request, end } = requestOf(slot, 3_000, outcomes);
      const value = await slot.process.resource.reader(request).load(id);
      end();
      const right = this.catalogue.versionAt(id, this.scheduler.nowMs);
      if ((value?.version ?? null) !== right || outcomes[0]?.kind === 'stale_if_error') {
        throw new Violation(`liveness: ${slot.process.name} gives ${show(value)} for ${id}, right is ${right}`);
      }
    });
  }

  #expectRightPage(slot: Slot): void {
    this.do(slot, 'reads the page at last', async () => {
      const { request, end } = requestOf(slot, 3_000, []);
      const page = await slot.process.resource.reader(request).page({ first: 100, order: 'NAME', direction: 'ASC' });
      end();
      const nowMs = this.scheduler.nowMs;
      const right = this.catalogue.present(nowMs).map((id) => `${id}:${this.catalogue.versionAt(id, nowMs)}`);
      const given = page.edges.map(({ node }) => `${node.id}:${node.version}`).sort();
      if (given.join() !== right.join()) {
        throw new Violation(`liveness: ${slot.process.name} gives the page ${given}, right is ${right}`);
      }
    });
  }

  // ── Small things ──────────────────────────────────────────────────────────────────────────────────────────────────

  tell(who: string, what: string): void {
    this.#story.tell(who, what);
  }

  count(branch: string): void {
    this.#branches.set(branch, (this.#branches.get(branch) ?? 0) + 1);
  }

  #pickFaults(): FaultName[] {
    const some = faultNames.filter(() => this.chance.is(0.35));
    return some.length > 0 ? some : [this.chance.pick(faultNames)];
  }

  #guard(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#fail(error);
    }
  }

  async #guarded(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The first is the one that tells. */
  #fail(error: unknown): void {
    if (this.#violation !== undefined) return;
    this.#violation = error instanceof Violation ? error.message : String(error instanceof Error ? error.stack : error);
    this.tell('oracle', this.#violation);
  }
}
