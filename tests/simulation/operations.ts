/** What is asked of the processes, and the oracle that hears every answer: reads, pages, writes, changes, resets. */
import { Deadline } from '../../src/cache/deadline.ts';
import type { Outcome, ReadRequest } from '../../src/cache/outcome.ts';
import type { ChangeEvent, Reader } from '../../src/data/reader.ts';
import type { Asked, Bound } from './oracle.ts';
import type { Simulation, Slot } from './simulation.ts';
import type { Item } from './upstream.ts';

/** A change of upstream, as its event tells it. */
type Written = ChangeEvent & { updatedAt: string };

/** A request under way. */
type Asking = {
  slot: Slot;
  asked: Asked;
  bounds: (id: string) => Bound;
  /** As answers are made, of which nothing may have been purged meanwhile. */
  read: <A>(by: (reader: Reader<Item>) => Promise<A>) => Promise<A>;
  /** Of what has been read for it so far. */
  outcomes: readonly Outcome[];
};

export class Operations {
  readonly #world: Simulation;

  constructor(world: Simulation) {
    this.#world = world;
  }

  /** One of them, by chance. */
  next(): void {
    const { chance, faults } = this.#world;
    const faulty = faults === undefined ? 0 : 1;
    const what = chance.weighted({
      row: 40,
      page: this.#world.asksForPages ? 18 : 0,
      rows: 6,
      write: 10,
      event: 8,
      untold: 4,
      purge: 4,
      reset: 1.5,
      fault: 10 * faulty,
    });
    if (what === 'row') this.#readRows([this.#anyId()]);
    else if (what === 'rows') this.#readRows(this.#world.catalogue.ids.slice(0, 3));
    else if (what === 'page') this.#readPage();
    else if (what === 'write') this.#tell(this.#write().id, { purge: false });
    else if (what === 'event') this.#tellEvent(this.#write());
    else if (what === 'untold') this.#write();
    else if (what === 'purge') this.#tell(chance.is(0.5) ? this.#write().id : this.#anyId(), { purge: true });
    else if (what === 'reset') this.#reset({ purge: chance.is(0.3) });
    else faults?.happen();
  }

  #anyId(): string {
    return this.#world.chance.pick(this.#world.catalogue.ids);
  }

  #write(): Written {
    const { catalogue, chance, scheduler } = this.#world;
    const { nowMs } = scheduler;
    const few = catalogue.present(nowMs).length < 3;
    const creates = catalogue.ids.length < 6 && (few || chance.is(0.1));
    const id = creates ? `${catalogue.ids.length + 1}` : this.#anyId();
    const before = catalogue.versionAt(id, nowMs);
    const what = chance.is(0.12) ? 'delete' : 'put';
    const updatedAt = catalogue.write(id, nowMs, what);
    this.#world.tell('writer', `${id} is ${what === 'put' ? updatedAt : 'deleted'}`);
    return { id, updatedAt, kind: what === 'delete' ? 'deleted' : before === null ? 'created' : 'updated' };
  }

  #readRows(ids: readonly string[]): void {
    const { oracle } = this.#world;
    this.#ask(`reads ${ids}`, { ids, together: ids.length > 1 }, async ({ slot, asked, bounds, read, outcomes }) => {
      const results = await read((reader) =>
        Promise.all(ids.map(async (id) => reader.load(id)).map((row) => row.then(asValue, asFailure))),
      );
      return () => {
        for (const [index, result] of results.entries()) {
          const id = ids[index] as string;
          if ('error' in result) {
            this.#world.tell(slot.process.name, `${id}: ${result.error}`);
            oracle.failed(asked, id);
            continue;
          }
          const { value } = result;
          const outcome = mostLenient(outcomes);
          this.#world.tell(slot.process.name, `${id} = ${show(value)}, ${outcome.kind} from ${outcome.tier}`);
          oracle.row(asked, id, { value, outcome, bound: bounds(id) });
        }
      };
    });
  }

  #readPage(): void {
    const { oracle, catalogue } = this.#world;
    const options = { ids: catalogue.ids, together: false };
    this.#ask('reads the page', options, async ({ slot, asked, bounds, read, outcomes }) => {
      const query = { first: 100, order: 'NAME', direction: 'ASC' } as const;
      const result = await read(async (reader) => Promise.try(() => reader.page(query)).then(asValue, asFailure));
      return () => {
        if ('error' in result) {
          this.#world.tell(slot.process.name, `page: ${result.error}`);
          return oracle.failed(asked, 'the page');
        }
        const outcome = outcomes[0] as Outcome;
        const rows = result.value.edges.map(({ node }) => node);
        this.#world.tell(slot.process.name, `page = ${rows.map(show).join(' ')}, ${outcome.kind} from ${outcome.tier}`);
        if (outcome.tier === 'view' && rows.some(({ read }) => catalogue.reads[read]?.kind === 'rows')) {
          this.#world.count('page with a patched row');
        }
        oracle.page(asked, { page: result.value, outcome, bounds });
      };
    });
  }

  /** A request to one of the processes: what it is bound by is noted when it asks, what it is given is then checked. */
  #ask(
    what: string,
    { ids, together }: { ids: readonly string[]; together: boolean },
    read: (request: Asking) => Promise<() => void>,
  ): void {
    const { chance, oracle, slots } = this.#world;
    const slot = chance.pick(slots);
    const deadlineMs = chance.pick([3_000, 3_000, 400]);
    this.#world.do(slot, what, async () => {
      const asked = oracle.asks(slot.knowledge, { deadlineMs, together });
      const bounds = oracle.boundsOf(asked, ids);
      const pausedBeforeMs = slot.pausedMs;
      const outcomes: Outcome[] = [];
      const { request, end } = requestOf(slot, deadlineMs, outcomes);
      const { answers, resource } = slot.process;
      const check = await read({
        slot,
        asked,
        bounds,
        read: async (by) =>
          answers.unpurged(answers.begin(), ({ parts }) => {
            outcomes.length = 0;
            return by(resource.reader({ ...request, touch: (part) => parts.add(part) }));
          }),
        outcomes,
      });
      end();
      oracle.answered(asked, what, { pausedMs: slot.pausedMs - pausedBeforeMs });
      check();
    });
  }

  #tell(id: string, { purge }: { purge: boolean }): void {
    const { chance, oracle, slots } = this.#world;
    const slot = chance.pick(slots);
    const ids = chance.is(0.2) ? [...new Set([id, this.#anyId()])] : [id];
    this.#world.do(slot, `is told of ${ids}${purge ? ', a purge' : ''}`, async () => {
      const change = oracle.changeBegins(ids, { ends: purge });
      const { deferred, position } = await slot.process.resource.invalidate(ids, { purge, source: 'simulation' });
      oracle.changeEnds(change);
      oracle.acknowledged(change, slot.knowledge, { deferred, purge });
      this.#world.count(`${purge ? 'purge' : 'change'} ${deferred ? 'deferred' : 'acknowledged'}`);
      this.#world.tell(slot.process.name, `acknowledges ${ids} at ${position}${deferred ? ', deferred' : ''}`);
    });
  }

  /** Upstream's own event, with the version that the row has come to. */
  #tellEvent(event: Written): void {
    const { chance, oracle, slots } = this.#world;
    const slot = chance.pick(slots);
    const { id } = event;
    this.#world.do(slot, `is told that ${id} was ${event.kind}`, async () => {
      const change = oracle.changeBegins([id]);
      const { deferred } = await slot.process.resource.tell([event], { source: 'simulation' });
      oracle.changeEnds(change);
      oracle.acknowledged(change, slot.knowledge, { deferred, purge: false, event });
      this.#world.count(`event ${event.kind}${deferred ? ', deferred' : ''}`);
      this.#world.tell(slot.process.name, `acknowledges that ${id} was ${event.kind}${deferred ? ', deferred' : ''}`);
    });
  }

  #reset({ purge }: { purge: boolean }): void {
    const { chance, oracle, slots } = this.#world;
    const slot = chance.pick(slots);
    this.#world.do(slot, `resets${purge ? ', a purge' : ''}`, async () => {
      const change = oracle.changeBegins('*');
      const result = await slot.process.resource.reset({ purge, source: 'simulation' }).then(asValue, asFailure);
      oracle.changeEnds(change);
      if ('error' in result) return this.#world.tell(slot.process.name, `could not reset: ${result.error}`);
      const { deferred } = result.value;
      oracle.acknowledged(change, slot.knowledge, { deferred, purge });
      this.#world.count(`reset ${deferred ? 'deferred' : 'acknowledged'}`);
      this.#world.tell(slot.process.name, `has reset${deferred ? ', deferred' : ''}`);
    });
  }
}

/** A request of that process, as the rooms above would make it. */
export function requestOf(
  slot: Slot,
  deadlineMs: number,
  outcomes: Outcome[],
): { request: ReadRequest; end: () => void } {
  const deadline = new Deadline(slot.process.engine.clock, deadlineMs);
  return { request: { deadline, note: (outcome) => void outcomes.push(outcome) }, end: () => deadline.end() };
}

/** Outcomes do not tell their ids: the most lenient stands for all. */
function mostLenient(outcomes: readonly Outcome[]): Outcome {
  const lenient = outcomes.find(({ kind }) => kind === 'stale_if_error') ?? outcomes.find(({ stored }) => !stored);
  return (lenient ?? outcomes[0]) as Outcome;
}

/** Such as `3@0:00.014#25`: id, version, and the read that it came from. */
export function show(value: Item | null): string {
  return value === null ? 'nothing' : `${value.id}@${value.version.slice(-9, -1)}#${value.read}`;
}

function asValue<T>(value: T): { value: T } {
  return { value };
}

function asFailure(error: unknown): { error: unknown } {
  return { error };
}
