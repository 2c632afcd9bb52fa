/** The upstream of the works that count its reads: rows, whose version can change and whose answers can be held. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { textOfVersion } from './rows.ts';

type Held = { reached: PromiseWithResolvers<void>; released: PromiseWithResolvers<void> };

export class Upstream {
  version = 1;
  /** How long each answer takes. */
  latencyMs = 0;
  #reads = 0;
  #next: Held | undefined;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', async ({ url }, response) => response.end(await this.#answer(String(url).slice(1))));
  }

  static async open(): Promise<Upstream> {
    const upstream = new Upstream(createServer());
    const server = upstream.#server;
    // Thousands may come in one moment.
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 });
    await once(server, 'listening');
    return upstream;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get reads(): number {
    return this.#reads;
  }

  /** The next read takes what is there when it comes, and is answered when it is released. */
  holdNext(): { reached: Promise<void>; release: () => void } {
    const held = { reached: Promise.withResolvers<void>(), released: Promise.withResolvers<void>() };
    this.#next = held;
    return { reached: held.reached.promise, release: () => held.released.resolve() };
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(id: string): Promise<string> {
    this.#reads += 1;
    const text = textOfVersion(id, this.version);
    const held = this.#next;
    this.#next = undefined;
    held?.reached.resolve();
    await (held?.released.promise ?? delay(this.latencyMs));
    return text;
  }
}
