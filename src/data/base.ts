/**
 * Bases: the last complete drain of a collection, in memory as a view and in the store as a manifest over chunks.
 *
 * Chunks are rows in upstream's own wire text, a line each. They belong to one drain and nobody else writes them; the
 * manifest is committed last, under the lease of the drain, so that what can be found is always whole. It needs no
 * other condition: its key carries the era, and whoever reads it asks whether it is still valid.
 */
import { z } from 'zod';
import type { Engine } from '../cache/engine.ts';
import { encodeEntry, parseStored, type Times, timesFrom, withinBounds } from '../cache/entry.ts';
import { baseKey, chunkKey, type Place, type StoreKey } from '../cache/keys.ts';
import { type Policy, windowsOf } from '../cache/policy.ts';
import type { Stamp } from '../cache/position.ts';
import { type Commit, type Found, SharedTier } from '../cache/shared-tier.ts';
import type { ChunkSink, Row } from '../upstream/index.ts';
import type { Definition } from './definition.ts';
import { type Provenance, View } from './view.ts';

export type Base<T> = {
  view: View<T>;
  /** Of the view as a whole; its rows have the windows of entities. */
  times: Times;
  /** What its rows are known by. */
  from: Provenance;
  /** Rows that upstream gave and no codec understood. */
  quarantined: number;
  /** Of upstream, that it was drained from. */
  pages: number;
  /** Reads of single rows since it is past its age. */
  rowReads: number;
};

/** How long pages, and the rows by themselves, may be used. */
export type Policies = { page: Policy; entity: Policy };

/** Far more than there ever are: nobody builds a list of keys as long as a number in Redis says. */
const chunksAtMost = 10_000;

const manifestSchema = z.object({
  drain: z.string().regex(/^[0-9a-z]+$/),
  chunks: z.int().nonnegative().max(chunksAtMost),
  /** Of all chunks together: a row that is missing must not go unnoticed. */
  rows: z.int().nonnegative(),
  quarantined: z.int().nonnegative(),
  pages: z.int().nonnegative(),
});
type Manifest = z.output<typeof manifestSchema>;

export type FoundManifest = { manifest: Manifest; asOf: Stamp; times: Times };

/** How long a drain may take, in ms. The change log reaches back at least twice as far. */
export const drainDeadlineMs = 120_000;

/** Chunks of a drain that is given up do not outlive it for long, in ms. */
const draftTtlMs = 2 * drainDeadlineMs;

/** For how long others may still be loading what was replaced, in ms. */
const loadGraceMs = 60_000;

/** Chunks read in one round trip: enough to be quick, few enough to hold in memory. */
const chunksAtOnce = 4;

export class BaseStore<T> {
  readonly #engine: Engine;
  readonly #definition: Definition<T>;
  readonly #policies: Policies;
  readonly shared: SharedTier;

  constructor(engine: Engine, definition: Definition<T>, policies: Policies) {
    this.#engine = engine;
    this.#definition = definition;
    this.#policies = policies;
    this.shared = new SharedTier(engine, definition.endpoint.name);
  }

  key(): StoreKey {
    return baseKey(this.#place());
  }

  /** The manifest in the store, if there is one of this era. `answered` is false when there is no store to ask. */
  async find(): Promise<{ found: FoundManifest | 'undecodable' | undefined; answered: boolean }> {
    const { follower } = this.#engine;
    const { era } = follower;
    const [one] = (await this.shared.find([this.key().value])) as [Found];
    // An era that ended meanwhile says nothing in the next.
    const found = one.state === 'found' && follower.era === era ? this.#readManifest(one.text) : undefined;
    return { found, answered: one.state !== 'absent' };
  }

  /** @returns Undefined when a chunk or a row is gone or does not decode: then the base is as good as not there. */
  async load({ manifest, asOf, times }: FoundManifest): Promise<Base<T> | undefined> {
    const base = this.#empty({ asOf, times });
    base.quarantined = manifest.quarantined;
    base.pages = manifest.pages;
    const keys = this.#chunkKeys(manifest);
    for (let at = 0; at < keys.length; at += chunksAtOnce) {
      const chunks = await this.shared.find(keys.slice(at, at + chunksAtOnce));
      for (const chunk of chunks) if (chunk.state !== 'found' || !this.#addChunk(base, chunk.text)) return undefined;
    }
    return base.view.size === manifest.rows ? base : undefined;
  }

  /** A base that is being drained, read as of `asOf`. */
  draft(asOf: Stamp, { writing }: { writing: boolean }): Draft<T> {
    // As it will be found in the store, to know it there.
    const storedAtMs = Math.round(this.#engine.follower.now());
    const times = timesFrom(storedAtMs, windowsOf(this.#policies.page, this.#engine.random));
    const base = this.#empty({ asOf, times });
    const place = this.#place();
    return new Draft(base, {
      add: (row) => this.#add(base, row),
      drain: this.shared.newToken(),
      write: async (drain, index, text) =>
        writing && (await this.shared.put(chunkKey(place, drain, index), text, draftTtlMs)),
    });
  }

  /**
   * Makes a drain the one that others find; the chunks of the one it replaces are soon gone.
   *
   * @returns False when the lease was lost meanwhile. Where a chunk could not be written, nothing is.
   */
  async commit(
    { base, drain, chunks, written }: Draft<T>,
    { key, token }: { key: StoreKey; token: string },
  ): Promise<boolean> {
    const { view, quarantined, pages } = base;
    const manifest: Manifest = { drain, chunks, rows: view.size, quarantined, pages };
    const { found } = await this.find();
    const replaced = found === 'undecodable' ? undefined : found;
    const ttlMs = base.times.errorUntilMs - this.#engine.follower.now();
    if (!written || ttlMs < 1 || !(await this.#keepChunks(manifest, ttlMs))) {
      await this.shared.release([key], token);
      return true;
    }
    const text = encodeEntry(base.from.asOf.position, base.times, JSON.stringify(manifest));
    const [commit] = (await this.shared.commit([{ key, text, ttlMs }], token)) as [Commit];
    const leftOver = commit === 'stored' ? replaced?.manifest : manifest;
    if (leftOver !== undefined) await this.#keepChunks(leftOver, loadGraceMs);
    return commit !== 'lost';
  }

  #keepChunks(manifest: Manifest, ms: number): Promise<boolean> {
    return this.shared.expire(this.#chunkKeys(manifest), ms);
  }

  #chunkKeys({ drain, chunks }: Manifest): string[] {
    const place = this.#place();
    return Array.from({ length: chunks }, (_, index) => chunkKey(place, drain, index));
  }

  #empty({ asOf, times }: { asOf: Stamp; times: Times }): Base<T> {
    const entityTimes = timesFrom(times.storedAtMs, windowsOf(this.#policies.entity, this.#engine.random));
    const from = { times: entityTimes, asOf, contentAsOf: asOf };
    return { view: new View(this.#definition), times, from, quarantined: 0, pages: 0, rowReads: 0 };
  }

  #addChunk(base: Base<T>, text: string): boolean {
    const { codec, idOf } = this.#definition.endpoint;
    try {
      for (const line of text.split('\n')) {
        const value = codec.decode(JSON.parse(line));
        this.#add(base, { id: idOf(value), value, text: line });
      }
      return true;
    } catch {
      // Whatever stands there instead of rows: the collection is drained anew.
      return false;
    }
  }

  #readManifest(text: string): FoundManifest | 'undecodable' {
    const { follower } = this.#engine;
    const stored = withinBounds(parseStored(text), { nowMs: follower.now(), policy: this.#policies.page });
    if (stored === undefined) return 'undecodable';
    try {
      const manifest = manifestSchema.parse(JSON.parse(stored.wireText));
      return { manifest, asOf: follower.stampOf(stored.position), times: stored.times };
    } catch {
      return 'undecodable';
    }
  }

  #add({ view, from }: Base<T>, { id, value, text }: Row<T>): void {
    view.put({ id, value, version: this.#definition.versionOf(value), size: text.length, from });
  }

  #place(): Place {
    const { prefix, follower } = this.#engine;
    const { endpoint } = this.#definition;
    return { prefix, era: follower.era, namespace: endpoint.name, shape: endpoint.codec.shape };
  }
}

type DraftParts<T> = {
  drain: string;
  add(row: Row<T>): void;
  write(drain: string, index: number, text: string): Promise<boolean>;
};

/** Where a drain puts its rows: into a view, and chunk by chunk into the store. */
export class Draft<T> implements ChunkSink<T> {
  readonly base: Base<T>;
  readonly drain: string;
  readonly #parts: DraftParts<T>;
  chunks = 0;
  /** Every chunk so far is in the store. */
  written = true;

  constructor(base: Base<T>, parts: DraftParts<T>) {
    this.base = base;
    this.drain = parts.drain;
    this.#parts = parts;
  }

  async write(rows: readonly Row<T>[]): Promise<void> {
    if (rows.length === 0) return;
    for (const row of rows) this.#parts.add(row);
    const index = this.chunks++;
    const text = rows.map((row) => row.text).join('\n');
    if (this.written) this.written = await this.#parts.write(this.drain, index, text);
  }
}
