/** A lane: connections for one purpose, one to each server that is needed for it. */
import { type Address, Connection, type ConnectionOptions, type RedisClient, RedisError } from './redis-connection.ts';

export class Lane {
  readonly #options: ConnectionOptions;
  readonly #connections = new Map<Address, Connection>();

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** Connects to each of these that it is not connected to, and closes what leads elsewhere. */
  keep(addresses: Iterable<Address>): void {
    const wanted = new Set(addresses);
    for (const [address, connection] of this.#connections) {
      if (wanted.has(address)) continue;
      this.#connections.delete(address);
      connection.close();
    }
    for (const address of wanted) {
      if (!this.#connections.has(address)) this.#connections.set(address, new Connection(address, this.#options));
    }
  }

  /**
   * @param address - Undefined while nobody knows where the server is.
   * @throws {RedisError} When it is not connected now: nothing waits for a connection.
   */
  clientAt(address: Address | undefined): RedisClient {
    const client = address === undefined ? undefined : this.#connections.get(address)?.client;
    if (!client?.isReady) throw new RedisError('Redis is not connected');
    return client;
  }

  /** Clients that can be used now, with the servers they lead to. */
  ready(): [Address, RedisClient][] {
    return [...this.#connections].flatMap(([address, { client }]) =>
      client.isReady ? [[address, client] as [Address, RedisClient]] : [],
    );
  }

  /** Whether there are any, and all can be used. */
  get isWhole(): boolean {
    return this.#connections.size > 0 && this.ready().length === this.#connections.size;
  }
}
