/**
 * The master that Redis Sentinel names: the one that more than half of all sentinels name, whether the others answer or
 * not.
 *
 *   look     ─► ask all ─► a majority names one     ─► commands go there
 *   confirm  ─► ask all ─► a majority names the one ─► what it was asked meanwhile is known
 *
 * After a failover the old master goes on as one until it is told, and so does what it answers. But any two majorities
 * have a sentinel in common, and what a sentinel names never goes back. So whoever is proven on the old master was so
 * before anybody was proven on the new one, and no change was acknowledged there yet: see decision 13.
 *
 * The address is all that counts of what a sentinel says: it gives the new one from the moment its configuration has it.
 */
import type { Clock } from './clock.ts';
import { type Address, RedisError } from './redis-connection.ts';
import type { Lane } from './redis-lane.ts';
import { answerWithin, MastersUnknown, type Topology } from './redis-topology.ts';

export type Sentinel = {
  address: Address;
  /** To it alone. */
  lane: Lane;
};

type Options = {
  /** Of the master and its replicas together, as the sentinels know them. */
  group: string;
  /** All of them: those that are not told of here are not asked, and those that are silent count. */
  sentinels: readonly Sentinel[];
  clock: Clock;
  timeoutMs: number;
};

export class Sentinels implements Topology {
  readonly isSharded = false;
  readonly #options: Options;
  #master: Address | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  groupOf(): string {
    return '';
  }

  masterOf(): Address | undefined {
    return this.#master;
  }

  masters(): ReadonlySet<Address> {
    return new Set(this.#master === undefined ? [] : [this.#master]);
  }

  async look(): Promise<void> {
    // Connections that are not there are told of by themselves.
    if (this.#isMajority(this.#connected())) this.#master = await this.#named();
  }

  async confirm(master: Address | undefined): Promise<void> {
    const named = await this.#named();
    if (named !== master) throw new RedisError(`the sentinels name ${named} as the master, not ${master}`);
  }

  moved(): void {}

  close(): void {
    for (const { lane } of this.#options.sentinels) lane.keep([]);
  }

  #connected(): number {
    return this.#options.sentinels.filter(({ lane }) => lane.isWhole).length;
  }

  #isMajority(count: number): boolean {
    return count > this.#options.sentinels.length / 2;
  }

  /**
   * Known as soon as enough of them name the same one: nobody waits for one that is silent.
   *
   * @throws {MastersUnknown} When all have answered, or are past the deadline, and do not agree.
   */
  #named(): Promise<Address> {
    const { promise: agreed, resolve } = Promise.withResolvers<Address>();
    const counts = new Map<Address, number>();
    const asking = this.#options.sentinels.map(async (sentinel) => {
      try {
        const master = await this.#ask(sentinel);
        const count = (counts.get(master) ?? 0) + 1;
        counts.set(master, count);
        if (this.#isMajority(count)) resolve(master);
        return `${sentinel.address}: ${master}`;
      } catch (error) {
        return `${sentinel.address}: ${(error as Error).message}`;
      }
    });
    const said = Promise.all(asking).then((words) => {
      throw new MastersUnknown(`no majority of the sentinels names a master (${words.join('; ')})`);
    });
    return Promise.race([agreed, said]);
  }

  async #ask({ address, lane }: Sentinel): Promise<Address> {
    const { clock, group, timeoutMs } = this.#options;
    const ask = () => lane.clientAt(address).sendCommand(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', group]);
    const named = (await answerWithin(clock, timeoutMs, ask)) as unknown as [string, string] | null;
    if (named === null) throw new RedisError(`no such group: ${group}`);
    return `${named[0]}:${Number(named[1])}`;
  }
}
