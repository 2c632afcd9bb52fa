import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below what systems give connections for their own end: from 16000 (gVisor), 32768 (Linux), 49152 (RFC 6335 §6). */
const range = [10_000, 16_000] as const;
/** Each worker of the tests has every eighth port for itself, since what one is given it need not listen on yet. */
export const lanes = 8;
/** As many as may be waiting to be listened on at once, and far fewer than a lane has. */
const mostGiven = 300;

/** The last that were given, the oldest first. */
const given = new Set<number>();

/**
 * A port of 127.0.0.1 for a server that is yet to start, or to start again: one that `listen(0)` gave back may by then
 * be the own end of anybody's connection.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = range[0] + lanes * randomInt((range[1] - range[0]) / lanes) + laneOfThis();
    if (given.has(port)) continue;
    give(port);
    if (await canListen(port)) return port;
  }
}

function laneOfThis(): number {
  return Number(process.env.VITEST_POOL_ID ?? 0) % lanes;
}

function give(port: number): void {
  given.add(port);
  const [oldest] = given;
  if (given.size > mostGiven && oldest !== undefined) given.delete(oldest);
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
