/** Resources: an entity namespace and its collection as one thing, which readers read and operators invalidate. */
import DataLoader from 'dataloader';
import { type Change, Changes, reachOf } from '../cache/changes.ts';
import { versionOfTime } from '../cache/codec.ts';
import type { Engine, Row } from '../cache/engine.ts';
import { Namespace, type Result } from '../cache/namespace.ts';
import { showToken } from '../cache/position.ts';
import { laterSaid, type Said } from '../cache/said.ts';
import type { Upstream } from '../upstream/index.ts';
import type { Policies } from './base.ts';
import { Collection } from './collection.ts';
import type { Definition } from './definition.ts';
import { Journal } from './journal.ts';
import type {
  ChangeEvent,
  CollectionStatus,
  InvalidationResult,
  MaybePromise,
  Reader,
  Reading,
  Resource,
} from './reader.ts';

type Options<T> = {
  engine: Engine;
  upstream: Upstream;
  definition: Definition<T>;
  policies: Policies;
  /** How long upstream may lag behind its own change, in ms. */
  settleMs: number;
  /** Shared by all resources of the process. */
  journal?: Journal;
};

const idPattern = /^[A-Za-z0-9_-]{1,64}$/;

export class CachedResource<T> implements Resource<T> {
  readonly name: string;
  readonly collection: string;
  readonly type: string;
  readonly #engine: Engine;
  readonly #namespace: Namespace<T>;
  readonly #collection: Collection<T>;
  readonly #changes: Changes;

  constructor({ engine, upstream, definition, policies, settleMs, journal = new Journal() }: Options<T>) {
    const { name, type, endpoint, versionOf } = definition;
    this.name = name;
    this.type = type;
    this.collection = endpoint.name;
    this.#engine = engine;
    this.#namespace = new Namespace<T>(engine, {
      name,
      codec: endpoint.codec,
      idOf: endpoint.idOf,
      versionOf,
      policy: policies.entity,
      changed: (id) => journal.note({ kind: 'row', resource: name, id }),
      settleMs,
      read: async (ids, signal) => {
        const [id] = ids;
        if (ids.length !== 1 || id === undefined) return upstream.many(endpoint, ids, signal);
        return new Map<string, Row<T> | null | Error>([[id, await upstream.one(endpoint, id, signal)]]);
      },
    });
    this.#collection = new Collection({ engine, definition, policies, namespace: this.#namespace, upstream, journal });
    this.#changes = new Changes(this.#namespace, engine);
  }

  /** Begins to read the collection, so that the first request need not wait for it. */
  warm(): void {
    this.#collection.warm();
  }

  reader(request: Reading): Reader<T> {
    const loaded = new Map<string, MaybePromise<T | null>>();
    let loader: DataLoader<string, T | null> | undefined;
    const load = (id: string): MaybePromise<T | null> => {
      request.touch?.({ kind: 'row', resource: this.name, id });
      const held = this.#namespace.peek(id, request);
      if (held !== undefined) return held.value;
      loader ??= this.#loader(request);
      return loader.load(id);
    };
    return {
      load: (id) => {
        if (!idPattern.test(id)) return null;
        const known = loaded.get(id);
        if (known !== undefined) return known;
        const row = load(id);
        loaded.set(id, row);
        return row;
      },
      page: (query) => this.#collection.page(query, request),
    };
  }

  /** One batch for what is asked for in one tick. */
  #loader(request: Reading): DataLoader<string, T | null> {
    return new DataLoader(
      async (ids) => {
        const results = await this.#namespace.get(ids, request);
        return ids.map((id) => {
          const result = results.get(id) as Result<T>;
          return 'error' in result ? result.error : result.entry.value;
        });
      },
      { cache: false },
    );
  }

  isSettled(): boolean {
    return this.#collection.isSettled();
  }

  status(): CollectionStatus {
    return this.#collection.status();
  }

  invalidate(
    ids: readonly string[],
    { purge, source }: { purge: boolean; source: string },
  ): Promise<InvalidationResult> {
    return this.#change({ ids: [...new Set(ids)], hard: purge, source });
  }

  tell(events: readonly ChangeEvent[], { source }: { source: string }): Promise<InvalidationResult> {
    const said = new Map<string, Said>();
    for (const event of events) said.set(event.id, laterSaid(said.get(event.id), saidBy(event)));
    return this.#change({ ids: [...said.keys()], hard: false, said, source });
  }

  async #change(change: Change): Promise<InvalidationResult> {
    const { token, ...changed } = await this.#changes.change(change);
    const scope = changed.deferred ? 'process' : this.#engine.follower.scope;
    return { ids: change.ids.length, scope, position: showToken(token), ...changed };
  }

  /** @throws {UpstreamError} When a refresh cannot read the collection; nothing has changed then. */
  async reset({ purge, source }: { purge: boolean; source: string }): Promise<InvalidationResult> {
    const { follower, telemetry } = this.#engine;
    for (;;) {
      const begun = await follower.begin(this.name, '*');
      if (purge) await this.#collection.giveUpDrains();
      const read = purge ? { rows: 0 } : await this.#collection.readAnew(begun.stamp);
      if (read === undefined) continue;
      const known = this.#collection.status().size;
      const announced = await follower.announce(
        { namespace: this.name, ids: '*', ...(purge ? { hard: true } : {}) },
        begun,
      );
      if (announced.state === 'overtaken') continue;
      telemetry.metrics.changes.inc({ namespace: this.name, source, kind: purge ? 'purge_all' : 'refresh_all' });
      const reach = reachOf(announced);
      const scope = reach.deferred ? 'process' : follower.scope;
      const position = showToken(announced.token);
      return { ids: purge ? known : read.rows, refreshed: read.rows, missing: 0, scope, position, ...reach };
    }
  }
}

const presence = { created: 'there', updated: 'either', deleted: 'gone' } as const;

function saidBy({ kind, updatedAt }: ChangeEvent): Said {
  return { is: presence[kind], version: updatedAt === undefined ? undefined : versionOfTime(updatedAt) };
}
