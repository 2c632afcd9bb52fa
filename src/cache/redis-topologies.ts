/** What stands at `REDIS_URL`, by the settings: one server, a cluster, or what sentinels watch. */
import type { Config } from '../config.ts';
import type { Telemetry } from '../telemetry/index.ts';
import type { Clock } from './clock.ts';
import { Cluster } from './redis-cluster.ts';
import { type Address, accessOf, addressOf } from './redis-connection.ts';
import { Lane } from './redis-lane.ts';
import { Sentinels } from './redis-sentinel.ts';
import type { Topology } from './redis-topology.ts';

export type RedisSettings = NonNullable<Config['redis']>;

const redisPort = 6_379;
const sentinelPort = 26_379;

type Parts = {
  clock: Clock;
  telemetry: Telemetry;
  /** Somebody who can tell of it is connected. */
  onReady: () => void;
};

export function openTopology(settings: RedisSettings, { clock, telemetry, onReady }: Parts): Topology {
  const { mode, url, timeoutMs } = settings;
  const access = accessOf(url, settings);
  const seed = addressOf(url, redisPort);
  switch (mode) {
    case 'single':
      return new SingleServer(seed);
    case 'cluster':
      return new Cluster({
        seed,
        lane: new Lane({ name: 'seed', access, telemetry, onReady }),
        clock,
        timeoutMs,
      });
    case 'sentinel': {
      const sentinels = settings.sentinels.map((sentinel) => {
        // They are reached as the servers are; users are their own.
        const theirs = { ...accessOf(sentinel, settings), tls: access.tls };
        const lane = new Lane({ name: 'sentinel', access: theirs, telemetry, onReady });
        const address = addressOf(sentinel, sentinelPort);
        lane.keep([address]);
        return { address, lane };
      });
      return new Sentinels({ group: url.hostname, sentinels, clock, timeoutMs });
    }
  }
}

/** One server; what it is cannot change. */
class SingleServer implements Topology {
  readonly isSharded = false;
  readonly #address: Address;

  constructor(address: Address) {
    this.#address = address;
  }

  groupOf(): string {
    return '';
  }

  masterOf(): Address {
    return this.#address;
  }

  masters(): ReadonlySet<Address> {
    return new Set([this.#address]);
  }

  async look(): Promise<void> {}

  async confirm(): Promise<void> {}

  moved(): void {}

  close(): void {}
}
