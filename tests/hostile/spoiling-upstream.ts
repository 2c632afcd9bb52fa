/** A proxy before the embedded upstream that spoils what it answers, and a place where nothing should ever be asked. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What upstream said, and on what. */
export type Said = {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
  /** Of the request: `/catalogs`, `/catalogs?ids` or `/catalogs/{id}`. */
  route: string;
  query: URLSearchParams;
};

/** What is said instead; `cut` ends the connection once the body is on its way. */
export type Saying = { status?: number; headers?: Record<string, string>; body?: Buffer | string; cut?: boolean };

export type SpoilingUpstream = {
  url: string;
  /** Another origin; `hits` counts who came. */
  elsewhere: { url: string; hits: () => number };
  /** Set before the gateway starts: what stands behind the proxy. */
  target: string;
  /** Spoils every answer about catalogs until it is cleared; undefined leaves the answer as it is. */
  spoil: ((said: Said) => Saying | undefined) | undefined;
  /** Requests since the start. */
  count: () => number;
  close(): Promise<void>;
};

export async function startSpoilingUpstream(): Promise<SpoilingUpstream> {
  let hits = 0;
  const elsewhere = await listen((_, response) => {
    hits += 1;
    response.end('{"items":[],"page":1,"page_size":5,"total_pages":1,"total_items":0}');
  });
  let requests = 0;
  const proxy = await listen((incoming, response) => {
    requests += 1;
    void pass(incoming, response);
  });

  async function pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const said = await fetchBehind(spoiling.target, incoming);
    const saying = said.route.startsWith('/catalogs') ? spoiling.spoil?.(said) : undefined;
    const { status, headers, body, cut } = { ...said, ...saying };
    const sameLength = saying?.body === undefined;
    response.writeHead(status, { ...(sameLength && { 'content-length': body.length }), ...headers });
    if (cut) response.write(body, () => response.destroy());
    else response.end(body);
  }

  const spoiling: SpoilingUpstream = {
    url: urlOf(proxy),
    elsewhere: { url: urlOf(elsewhere), hits: () => hits },
    target: '',
    spoil: undefined,
    count: () => requests,
    close: async () => {
      for (const server of [proxy, elsewhere]) {
        server.closeAllConnections();
        server.close();
        await once(server, 'close');
      }
    },
  };
  return spoiling;
}

/** The true answer; links in it lead to the proxy, since its `Host` is passed on. */
async function fetchBehind(target: string, incoming: IncomingMessage): Promise<Said> {
  const { hostname, port } = new URL(target);
  const asked = request({ hostname, port, path: incoming.url, headers: incoming.headers, agent: false });
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const { pathname, searchParams } = new URL(`http://x${incoming.url}`);
  const [, name, id] = pathname.split('/');
  const route = id === undefined ? `/${name}${searchParams.has('ids') ? '?ids' : ''}` : `/${name}/{id}`;
  const { 'content-type': type = '', link, 'x-total-count': total } = response.headers;
  const headers = {
    'content-type': type,
    ...(link === undefined ? {} : { link: String(link) }),
    ...(total === undefined ? {} : { 'x-total-count': String(total) }),
  };
  return { status: response.statusCode ?? 0, headers, body: Buffer.concat(chunks), route, query: searchParams };
}

async function listen(serve: (incoming: IncomingMessage, response: ServerResponse) => void): Promise<Server> {
  const server = createServer(serve).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
