/** A resource by itself over one log and one store: as many processes as are started, an upstream that lags and fails when told to, time moved by hand. */
import { Deadline } from '../../src/cache/deadline.ts';
import { assembleEngine } from '../../src/cache/engine.ts';
import { Follower } from '../../src/cache/follower.ts';
import type { LogRecord } from '../../src/cache/log.ts';
import { MemoryTier } from '../../src/cache/memory.ts';
import type { Outcome } from '../../src/cache/outcome.ts';
import type { Position } from '../../src/cache/position.ts';
import { ProcessStore } from '../../src/cache/process-store.ts';
import type { ChangeEvent } from '../../src/data/reader.ts';
import { CachedResource } from '../../src/data/resource.ts';
import { type ChunkSink, type Endpoint, type Row, type Upstream, UpstreamError } from '../../src/upstream/index.ts';
import { horizonMs, listen } from '../cache/parts.ts';
import { ScriptedLog } from '../cache/scripted-log.ts';
import { type Item, items, versionText } from '../simulation/upstream.ts';
import { ManualClock } from '../support/clock.ts';

/** Rows by id, with their versions, as upstream has them at present. */
class TableUpstream implements Upstream {
  readonly rows = new Map<string, number>();
  /** Rows that are given as they were, for how many reads more, or in one drain alone. */
  readonly lagging = new Map<string, { version: number | undefined; reads: number | 'in a drain' }>();
  reads = 0;
  failing = false;
  /** The next drain is begun once more when it has been let go. */
  drifts = false;
  #gate: { of: 'read' | 'drain'; opened: Promise<void> } | undefined;

  /** The next read, or the next drain, waits, and then gives what there is. */
  holdNext(of: 'read' | 'drain' = 'read'): () => void {
    const gate = Promise.withResolvers<void>();
    this.#gate = { of, opened: gate.promise };
    return gate.resolve;
  }

  async one<T>(endpoint: Endpoint<T>, id: string): Promise<Row<T> | null> {
    this.reads++;
    await this.#pass();
    return this.#row(endpoint, id);
  }

  async many<T>(endpoint: Endpoint<T>, ids: readonly string[]) {
    this.reads++;
    await this.#pass();
    return new Map(ids.map((id) => [id, this.#row(endpoint, id)]));
  }

  async drain<T, S extends ChunkSink<T>>(endpoint: Endpoint<T>, { open }: { open: () => S }) {
    let sink = open();
    await this.#pass('drain');
    if (this.drifts) sink = open();
    this.drifts = false;
    const rows = [...new Set([...this.rows.keys(), ...this.lagging.keys()])].flatMap(
      (id) => this.#row(endpoint, id, 'drain') ?? [],
    );
    for (const [id, { reads }] of this.lagging) if (reads === 'in a drain') this.lagging.delete(id);
    await sink.write(rows);
    return { sink, rows: rows.length, pages: 1, quarantined: [] };
  }

  status() {
    return 'ok' as const;
  }

  async close(): Promise<void> {}

  async #pass(kind: 'row' | 'drain' = 'row'): Promise<void> {
    const gate = this.#gate;
    if (gate?.of === 'read' || gate?.of === kind) {
      this.#gate = undefined;
      await gate.opened;
    }
    if (this.failing) throw new UpstreamError('UPSTREAM_UNAVAILABLE', 'answered 503');
  }

  #lags(id: string, kind: 'row' | 'drain'): boolean {
    const lag = this.lagging.get(id);
    if (lag === undefined || lag.reads === 'in a drain') return lag !== undefined && kind === 'drain';
    return lag.reads-- > 0;
  }

  #row<T>({ codec }: Endpoint<T>, id: string, kind: 'row' | 'drain' = 'row'): Row<T> | null {
    const version = this.#lags(id, kind) ? this.lagging.get(id)?.version : this.rows.get(id);
    if (version === undefined) return null;
    const item: Item = { id, name: id, version: versionText(version), read: 0 };
    return { id, value: codec.decode(item), text: JSON.stringify(item) };
  }
}

/** Rows 1, 2 and 3 of version 1, and as many processes over one log and one store as are started. */
export function openWorld() {
  const clock = new ManualClock();
  const log = new ScriptedLog(clock);
  const store = new ProcessStore({ clock, maxBytes: 1 << 20 });
  const upstream = new TableUpstream();
  for (const id of ['1', '2', '3']) upstream.rows.set(id, 1);

  async function startProcess() {
    const { telemetry } = listen();
    const random = () => 0.999;
    const shared = { clock, random, telemetry };
    const follower = new Follower({ ...shared, log, coherenceMs: 1_000, horizonMs, longestWindowMs: horizonMs });
    const memory = new MemoryTier({ maxBytes: 1 << 20 });
    const engine = assembleEngine({ ...shared, prefix: 'test', follower, store, memory, leaseMs: 2_000 });
    const policy = { maxAgeMs: 60_000, staleWhileRevalidateMs: 60_000, staleIfErrorMs: 600_000 };
    const policies = { page: policy, entity: policy };
    const resource = new CachedResource({ engine, upstream, definition: items, policies, settleMs: 1_000 });
    const reader = () => resource.reader({ deadline: new Deadline(clock, 10_000), note: () => {} });
    await follower.tick();
    return {
      tick: () => follower.tick(),
      tell: (kind: ChangeEvent['kind'], id: string, version?: number) =>
        resource.tell([{ kind, id, updatedAt: version === undefined ? undefined : versionText(version) }], {
          source: 'test',
        }),
      metrics: telemetry.metrics,
      change: (id: string) => resource.invalidate([id], { purge: false, source: 'test' }),
      /** Version of a row, by its number. */
      load: async (id: string) => numberOf(await reader().load(id)),
      /** How the answer for a row came about. */
      outcome: async (id: string) => {
        const outcomes: Outcome[] = [];
        const request = {
          deadline: new Deadline(clock, 10_000),
          note: (outcome: Outcome) => void outcomes.push(outcome),
        };
        await resource.reader(request).load(id);
        return outcomes;
      },
      loadAll: async (ids: string[]) => {
        const one = reader();
        return Promise.all(ids.map(async (id) => numberOf(await one.load(id))));
      },
      /** Versions of the rows of the page, in their order. */
      page: async () => {
        const page = await reader().page({ first: 10, order: 'NAME', direction: 'ASC' });
        return page.edges.map(({ node }) => numberOf(node));
      },
    };
  }

  const begin = (ids: string[] | '*') => log.add({ kind: 'begin', namespace: 'item', ids });
  const changed = (ids: string[] | '*', floor: Position, hard = false) => {
    const record: LogRecord = { kind: 'changed', namespace: 'item', ids, floor };
    log.add(hard ? { ...record, hard } : record);
  };
  return { clock, log, upstream, startProcess, begin, changed };
}

export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(setImmediate);
}

function numberOf(item: Item | null): number | null {
  return item && Date.parse(item.version) - Date.parse(versionText(0));
}
