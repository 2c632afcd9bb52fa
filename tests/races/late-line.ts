/**
 * A line to Redis on which commands come late: a proxy on loopback that keeps what is sent to it, lets the sender
 * lose patience and its connection, and delivers what it kept when the test says so. Nothing is taken back: Redis
 * executes it then, as it does with what lies in the buffers of a connection that is gone.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

type Line = { near: Socket; far: Socket; kept: Buffer[] | undefined };

export type LateLine = {
  url: URL;
  /** From now on what is sent is kept; new connections pass. Resolves when there is something. */
  keep(): Promise<void>;
  /** The sender loses its connections. Resolves when it has others. */
  cut(): Promise<void>;
  /** Redis is given what was kept, and has executed it. @returns How many bytes that were. */
  deliver(): Promise<number>;
};

/** Closed after the test. */
export async function openLateLine(redisPort: number): Promise<LateLine> {
  let lines: Line[] = [];
  const keeping = Promise.withResolvers<void>();
  const server = createServer((near) => {
    const line: Line = { near, far: connect(redisPort, '127.0.0.1'), kept: undefined };
    lines.push(line);
    near.on('data', (bytes: Buffer) => {
      if (line.kept === undefined) return void line.far.write(bytes);
      line.kept.push(bytes);
      keeping.resolve();
    });
    line.far.on('data', (bytes) => near.write(bytes));
    near.on('close', () => line.kept ?? line.far.destroy());
    line.far.on('close', () => near.destroy());
    for (const socket of [near, line.far]) socket.on('error', () => {}); // `close` follows.
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const { near, far } of lines) for (const socket of [near, far]) socket.destroy();
    server.close();
  });

  const late = () => lines.filter(({ kept }) => kept !== undefined);
  return {
    url: new URL(`redis://127.0.0.1:${(server.address() as AddressInfo).port}`),
    keep: () => {
      for (const line of lines) line.kept = [];
      return keeping.promise;
    },
    cut: async () => {
      const wanted = lines.length + late().length;
      for (const { near } of late()) near.destroy();
      while (lines.length < wanted) await once(server, 'connection');
    },
    deliver: async () => {
      const kept = late();
      lines = lines.filter((line) => !kept.includes(line));
      for (const { far, kept: bytes = [] } of kept) {
        far.resume();
        const closed = once(far, 'close');
        far.end(Buffer.concat(bytes));
        await closed;
      }
      return kept.reduce((sum, { kept: bytes = [] }) => sum + Buffer.concat(bytes).length, 0);
    },
  };
}
