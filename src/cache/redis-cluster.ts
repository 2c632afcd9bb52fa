/**
 * The masters of a Redis Cluster, by slot: any of them tells of all.
 *
 *   REDIS_URL ─► any node ─► CLUSTER SLOTS ─► a connection to each master ─► which are asked from then on
 *
 * The node of `REDIS_URL` is asked only while no master is connected: at the start, and when all are lost. Nodes are
 * asked in an order left to chance, so that one that is cut off from the others and knows no better is not believed
 * for long: what it says leads to servers that do not answer, and another is asked.
 */
import type { Clock } from './clock.ts';
import { hashTagOf } from './keys.ts';
import { type Address, type RedisClient, RedisError } from './redis-connection.ts';
import type { Lane } from './redis-lane.ts';
import { answerWithin, type Topology } from './redis-topology.ts';

const slotCount = 16_384;

type Options = {
  /** The node of `REDIS_URL`. */
  seed: Address;
  /** To it, while it is needed. */
  lane: Lane;
  clock: Clock;
  timeoutMs: number;
};

/** First and last slot, their master, then its replicas. */
type SlotRange = [from: number, to: number, master: [host: string | null, port: number, ...unknown[]], ...unknown[]];

export class Cluster implements Topology {
  readonly isSharded = true;
  readonly #options: Options;
  #slots: (Address | undefined)[] = [];
  #masters: ReadonlySet<Address> = new Set();

  constructor(options: Options) {
    this.#options = options;
  }

  groupOf(key: string): string {
    return hashTagOf(key);
  }

  masterOf(key: string): Address | undefined {
    return this.#slots[slotOf(hashTagOf(key))];
  }

  masters(): ReadonlySet<Address> {
    return this.#masters;
  }

  async look(connected: readonly [Address, RedisClient][]): Promise<void> {
    const { seed, lane } = this.#options;
    lane.keep(connected.length === 0 ? [seed] : []);
    let failure: unknown;
    for (const [address, client] of shuffled([...connected, ...lane.ready()])) {
      try {
        this.#slots = await this.#ask(address, client);
        this.#masters = new Set(this.#slots.filter((master) => master !== undefined));
        return;
      } catch (error) {
        failure = error;
      }
    }
    if (failure !== undefined) throw failure;
  }

  async confirm(): Promise<void> {}

  moved(slot: number, to: Address): void {
    this.#slots[slot] = to;
    if (!this.#masters.has(to)) this.#masters = new Set([...this.#masters, to]);
  }

  close(): void {
    this.#options.lane.keep([]);
  }

  async #ask(address: Address, client: RedisClient): Promise<(Address | undefined)[]> {
    const { clock, timeoutMs } = this.#options;
    const ask = () => client.sendCommand(['CLUSTER', 'SLOTS']);
    const ranges = (await answerWithin(clock, timeoutMs, ask)) as unknown as SlotRange[];
    const slots = new Array<Address | undefined>(slotCount).fill(undefined);
    for (const [from, to, [host, port]] of ranges) {
      // A node that does not know its own address leaves it out: it is the one that was asked by.
      const known = host || address.slice(0, address.lastIndexOf(':'));
      slots.fill(`${known}:${port}`, from, to + 1);
    }
    if (ranges.length === 0) throw new RedisError(`${address} knows of no slots`);
    return slots;
  }
}

/** CRC16 (XMODEM) of the hash tag, as the specification of Redis Cluster has it. */
export function slotOf(tag: string): number {
  let crc = 0;
  for (const byte of Buffer.from(tag)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc % slotCount;
}

function shuffled<T>(list: readonly T[]): T[] {
  return list
    .map((item) => ({ item, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
