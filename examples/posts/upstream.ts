/**
 * A small API to try the gateway against, the same on every start: 10 users, each with 10 posts, in the shape of
 * jsonplaceholder.typicode.com. A collection is one bare array; `?id=1&id=2` asks for these rows alone.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const names = ['Ada', 'Blaise', 'Carla', 'Dmitri', 'Edith', 'Farid', 'Grace', 'Hedy', 'Ida', 'Jorge'];
const subjects = ['Of gardens', 'Élan', 'On letters', 'a walk', 'Bridges', 'Rain', 'Notes', 'Old maps', 'Salt', 'Keys'];

const users = names.map((name, index) => ({
  id: index + 1,
  name: `${name} Example`,
  username: name.toLowerCase(),
  email: `${name.toLowerCase()}@example.com`,
  phone: `555-01${index}0`,
  website: index % 3 === 2 ? null : `${name.toLowerCase()}.example`,
}));

const posts = Array.from({ length: 100 }, (_, index) => ({
  id: index + 1,
  userId: Math.floor(index / 10) + 1,
  title: `${subjects[(index * 7) % 10]}, part ${Math.floor(index / 10) + 1}`,
  body: `Post ${index + 1} has nothing more to say.`,
}));

const collections: Record<string, readonly { id: number }[]> = { users, posts };

/** @returns What a GET of this path gives; undefined when there is no such thing. */
function find({ pathname, searchParams }: URL): unknown {
  const [, name = '', id] = pathname.split('/');
  const rows = collections[name];
  if (id !== undefined) return rows?.find((row) => String(row.id) === id);
  const ids = searchParams.getAll('id');
  return ids.length === 0 ? rows : rows?.filter((row) => ids.includes(String(row.id)));
}

/** Listens on a free port of this machine. `onRequest` is told the path and query of each request. */
export async function startUpstream(onRequest: (path: string) => void) {
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    onRequest(path);
    const found = find(new URL(path, 'http://localhost'));
    response.writeHead(found === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(found ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${port}`),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
