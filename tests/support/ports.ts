import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below what systems give connections for their own end: from 16000 (gVisor), 32768 (Linux), 49152 (RFC 6335 §6). */
const range = [10_000, 16_000] as const;

/**
 * A port of 127.0.0.1 for a server that is yet to start, or to start again: one that `listen(0)` gave back may by then
 * be the own end of anybody's connection.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(...range);
    if (await canListen(port)) return port;
  }
}

async function canListen(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
    throw error;
  }
  server.close();
  await once(server, 'close');
  return true;
}
