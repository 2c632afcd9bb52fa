/**
 * Redis, whatever its topology: a command goes to the master that has its key, within a deadline.
 *
 *   run(key) ─► topology: which server? ─► lane: its connection ─► the answer, within the deadline
 *                  ▲                            │ MOVED: once more, there
 *                  └───── look anew ◄───────────┴ not connected, silent, another's slot, a replica by now
 *
 * - What cannot be sent now fails now (`redis-connection.ts`); who asked goes on without.
 * - Every command has our own deadline. A timeout is an unknown outcome: the write may be applied later.
 * - What a look at the log says counts if its server is the master meanwhile, by the word of whoever makes masters.
 * - One multiplexed connection a server for commands, which are pipelined, so a pool would add nothing; one more that
 *   blocks at the end of the log; and one that blocks until replicas have a change, where that is asked for.
 *
 * Neither the cluster's nor Sentinel's client of `@redis/client`: see decision 13.
 */
import { ErrorReply } from '@redis/client';
import type { Telemetry } from '../telemetry/index.ts';
import type { Clock } from './clock.ts';
import { type Address, accessOf, type RedisClient, RedisError } from './redis-connection.ts';
import { Lane } from './redis-lane.ts';
import { openTopology, type RedisSettings } from './redis-topologies.ts';
import {
  answerWithin,
  isOnItsWay,
  isReasonToLook,
  MastersUnknown,
  redirectionOf,
  type Topology,
} from './redis-topology.ts';
import { Watch } from './redis-watch.ts';

type Parts = {
  clock: Clock;
  telemetry: Telemetry;
  /** The key by which the server of the log is found. */
  controlKey: string;
};

/** Between two looks at a topology while nothing fails. A server of a cluster says itself when a slot is not its own. */
const restMs = { single: undefined, sentinel: 1_000, cluster: 30_000 };

/** How often one command follows a slot. */
const movesAtMost = 3;

/** The part of a command's time that replicas are waited for: Redis is to say how many have it before we ask no more. */
const shareOfWaiting = 0.8;

export class Redis {
  readonly #parts: Parts;
  readonly #settings: RedisSettings;
  readonly #topology: Topology;
  readonly #commands: Lane;
  /** Blocks in XREAD; nothing else may be sent through it. */
  readonly #log: Lane;
  /** Blocks in WAIT; nothing else may be sent through it. */
  readonly #replicas: Lane;
  readonly #watch: Watch | undefined;
  readonly #opened = Promise.withResolvers<void>();
  /** Servers whose last command failed. */
  readonly #failing = new Set<Address | undefined>();
  #knownMasters = '';
  #isRefused = false;
  #isClosed = false;

  private constructor(settings: RedisSettings, parts: Parts) {
    this.#settings = settings;
    this.#parts = parts;
    const { telemetry } = parts;
    const onReady = () => this.#checkOpened();
    const access = accessOf(settings.url, settings);
    const onPing = (address: Address) => this.#noteAnswer(address);
    this.#commands = new Lane({ name: 'commands', access, telemetry, onReady, onPing });
    this.#log = new Lane({ name: 'log', access, telemetry, onReady });
    this.#replicas = new Lane({ name: 'replicas', access, telemetry, onReady });
    this.#topology = openTopology(settings, { ...parts, onReady: () => this.#watch?.nudge() });
    this.#connect();
    const rest = restMs[settings.mode];
    this.#watch = rest === undefined ? undefined : new Watch(() => this.#look(), rest);
  }

  /** Waits for the first connections, at most as long as connecting may take; without them it goes on trying. */
  static async open(settings: RedisSettings, parts: Parts): Promise<Redis> {
    const redis = new Redis(settings, parts);
    const patience = new AbortController();
    const enough = parts.clock.sleep(settings.connectTimeoutMs, patience.signal).catch(() => {});
    await Promise.race([redis.#opened.promise, enough]);
    patience.abort();
    return redis;
  }

  /** Whether every master is known and connected. */
  get up(): boolean {
    return this.#commands.isWhole;
  }

  /** Whether keys lie on several servers, so that only those of one group can stand in one command. */
  get isSharded(): boolean {
    return this.#topology.isSharded;
  }

  groupOf(key: string): string {
    return this.#topology.groupOf(key);
  }

  /**
   * Runs one command at the master of a key, within the deadline, timed and counted.
   *
   * @throws {RedisError} When that server is not connected, or silent past the deadline.
   */
  run<T>(operation: string, key: string, command: (client: RedisClient) => Promise<T>): Promise<T> {
    return this.within(operation, key, () => this.#send(this.#commands, key, command));
  }

  /**
   * As `run`, and the answer counts as the master's: whoever makes masters is asked meanwhile whether it is one.
   *
   * @throws {RedisError} Also when it is not, or nobody tells in time.
   */
  async confirmed<T>(operation: string, key: string, command: (client: RedisClient) => Promise<T>): Promise<T> {
    // In one turn, so that it is about the server that the command goes to.
    const confirming = this.#topology.confirm(this.#topology.masterOf(key));
    try {
      const [answer] = await Promise.all([this.run(operation, key, command), confirming]);
      return answer;
    } catch (error) {
      if (isReasonToLook(error)) this.#watch?.nudge();
      throw error;
    }
  }

  /** As `run`, for several commands about keys of one group. */
  async within<T>(operation: string, key: string, ask: () => Promise<T>): Promise<T> {
    const { clock, telemetry } = this.#parts;
    const end = telemetry.metrics.storeOperationDuration.startTimer({ operation });
    try {
      const answer = await answerWithin(clock, this.#settings.timeoutMs, ask);
      end({ outcome: 'ok' });
      this.#failing.delete(this.#topology.masterOf(key));
      return answer;
    } catch (error) {
      end({ outcome: error instanceof RedisError ? 'timeout' : 'error' });
      if (!isOnItsWay(error)) this.#failing.add(this.#topology.masterOf(key));
      if (isReasonToLook(error)) this.#watch?.nudge();
      throw error;
    } finally {
      this.#tellWhetherUp();
    }
  }

  /** Also while the key's slot is moving to another server: then it is read where it lies. */
  async get(key: string): Promise<string | null> {
    try {
      return await this.#send(this.#commands, key, (client) => client.get(key));
    } catch (error) {
      const asked = redirectionOf(error, 'ASK');
      if (asked === undefined) throw error;
      const client = this.#commands.clientAt(asked.to);
      // Nothing comes between the two: both are written in this turn.
      const [, text] = await Promise.all([client.sendCommand(['ASKING']), client.get(key)]);
      return text;
    }
  }

  /** @param keys - Of one group. */
  mGet(keys: readonly string[]): Promise<(string | null)[]> {
    return this.#send(this.#commands, keys[0] as string, (client) => client.mGet([...keys]));
  }

  /** A command that waits in the server, for as long as it says itself. */
  async block(key: string, command: readonly string[]): Promise<unknown> {
    try {
      return await this.#send(this.#log, key, (client) => client.sendCommand([...command]));
    } catch (error) {
      if (isReasonToLook(error)) this.#watch?.nudge();
      throw error;
    }
  }

  /**
   * Whether as many replicas as are asked for have all that the master of a key had by now. Never rejects: false when
   * that cannot be told in time.
   *
   * @param mark - Any write: WAIT speaks of what was written before it through its own connection.
   */
  async replicated(key: string, mark: (client: RedisClient) => Promise<unknown>): Promise<boolean> {
    const { waitReplicas, timeoutMs } = this.#settings;
    if (waitReplicas === 0) return true;
    const ms = Math.max(1, Math.floor(timeoutMs * shareOfWaiting));
    const ask = (client: RedisClient) => Promise.all([mark(client), client.wait(waitReplicas, ms)]);
    try {
      const [, count] = await this.within('wait', key, () => this.#send(this.#replicas, key, ask));
      return count >= waitReplicas;
    } catch {
      return false;
    }
  }

  /** Closing waits for nothing: what is under way is told that it failed. */
  close(): void {
    this.#isClosed = true;
    this.#watch?.stop();
    this.#topology.close();
    for (const lane of [this.#commands, this.#log, this.#replicas]) lane.keep([]);
  }

  async #send<T>(lane: Lane, key: string, command: (client: RedisClient) => Promise<T>): Promise<T> {
    for (let moves = 0; ; moves++) {
      try {
        return await command(lane.clientAt(this.#topology.masterOf(key)));
      } catch (error) {
        const moved = redirectionOf(error, 'MOVED');
        if (moved === undefined || moves === movesAtMost) throw error;
        this.#topology.moved(moved.slot, moved.to);
        this.#connect();
        this.#watch?.nudge();
      }
    }
  }

  async #look(): Promise<{ well: boolean }> {
    let isKnown = true;
    await this.#topology.look(this.#commands.ready()).catch((error) => {
      isKnown = false;
      this.#tellRefusal(error);
    });
    if (isKnown) this.#isRefused = false;
    this.#connect();
    return { well: isKnown && this.up };
  }

  /** Once, until it is known again. Connections that break are told of by themselves. */
  #tellRefusal(error: unknown): void {
    if (this.#isRefused || !(error instanceof ErrorReply || error instanceof MastersUnknown)) return;
    this.#isRefused = true;
    this.#parts.telemetry.log.warn({ event: 'redis.unknown', err: error }, 'nobody tells which servers are masters');
  }

  /** To the masters as they are known now, and to them alone. */
  #connect(): void {
    if (this.#isClosed) return;
    const masters = this.#topology.masters();
    this.#commands.keep(masters);
    const control = this.#topology.masterOf(this.#parts.controlKey);
    const ofControl = control === undefined ? [] : [control];
    this.#log.keep(ofControl);
    if (this.#settings.waitReplicas > 0) this.#replicas.keep(ofControl);
    for (const address of this.#failing) {
      if (address === undefined || !masters.has(address)) this.#failing.delete(address);
    }
    this.#tellMasters(masters);
    this.#checkOpened();
  }

  /** Where nothing is asked for a while, an answered ping is all there is. The log is asked all the time. */
  #noteAnswer(address: Address): void {
    if (address === this.#topology.masterOf(this.#parts.controlKey)) return;
    this.#failing.delete(address);
    this.#tellWhetherUp();
  }

  #tellWhetherUp(): void {
    this.#parts.telemetry.metrics.storeUp.set(this.up && this.#failing.size === 0 ? 1 : 0);
  }

  #tellMasters(masters: ReadonlySet<Address>): void {
    const known = [...masters].sort().join(' ');
    if (known === this.#knownMasters || this.#settings.mode === 'single') return;
    this.#knownMasters = known;
    this.#parts.telemetry.log.info({ event: 'redis.masters', masters: [...masters] }, 'the masters of Redis');
  }

  #checkOpened(): void {
    const isWaitedFor = this.#settings.waitReplicas > 0;
    if (this.up && this.#log.isWhole && (!isWaitedFor || this.#replicas.isWhole)) this.#opened.resolve();
  }
}
