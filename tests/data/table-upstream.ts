/** An upstream that gives what the test has put there, and lags, hangs and fails when told to. */
import { type ChunkSink, type Endpoint, type Row, type Upstream, UpstreamError } from '../../src/upstream/index.ts';
import { untilAborted } from '../../src/upstream/within.ts';
import { type Item, versionText } from '../simulation/upstream.ts';

export class TableUpstream implements Upstream {
  /** By id, with their versions, as upstream has them at present. */
  readonly rows = new Map<string, number>();
  /** Rows that are given as they were, for how many reads more, or in one drain alone. */
  readonly lagging = new Map<string, { version: number | undefined; reads: number | 'in a drain' }>();
  reads = 0;
  /** Ids that were read, in order. */
  readonly asked: string[] = [];
  /** Those that were read together. */
  readonly batches: (readonly string[])[] = [];
  /** Rows of a chunk of a drain. */
  chunkRows = 1_000;
  drains = 0;
  /** Of which a drain says that it has read so many. */
  pages = 1;
  failing = false;
  /** What the next drains leave out. */
  quarantined: { id: string; page: string; field: string; message: string }[] = [];
  /** The next drain is begun once more when it has been let go. */
  drifts = false;
  #gate: { of: 'read' | 'drain'; opened: Promise<void> } | undefined;

  /** The next read, or the next drain, waits, and then gives what there is. */
  holdNext(of: 'read' | 'drain' = 'read'): () => void {
    const gate = Promise.withResolvers<void>();
    this.#gate = { of, opened: gate.promise };
    return gate.resolve;
  }

  async one<T>(endpoint: Endpoint<T>, id: string, signal: AbortSignal): Promise<Row<T> | null> {
    this.reads++;
    this.asked.push(id);
    await this.#pass('row', signal);
    return this.#row(endpoint, id);
  }

  async many<T>(endpoint: Endpoint<T>, ids: readonly string[], signal: AbortSignal) {
    this.reads++;
    this.asked.push(...ids);
    this.batches.push(ids);
    await this.#pass('row', signal);
    return new Map(ids.map((id) => [id, this.#row(endpoint, id)]));
  }

  async drain<T, S extends ChunkSink<T>>(
    endpoint: Endpoint<T>,
    { open, signal }: { open: () => S; signal: AbortSignal },
  ) {
    this.drains++;
    let sink = open();
    await this.#pass('drain', signal);
    if (this.drifts) sink = open();
    this.drifts = false;
    const rows = [...new Set([...this.rows.keys(), ...this.lagging.keys()])].flatMap(
      (id) => this.#row(endpoint, id, 'drain') ?? [],
    );
    for (const [id, { reads }] of this.lagging) if (reads === 'in a drain') this.lagging.delete(id);
    for (let at = 0; at < Math.max(rows.length, 1); at += this.chunkRows) {
      await sink.write(rows.slice(at, at + this.chunkRows));
    }
    return { sink, rows: rows.length, pages: this.pages, quarantined: this.quarantined };
  }

  status() {
    return 'ok' as const;
  }

  async close(): Promise<void> {}

  async #pass(kind: 'row' | 'drain', signal: AbortSignal): Promise<void> {
    const gate = this.#gate;
    if (gate?.of === 'read' || gate?.of === kind) {
      this.#gate = undefined;
      await untilAborted(signal, () => gate.opened);
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
