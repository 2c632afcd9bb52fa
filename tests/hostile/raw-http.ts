/** HTTP as bytes over a socket: for requests that no client would write, and answers read to the byte. */
import { connect } from 'node:net';
import { expect } from 'vitest';
import type { Reply } from './support.ts';

/**
 * Writes bytes and reads to the end. `markers` are awaited first, then it is said that no more will come: for what may
 * be no whole request, of which the server would wait for the rest.
 */
export function exchange(base: string, bytes: Buffer, markers?: () => Promise<void>): Promise<Buffer> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A server that refuses what is still being written resets the connection; what came before counts.
    socket.on('error', (error: Error & { code?: string }) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
    socket.on('close', () => resolve(Buffer.concat(chunks)));
    socket.write(bytes, () => void markers?.().then(() => socket.end(), reject));
  });
}

const fieldLine = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+: [\t\x20-\x7e]*$/;

/** The answers in what came back, each by RFC 9112 to the byte. */
export function repliesIn(bytes: Buffer): Reply[] {
  const replies: Reply[] = [];
  for (let rest = bytes.toString('latin1'); rest !== ''; ) {
    const end = rest.indexOf('\r\n\r\n');
    expect(end).toBeGreaterThan(0);
    const [statusLine = '', ...lines] = rest.slice(0, end).split('\r\n');
    const [, status] = /^HTTP\/1\.1 (\d{3}) [A-Za-z ]+$/.exec(statusLine) ?? [];
    expect(status).toBeDefined();
    for (const line of lines) expect(line).toMatch(fieldLine);
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
    );
    const length = headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : undefined;
    const body = length === undefined ? '' : rest.slice(end + 4, end + 4 + length);
    if (length !== undefined) expect(body.length).toBe(length);
    replies.push({ status: Number(status), headers, text: Buffer.from(body, 'latin1').toString() });
    rest = length === undefined ? '' : rest.slice(end + 4 + length);
  }
  return replies;
}
