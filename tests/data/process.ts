/** A process of a test's world: its resource, as readers, operators and upstream's events come to it. */
import { isDeepStrictEqual } from 'node:util';
import type { Random } from '../../src/cache/clock.ts';
import { Deadline } from '../../src/cache/deadline.ts';
import { assembleEngine, type RejectReason } from '../../src/cache/engine.ts';
import { Follower } from '../../src/cache/follower.ts';
import { MemoryTier } from '../../src/cache/memory.ts';
import type { Outcome } from '../../src/cache/outcome.ts';
import type { Policy } from '../../src/cache/policy.ts';
import { Answers } from '../../src/data/answers.ts';
import type { Definition } from '../../src/data/definition.ts';
import { Journal, type Part, Parts } from '../../src/data/journal.ts';
import type { ChangeEvent, Reader } from '../../src/data/reader.ts';
import { CachedResource } from '../../src/data/resource.ts';
import { horizonMs, listen } from '../cache/parts.ts';
import type { ScriptedLog } from '../cache/scripted-log.ts';
import { type Item, items, versionText } from '../simulation/upstream.ts';
import type { ManualClock } from '../support/clock.ts';
import type { ScriptedStore } from './scripted-store.ts';
import type { TableUpstream } from './table-upstream.ts';

type Shared = { clock: ManualClock; random: Random; log: ScriptedLog; store: ScriptedStore; upstream: TableUpstream };

export type Process = Awaited<ReturnType<typeof startProcess>>;

const policy = { maxAgeMs: 60_000, staleWhileRevalidateMs: 60_000, staleIfErrorMs: 600_000 };

/** What a test may want otherwise. */
export type Settings = { page?: Policy; entity?: Policy; definition?: Definition<Item>; memoryBytes?: number };

export async function startProcess(
  { clock, random, log, store, upstream }: Shared,
  { page = policy, entity = policy, definition = items, memoryBytes = 1 << 20 }: Settings,
) {
  const { telemetry, logs } = listen();
  const shared = { clock, random, telemetry };
  const follower = new Follower({ ...shared, log, coherenceMs: 1_000, horizonMs, longestWindowMs: horizonMs });
  const memory = new MemoryTier({ maxBytes: memoryBytes });
  const engine = assembleEngine({ ...shared, prefix: 'test', follower, store, memory, leaseMs: 2_000 });
  const policies = { page, entity };
  const journal = new Journal();
  const resource = new CachedResource({ engine, upstream, definition, policies, settleMs: 1_000, journal });
  const answers = new Answers({ follower, journal, resources: [resource] });
  await follower.tick();
  return {
    tick: () => follower.tick(),
    /** Whether it is in step with the change log. */
    coherence: () => follower.status().status,
    logs,
    resource,
    status: () => resource.status(),
    /** How often something of that name was not used, for that reason. */
    rejected: (reason: RejectReason, namespace: 'item' | 'items' = 'items') =>
      countOf(telemetry.metrics.cacheRejected, { namespace, reason }),
    /** How many pages came about so. */
    pages: (labels: Pick<Outcome, 'tier' | 'kind'>) =>
      countOf(telemetry.metrics.cacheRequests, { namespace: 'items', tier: labels.tier, outcome: labels.kind }),
    /** How many changes of that kind were made here. */
    counted: (kind: string) => countOf(telemetry.metrics.changes, { namespace: 'item', source: 'test', kind }),
    ...changesOf(resource),
    ...readsOf(resource, { answers, clock }),
    ...keptOf(resource, { journal, clock }),
  };
}

function changesOf(resource: CachedResource<Item>) {
  const source = 'test';
  return {
    tell: (kind: ChangeEvent['kind'], id: string, version?: number) =>
      resource.tell([{ kind, id, updatedAt: version === undefined ? undefined : versionText(version) }], { source }),
    change: (id: string, { purge = false } = {}) => resource.invalidate([id], { purge, source }),
    reset: ({ purge = false } = {}) => resource.reset({ purge, source }),
  };
}

function readsOf(resource: CachedResource<Item>, { answers, clock }: { answers: Answers; clock: ManualClock }) {
  const reader = (note: (outcome: Outcome) => void = () => {}, touch: (part: Part) => void = () => {}) =>
    resource.reader({ deadline: new Deadline(clock, 10_000), note, touch });
  const readPage = (note?: (outcome: Outcome) => void) =>
    reader(note).page({ first: 10, order: 'NAME', direction: 'ASC' });
  /** How an answer came about. */
  const outcomesOf = async (read: (note: (outcome: Outcome) => void) => unknown) => {
    const outcomes: Outcome[] = [];
    await read((outcome) => outcomes.push(outcome));
    return outcomes;
  };
  return {
    /** Version of a row, by its number. */
    load: async (id: string) => numberOf(await reader().load(id)),
    /** Of one answer. */
    loadAll: (ids: string[]) =>
      answers.unpurged(answers.begin(), ({ parts }) => {
        const one = reader(undefined, (part) => parts.add(part));
        return Promise.all(ids.map(async (id) => numberOf(await one.load(id))));
      }),
    outcome: (id: string) => outcomesOf(async (note) => reader(note).load(id)),
    /** Versions of the rows of the page, in their order. */
    page: async () => (await readPage()).edges.map(({ node }) => numberOf(node)),
    pageOutcome: () => outcomesOf(readPage),
  };
}

/** What an answer that is kept rests on, and whether it may still be given, as far as changes go. */
function keptOf(resource: CachedResource<Item>, { journal, clock }: { journal: Journal; clock: ManualClock }) {
  const keep = async (read: (reader: Reader<Item>) => Promise<unknown>) => {
    const [parts, { position }] = [new Parts(), journal];
    const touch = (part: Part) => parts.add(part);
    await read(resource.reader({ deadline: new Deadline(clock, 10_000), note: () => {}, touch }));
    return () => journal.isUnchanged(parts, position);
  };
  return {
    keepPage: ({ counts = false, ...query }: { counts?: boolean; first?: number } = {}) =>
      keep(async (reader) => {
        const page = await reader.page({ first: 10, order: 'NAME', direction: 'ASC', ...query });
        return counts && page.totalCount;
      }),
    keepRow: (id: string) => keep(async (reader) => reader.load(id)),
  };
}

type Counted = { get(): Promise<{ values: { labels: object; value: number }[] }> };

async function countOf(counter: Counted, labels: object): Promise<number> {
  const { values } = await counter.get();
  return values.find((one) => isDeepStrictEqual(one.labels, labels))?.value ?? 0;
}

function numberOf(item: Item | null): number | null {
  return item && Date.parse(item.version) - Date.parse(versionText(0));
}
