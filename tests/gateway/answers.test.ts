/** P2 parity: the same answer, byte for byte, whichever way it takes: Apollo, a compiled operation, or kept whole. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeNodeId } from '../../src/graphql/index.ts';
import { startWorld, untilWarm, type World } from '../support/world.ts';

const id = (type: string, source: string) => encodeNodeId(type, source);
const [c1, c2, s1, gone] = [id('Catalog', '1'), id('Catalog', '2'), id('Seller', '1'), id('Catalog', '99999')];

type Asked = { query: string; variables?: Record<string, unknown> | null; operationName?: string | null };

const catalogFields = 'id sourceId title status startDate endDate location lotCount updatedAt';
const everything = `fragment F on Catalog { ${catalogFields} seller { id sourceId name country website updatedAt } }`;

const corpus: Record<string, Asked> = {
  'one row': { query: `{ catalog(id: "${c1}") { ${catalogFields} } }` },
  'all there is of a row': { query: `{ catalog(id: "${c1}") { ...F } } ${everything}` },
  'a row that is not there': { query: `{ catalog(id: "${gone}") { id } a: catalog(id: "nonsense") { id } }` },
  'nodes of several types, some of them none': {
    query: `query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Catalog { title seller { name } } ... on Seller { name website } } }`,
    variables: { ids: [c1, s1, gone, 'nonsense', c2, c1] },
  },
  'a page': {
    query: `query ($n: Int, $o: CatalogOrder) { catalogs(first: $n, orderBy: $o) { totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { ...F } } nodes { title } } } ${everything}`,
    variables: { n: 20, o: { field: 'TITLE', direction: 'DESC' } },
  },
  'a page by every filter': {
    query: `query ($f: CatalogFilter) { catalogs(last: 5, filter: $f) { totalCount nodes { title startDate } } }`,
    variables: {
      f: {
        status: ['LIVE', 'UPCOMING'],
        startsFrom: '2026-01-01T00:00:00Z',
        startsBefore: '2027-06-01T00:00:00+02:00',
        titleContains: 'a',
        sellerId: null,
      },
    },
  },
  'an empty page': { query: '{ catalogs(first: 0) { totalCount pageInfo { hasNextPage startCursor } nodes { id } } }' },
  'a list in a list': {
    query:
      '{ sellers(first: 3) { nodes { name catalogs(first: 2, orderBy: {field: UPDATED_AT}) { totalCount nodes { title seller { name } } } } } }',
  },
  'aliases and fragments': {
    query: `query Q { a: catalogs(first: 1) { ...P } b: catalogs(first: 2) { ...P } } fragment P on CatalogConnection { nodes { t: title, ... { s: status } } }`,
  },
  'a field asked for twice': { query: `{ catalog(id: "${c1}") { title title seller { name } seller { country } } }` },
  'directives that leave out': {
    query: `query ($yes: Boolean!, $no: Boolean = false) { catalog(id: "${c1}") { title @include(if: $no) status @skip(if: $yes) lotCount @include(if: $yes) seller @skip(if: $no) { name } } }`,
    variables: { yes: true },
  },
  'one of several operations': {
    query: `query A { catalog(id: "${c1}") { id } } query B($x: ID = "${c2}") { catalog(id: $x) { title } }`,
    operationName: 'B',
  },
  'defaults of variables, and null': {
    query:
      'query ($n: Int = 2, $f: CatalogFilter = {titleContains: "e"}) { catalogs(first: $n, filter: $f) { nodes { title } } }',
    variables: { f: null },
  },
  'the type names': { query: `{ __typename catalog(id: "${c1}") { __typename seller { __typename } } }` },
  'the schema': {
    query: '{ __schema { queryType { name } types { name kind } } __type(name: "Catalog") { fields { name } } }',
  },
  'names that objects have by themselves': {
    query: `{ constructor: catalog(id: "${c1}") { toString: title __proto: status } }`,
  },
  'a window that is none': { query: '{ catalogs(first: 101) { nodes { id } } sellers(first: 1) { totalCount } }' },
  'both windows': { query: '{ catalogs(first: 1, last: 1) { nodes { id } } }' },
  'a cursor that is none': { query: '{ catalogs(after: "nonsense") { nodes { id } } }' },
  'too many ids': {
    query: 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }',
    variables: { ids: Array.from({ length: 101 }, (_, index) => id('Catalog', String(index))) },
  },
  'a variable of another kind': {
    query: 'query ($n: Int) { catalogs(first: $n) { totalCount } }',
    variables: { n: 'many' },
  },
  'a variable that lacks': { query: 'query ($id: ID!) { catalog(id: $id) { id } }' },
  'a time that is none': {
    query: 'query ($t: DateTime) { catalogs(filter: {startsFrom: $t}) { totalCount } }',
    variables: { t: 'yesterday' },
  },
  'an operation that is none': { query: `query A { catalog(id: "${c1}") { id } }`, operationName: 'B' },
  'no GraphQL': { query: '{ catalog(' },
  'no such field': { query: '{ nonsense }' },
  'a mutation': { query: 'mutation { x }' },
};

let world: World;
afterAll(() => world.close());

async function ask(
  asked: Asked,
  { get = false, headers = {} }: { get?: boolean; headers?: Record<string, string> } = {},
) {
  const url = `${world.gateway.url}/graphql`;
  const query = new URLSearchParams({
    query: asked.query,
    ...(asked.variables ? { variables: JSON.stringify(asked.variables) } : {}),
    ...(asked.operationName ? { operationName: asked.operationName } : {}),
  });
  const response = get
    ? await fetch(`${url}?${query}`, { headers: { 'apollo-require-preflight': '1', ...headers } })
    : await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(asked),
      });
  const text = await response.text();
  return {
    status: response.status,
    contentType: response.headers.get('content-type'),
    cacheControl: response.headers.get('cache-control'),
    cacheStatus: response.headers.get('cache-status'),
    // Each request has an id of its own.
    text: text.replace(/"requestId":"[^"]+"/g, '"requestId":"…"'),
  };
}

const kept = () => world.metric('vitrine_response_cache_total', { outcome: 'hit' });

describe.each([
  ['POST', {}],
  ['GET', { get: true }],
  ['POST, as graphql-response+json', { headers: { accept: 'application/graphql-response+json' } }],
])('P2 parity › %s', (_name, how) => {
  beforeAll(async () => {
    world = await startWorld();
    await untilWarm(world);
    await ask({ query: '{ __typename }' }, how);
  });

  it.each(Object.entries(corpus))('%s: is the same the first time and ever after', async (_name, asked) => {
    const [first, ...later] = [
      await ask(asked, how),
      await ask(asked, how),
      await ask(asked, how),
      await ask(asked, how),
    ];
    for (const { cacheStatus: _, ...answer } of later) {
      const { cacheStatus: __, ...right } = first;
      expect(answer).toEqual(right);
    }
  });

  it('some of which were kept whole', async () => {
    expect(await kept()).toBeGreaterThan(20);
  });
});

describe('P2 parity › while upstream fails', () => {
  beforeAll(async () => {
    world = await startWorld();
    await untilWarm(world);
  });

  it('fields that cannot be read are null with the same error, and the rest is there', async () => {
    world.upstream.faults.set({ status: { value: 500, routes: ['/catalogs/{id}', '/catalogs?ids'] } });
    const asked = {
      query: `{ a: catalog(id: "${gone}") { title } sellers(first: 1) { nodes { name } } nodes(ids: ["${gone}", "${s1}"]) { id } }`,
    };
    const first = await ask(asked);
    const answers = [await ask(asked), await ask(asked), await ask(asked)];
    expect(first.text).toContain('UPSTREAM_UNAVAILABLE');
    expect(first.text).toContain('"name":');
    for (const answer of answers) expect(answer).toEqual(first);
  });
});

describe('P8 seen › an answer that is served on error', () => {
  beforeAll(async () => {
    world = await startWorld();
    await untilWarm(world);
  });

  it('says so each time, and is kept nowhere, though its rows were read a moment ago', async () => {
    const asked = { query: `{ catalog(id: "${id('Catalog', '7')}") { title } }` };
    await ask(asked);
    world.upstream.faults.set({ status: 500 });
    await world.invalidate({ type: 'catalog', ids: ['7'] });
    for (let times = 0; times < 4; times++) {
      const { cacheStatus, cacheControl } = await ask(asked);
      expect(cacheStatus).toMatch(/^Vitrine; hit; ttl=-?\d+; detail=stale-if-error$/);
      // Nor may any other cache keep it: it is known to have changed.
      expect(cacheControl).toMatch(/^public, max-age=0(, |$)/);
    }
  });
});

describe('an answer that is asked for once', () => {
  beforeAll(async () => {
    world = await startWorld();
    await untilWarm(world);
  });

  it('is not kept, though its operation is asked for again and again', async () => {
    const query = 'query ($id: ID!) { catalog(id: $id) { title } }';
    const stored = () => world.metric('vitrine_response_cache_total', { outcome: 'stored' });
    const askFor = (source: number) => ask({ query, variables: { id: id('Catalog', String(source)) } });
    for (let source = 1; source <= 20; source++) await askFor(source);
    expect(await stored()).toBe(0);
    for (let source = 11; source <= 20; source++) await askFor(source);
    expect(await stored()).toBe(10);
  });
});

describe('P5 no resurrection › an answer that is kept whole', () => {
  beforeAll(async () => {
    world = await startWorld();
    await untilWarm(world);
  });

  const twice = async (asked: Asked) => {
    await ask(asked);
    await ask(asked);
    const before = await kept();
    await ask(asked);
    expect(await kept()).toBe(before + 1);
  };
  const rename = (source: string, title: string, updatedAt: string) => {
    const row = world.upstream.collections.get('catalogs', source);
    world.upstream.collections.put('catalogs', { ...row, id: source, title, updated_at: updatedAt });
  };

  it('is not given once a row of it is known to have changed', async () => {
    const asked = { query: `{ catalog(id: "${c1}") { title } }` };
    await twice(asked);
    rename('1', 'Zyxomma', '2027-01-01T00:00:00Z');
    await world.invalidate({ type: 'catalog', ids: ['1'] });
    expect((await ask(asked)).text).toBe('{"data":{"catalog":{"title":"Zyxomma"}}}\n');
  });

  it('is not given once a row of its page is known to have changed, came or went', async () => {
    const asked = {
      query: '{ catalogs(first: 2, filter: {titleContains: "zyxomma"}) { totalCount nodes { title } } }',
    };
    const titles = async () =>
      JSON.parse((await ask(asked)).text).data.catalogs.nodes.map(({ title }: { title: string }) => title);
    await twice(asked);
    rename('2', 'Zyxomma too', '2027-01-02T00:00:00Z');
    await world.invalidate({ type: 'catalog', ids: ['2'] });
    expect((await titles()).sort()).toEqual(['Zyxomma', 'Zyxomma too']);
    await twice(asked);
    rename('1', 'Another', '2027-01-03T00:00:00Z');
    await world.invalidate({ type: 'catalog', ids: ['1'] });
    expect(await titles()).toEqual(['Zyxomma too']);
  });

  it('is given on when a row far from it changes', async () => {
    const asked = { query: `{ catalog(id: "${id('Catalog', '5')}") { title } }` };
    await twice(asked);
    const before = await kept();
    await world.invalidate({ type: 'catalog', ids: ['6'] });
    await ask(asked);
    expect(await kept()).toBe(before + 1);
  });

  it('is not given after a purge of all, nor past its maxAge', async () => {
    const asked = { query: '{ catalogs(first: 1) { nodes { title } } }' };
    await twice(asked);
    await world.clock.advance(61_000);
    expect((await ask(asked)).cacheStatus).toMatch(/hit; ttl=-/);
    await twice(asked);
    world.upstream.requests.reset();
    await world.invalidate({ type: 'catalog', all: true, mode: 'purge' });
    await ask(asked);
    expect(world.upstream.requests.count('/catalogs')).toBeGreaterThan(0);
  });
});

describe('GET', () => {
  beforeAll(async () => {
    world = await startWorld();
    await untilWarm(world);
  });

  const get = async (headers: Record<string, string> = {}) => {
    const query = encodeURIComponent('{ catalogs(first: 20) { nodes { id title startDate } } }');
    const response = await fetch(`${world.gateway.url}/graphql?query=${query}`, {
      headers: { 'apollo-require-preflight': '1', 'accept-encoding': 'identity', ...headers },
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };

  it('has an ETag, and is 304 without a body for who has it, in that coding', async () => {
    await get();
    const first = await get();
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]+"$/);
    const again = await get({ 'if-none-match': etag });
    expect([again.status, again.text]).toEqual([304, '']);
    for (const name of ['etag', 'cache-control', 'vary', 'age', 'cache-status'])
      expect(again.headers.get(name)).toBeTruthy();
    const compressed = await get({ 'accept-encoding': 'br', 'if-none-match': etag });
    expect(compressed.status).toBe(200);
    expect(compressed.headers.get('content-encoding')).toBe('br');
    expect(compressed.headers.get('etag')).toBe(`${etag.slice(0, -1)}-br"`);
    expect(compressed.text).toBe(first.text);
  });

  it('has another ETag once a row of it has changed', async () => {
    const { headers } = await get();
    const [row] = world.upstream.collections.rows('catalogs');
    world.upstream.collections.put('catalogs', {
      ...(row as { id: string }),
      title: 'Zyxomma',
      start_date: '2020-01-01T00:00:00Z',
      updated_at: '2027-01-01T00:00:00Z',
    });
    await world.invalidate({ type: 'catalog', ids: [String(row?.id)] });
    const changed = await get({ 'if-none-match': headers.get('etag') ?? '' });
    expect(changed.status).toBe(200);
    expect(changed.text).toContain('Zyxomma');
  });

  it('is refused without a header that browsers ask leave for, kept or not', async () => {
    await get();
    const { status, text } = await get({ 'apollo-require-preflight': '' });
    expect(status).toBe(400);
    expect(text).toContain('Cross-Site Request Forgery');
  });
});
