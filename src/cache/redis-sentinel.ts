/**
 * The master that Redis Sentinel names. All sentinels are asked at once; of those that answer, the one with the latest
 * configuration is believed, so that a sentinel that was cut off does not lead back to an old master.
 */
import type { Clock } from './clock.ts';
import type { Address, RedisClient } from './redis-connection.ts';
import type { Lane } from './redis-lane.ts';
import { answerWithin, type Topology } from './redis-topology.ts';

type Options = {
  /** Of the master and its replicas together, as the sentinels know them. */
  group: string;
  /** To the sentinels, one to each. */
  lanes: readonly Lane[];
  clock: Clock;
  timeoutMs: number;
};

type Told = { master: Address; epoch: number };

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
    const { clock, lanes, timeoutMs } = this.#options;
    const ready = lanes.flatMap((lane) => lane.ready());
    const asking = ready.map(([, sentinel]) => answerWithin(clock, timeoutMs, () => this.#ask(sentinel)));
    const asked = await Promise.allSettled(asking);
    const told = asked.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    const [latest] = told.sort((a, b) => b.epoch - a.epoch);
    const refused = asked.find((answer) => answer.status === 'rejected');
    if (latest !== undefined) this.#master = latest.master;
    else if (refused !== undefined) throw refused.reason;
  }

  moved(): void {}

  close(): void {
    for (const lane of this.#options.lanes) lane.keep([]);
  }

  /** While a replica is being promoted the address is already that of the new master; the state is not. */
  async #ask(sentinel: RedisClient): Promise<Told> {
    const { group } = this.#options;
    const [address, state] = await Promise.all([
      sentinel.sendCommand(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', group]),
      sentinel.sendCommand(['SENTINEL', 'MASTER', group]),
    ]);
    const [host, port] = address as unknown as [string, string];
    return {
      master: `${host}:${Number(port)}`,
      epoch: Number((state as unknown as Record<string, string>)['config-epoch']),
    };
  }
}
