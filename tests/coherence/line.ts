/**
 * A line that can fail: a TCP proxy on loopback between one gateway and what it reads from.
 *
 *   passing    bytes go on, each direction late by `delayMs` if that is set
 *   silent     connections are accepted and stay open; whatever is sent on them is swallowed
 *   refusing   connections are reset as they come
 *
 * What was swallowed is gone, so a connection that fell silent is never of use again: it is cut when the line passes.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

type Mode = 'passing' | 'silent' | 'refusing';

/** One connection: the gateway's end and the target's. */
type Connection = { near: Socket; far: Socket; fellSilent: boolean };

export class Line {
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  #mode: Mode = 'passing';
  #delayMs = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(targetPort: number): Promise<Line> {
    const server = createServer({ noDelay: true });
    const line = new Line(server);
    server.on('connection', (near) => line.#accept(near, targetPort));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return line;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Well again: new connections and those that never fell silent pass at once. */
  pass(): void {
    this.#mode = 'passing';
    this.#delayMs = 0;
    for (const connection of this.#connections) if (connection.fellSilent) destroy(connection);
  }

  /** Every byte comes so much later, in each direction. */
  slow(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  silence(): void {
    this.#mode = 'silent';
    for (const connection of this.#connections) connection.fellSilent = true;
  }

  /** New connections are reset, and so are those that there are. */
  refuse(): void {
    this.#mode = 'refusing';
    this.cut();
  }

  /** Those that there are; new ones pass. */
  cut(): void {
    for (const connection of this.#connections) destroy(connection);
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(near: Socket, targetPort: number): void {
    near.on('error', () => {}); // `close` follows.
    if (this.#mode === 'refusing') {
      near.resetAndDestroy();
      return;
    }
    const far = connect({ port: targetPort, host: '127.0.0.1', noDelay: true });
    far.on('error', () => {});
    const connection: Connection = { near, far, fellSilent: this.#mode === 'silent' };
    this.#connections.add(connection);
    near.once('close', () => this.#connections.delete(connection));
    this.#forward(connection, near, far);
    this.#forward(connection, far, near);
  }

  #forward(connection: Connection, from: Socket, to: Socket): void {
    // In order, whatever the delay was when each of them came.
    let line = Promise.resolve();
    const later = (act: () => void) => {
      const delayMs = this.#delayMs;
      const dueAtMs = performance.now() + delayMs;
      if (delayMs === 0) line = line.then(act);
      else line = line.then(() => delay(Math.max(0, dueAtMs - performance.now()))).then(act);
    };
    from.on('data', (bytes: Buffer) => {
      later(() => {
        if (!connection.fellSilent && to.writable) to.write(bytes);
      });
    });
    from.once('end', () => later(() => void to.end()));
    from.once('close', () => later(() => void to.destroySoon()));
  }
}

function destroy({ near, far }: Connection): void {
  // Node never closes a socket that is reset while it is being ended, and then cannot exit.
  if (near.writable) near.resetAndDestroy();
  else near.destroy();
  far.destroy();
}
