/** A real HTTP server on loopback that answers as a test says, and remembers what it was asked. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export type Asked = { path: string; query: URLSearchParams; headers: IncomingHttpHeaders };

/** What is sent back: JSON unless `body` is text. `by` takes over whatever else a server may do. */
export type Reply =
  | { status?: number; headers?: Record<string, string | string[]>; body?: unknown }
  | { by: (response: ServerResponse) => void };

export type Handler = (asked: Asked) => Reply | Promise<Reply>;

export type TestServer = {
  url: URL;
  /** Every request, in the order of arrival. */
  asked: Asked[];
  /** Answers the next requests, one each, before the handler gets its turn. */
  next(...replies: (Reply | Handler)[]): void;
  /** Resolves once so many requests have come in all. */
  whenAsked(times: number): Promise<void>;
};

/** Never answers. */
export const hang: Reply = { by: () => {} };

/** Closes the connection without an answer. */
export const drop: Reply = { by: (response) => response.destroy() };

/** Starts an answer and then stays silent. */
export const stall: Reply = { by: (response) => void response.writeHead(200).write('{"items":[') };

/** Promises more than it sends. */
export const truncate: Reply = {
  by: (response) => {
    response.writeHead(200, { 'content-length': '1000' });
    response.write('{"id":1', () => response.destroy());
  },
};

/** Runs until the test is over. */
export async function startServer(handler: Handler = () => ({ status: 404 })): Promise<TestServer> {
  const asked: Asked[] = [];
  const script: (Reply | Handler)[] = [];
  const server = createServer(async (request, response) => {
    const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'http://upstream.test');
    const one = { path, query, headers: request.headers };
    asked.push(one);
    server.emit('asked');
    const turn = script.shift() ?? handler;
    send(response, typeof turn === 'function' ? await turn(one) : turn);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${port}`),
    asked,
    next: (...replies) => void script.push(...replies),
    async whenAsked(times) {
      while (asked.length < times) await once(server, 'asked');
    },
  };
}

function send(response: ServerResponse, reply: Reply): void {
  if ('by' in reply) {
    reply.by(response);
    return;
  }
  const { status = 200, headers = {}, body } = reply;
  response.writeHead(status, headers);
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}
