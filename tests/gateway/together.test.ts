/** What several requests have in common: the reads that they need, and the plugins that follow them. */
import { expect, onTestFinished, test } from 'vitest';
import { encodeNodeId } from '../../src/graphql/index.ts';
import { exchange, repliesIn } from '../hostile/raw-http.ts';
import { startWorld, untilWarm, type WorldOptions } from '../support/world.ts';

async function open(options: WorldOptions = {}) {
  const world = await startWorld(options);
  onTestFinished(() => world.close());
  await untilWarm(world);
  world.upstream.requests.reset();
  return world;
}

test('rows that several requests lack are asked for in one, where they come at once', async () => {
  const { gateway, upstream, query } = await open();
  const byId = 'query Row($id: ID!) { catalog(id: $id) { sourceId } }';
  const bodyOf = (id: string) => JSON.stringify({ query: byId, variables: { id: encodeNodeId('Catalog', id) } });
  // An operation that was admitted before is answered in the turn in which it comes.
  await query(byId, { id: encodeNodeId('Catalog', '1') });
  const ids = ['900001', '900002', '900003'];
  const requests = ids.map((id, index) => {
    const last = index === ids.length - 1 ? 'Connection: close\r\n' : '';
    const head = `POST /graphql HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n${last}`;
    return `${head}Content-Length: ${bodyOf(id).length}\r\n\r\n${bodyOf(id)}`;
  });
  const replies = repliesIn(await exchange(gateway.url, Buffer.from(requests.join(''))));
  expect(replies.map(({ text }) => JSON.parse(text))).toEqual(ids.map(() => ({ data: { catalog: null } })));
  expect(upstream.requests.counts()).toEqual({ '/catalogs?ids': 1 });
});

test('a plugin of Apollo Server sees each request, and rows and pages come from the cache as ever', async () => {
  let seen = 0;
  const plugin = {
    async requestDidStart() {
      seen += 1;
    },
  };
  const { query, upstream } = await open({ plugins: [plugin] });
  const before = seen;
  const page = '{ catalogs(first: 2) { totalCount nodes { title startDate seller { name } } } }';
  const { data, text, cacheStatus } = await query(page);
  for (let time = 0; time < 3; time++) expect((await query(page)).text).toBe(text);
  expect([seen - before, data.catalogs, cacheStatus]).toEqual([4, expect.anything(), expect.stringMatching(/hit/)]);
  expect(upstream.requests.counts()).toEqual({});
});
