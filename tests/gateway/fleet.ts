/**
 * Gateways as an operator runs several: each a process of its own, all on one Redis, over one upstream that can be held.
 *
 *   crowd ─► gateway A … D ─► Redis
 *                  └─ a token of its own ─► the embedded upstream, in this process, which counts what is read
 *
 * Deadlines are long, so that a busy machine is not taken for a Redis or an upstream that fails; leases are as they come.
 */
import { type EmbeddedUpstream, makeCatalogue, startEmbeddedUpstream } from '../../src/embedded/index.ts';
import { encodeNodeId } from '../../src/graphql/index.ts';
import { GatewayProcess } from '../coherence/gateway.ts';
import { secrets } from '../coherence/settings.ts';
import { eventually, type RunningRedis, startRedis } from '../support/redis.ts';
import { today } from '../support/world.ts';
import { type Crowd, gather, type Question } from './crowd.ts';

export const requestTimeoutMs = 20_000;

const settings = {
  PORT: '0',
  LOG_FORMAT: 'json',
  ADMIN_TOKEN: secrets.admin,
  REQUEST_TIMEOUT_MS: String(requestTimeoutMs),
  UPSTREAM_TIMEOUT_MS: String(0.8 * requestTimeoutMs),
  UPSTREAM_RETRIES: '0',
  REDIS_TIMEOUT_MS: '5000',
};

export type FleetOptions = {
  /** How many gateways. */
  size: number;
  /** Of each, besides its settings. */
  env?: Record<string, string>;
};

/** One gateway's part of a crowd. */
export type Group<Q extends Question> = Crowd & { readonly gateway: GatewayProcess; readonly questions: readonly Q[] };

export class Fleet {
  readonly gateways: readonly GatewayProcess[];
  readonly upstream: EmbeddedUpstream;
  readonly #redis: RunningRedis;
  #newIds = 5_000;

  private constructor(parts: { gateways: readonly GatewayProcess[]; upstream: EmbeddedUpstream; redis: RunningRedis }) {
    this.gateways = parts.gateways;
    this.upstream = parts.upstream;
    this.#redis = parts.redis;
  }

  /** Resolves once each has both collections. */
  static async open({ size, env = {} }: FleetOptions): Promise<Fleet> {
    const [redis, upstream] = await Promise.all([
      startRedis(),
      startEmbeddedUpstream({ collections: makeCatalogue(today) }),
    ]);
    const gateways = Array.from({ length: size }, (_, index) => {
      const name = String.fromCharCode(65 + index);
      const addresses = { REDIS_URL: redis.url.href, UPSTREAM_URL: upstream.url, UPSTREAM_TOKEN: tokenOf(name) };
      return new GatewayProcess(name, { ...env, ...settings, ...addresses });
    });
    const fleet = new Fleet({ gateways, upstream, redis });
    try {
      await fleet.complete();
      return fleet;
    } catch (error) {
      await fleet.close();
      throw error;
    }
  }

  /** Starts those that are not there; until each says that all is well. */
  async complete(): Promise<void> {
    const missing = this.gateways.filter((gateway) => !this.alive.includes(gateway));
    await Promise.all(missing.map((gateway) => gateway.start()));
    await Promise.all(
      missing.map((gateway) => eventually(async () => (await gateway.readyz()).status === 'ok', 20_000)),
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.gateways.map((gateway) => gateway.kill()));
    await Promise.all([this.#redis.stop(), this.upstream.close()]);
  }

  get alive(): readonly GatewayProcess[] {
    return this.gateways.filter(({ url }) => url !== undefined);
  }

  // ── What is asked ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** A row that upstream has and no gateway has read, by itself or in a drain. @returns Its id. */
  addRow(collection: 'catalogs' | 'sellers' = 'catalogs'): string {
    const id = String(this.#newIds++);
    this.upstream.collections.put(collection, { ...this.upstream.collections.get(collection, '1'), id });
    return id;
  }

  /** Questions in equal parts to all gateways, by turns. Resolves once each request was taken up. */
  gather<Q extends Question>(questions: readonly Q[], position?: string): Promise<Group<Q>[]> {
    return Promise.all(
      this.gateways.map(async (gateway, index) => {
        const own = questions.filter((_, turn) => turn % this.gateways.length === index);
        const crowd = await gather({ url: gateway.url as string, questions: own, position });
        return { gateway, questions: own, ...crowd };
      }),
    );
  }

  /**
   * Until each gateway has gone as far as it goes in what it was asked before this: it answers with another cold row, for
   * which it goes the same way, to Redis, to upstream and back, and later.
   */
  async caughtUp(): Promise<void> {
    await Promise.all(
      this.alive.map(async (gateway) => {
        const id = this.addRow('sellers');
        const variables = { id: encodeNodeId('Seller', id) };
        const { text } = await gateway.query('query ($id: ID!) { seller(id: $id) { sourceId } }', variables);
        if (!text.includes(`"sourceId":"${id}"`)) throw new Error(`${gateway.name} answered with: ${text}`);
      }),
    );
  }

  // ── What is read ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** How often each row and each page of catalogs was read, by whom and how ever, since the requests were reset. */
  reads(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { path, query, route } of this.#catalogReads()) {
      const rows = route === '/catalogs/{id}' ? [path.split('/')[2]] : query.ids?.split(',');
      for (const what of rows?.map((id) => `row ${id}`) ?? [`page ${query.page}`])
        counts[what] = 1 + (counts[what] ?? 0);
    }
    return counts;
  }

  /** Who read catalogs last. */
  lastReader(): GatewayProcess {
    const { authorization } = this.#catalogReads().at(-1)?.headers ?? {};
    const reader = this.gateways.find(({ name }) => authorization === `Bearer ${tokenOf(name)}`);
    if (reader === undefined) throw new Error(`no gateway reads with ${authorization}`);
    return reader;
  }

  #catalogReads() {
    return this.upstream.requests.all.filter(({ route }) => route.startsWith('/catalogs'));
  }
}

function tokenOf(name: string): string {
  return `${secrets.upstream}-${name}`;
}
