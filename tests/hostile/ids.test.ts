/**
 * Bad input › ids: an id reads its own row or none. It reaches no other route of upstream, and no other row's key.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RawRow } from '../data/model.ts';
import { type RunningRedis, startRedis } from '../support/redis.ts';
import { anyText, spoilt } from './arbitraries.ts';
import { ask, globalId, type HostileWorld, redisArgs, runs, startHostileRealWorld, timeLimitMs } from './support.ts';

const sourceId = /^[A-Za-z0-9_-]{1,64}$/;

/** The API's own id that a text stands for, by the contract; undefined when it is no global id of this type. */
function ownIdOf(type: string, text: string): string | undefined {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') !== text || !bytes.toString().startsWith(`${type}:`)) return undefined;
  const id = bytes.toString().slice(type.length + 1);
  return sourceId.test(id) ? id : undefined;
}

/** The text of an id: of odd ones too, and of rows that are not there. */
const ownId = fc.oneof(
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 1_300 }).map(String) },
  fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/),
  fc.constantFrom(
    'lease',
    'base',
    'null',
    '__proto__',
    'constructor',
    '0',
    '-1',
    '01',
    '1_',
    'x'.repeat(64),
    'x'.repeat(65),
  ),
  { weight: 2, arbitrary: anyText },
  fc.constantFrom(
    '../sellers/1',
    '1/../../sellers',
    '1?ids=2',
    '1#',
    '%2e%2e%2fsellers',
    '1,2',
    '1\r\nX: y',
    '/1',
    '1/',
    '//',
    '.',
  ),
);
const type = fc.constantFrom(
  'Catalog',
  'Seller',
  'catalog',
  'PageInfo',
  '__proto__',
  'constructor',
  '',
  'Catalog:Seller',
);
const anyId = fc
  .oneof(
    { weight: 4, arbitrary: fc.tuple(type, ownId).map(([name, id]) => globalId(name, id)) },
    spoilt([globalId('Catalog', '1'), globalId('Seller', '12')]),
    anyText,
  )
  .map((text) => text.toWellFormed());

const document = `query ($id: ID!, $ids: [ID!]!) {
  node(id: $id) { __typename id }
  catalog(id: $id) { sourceId title }
  seller(id: $id) { sourceId name }
  nodes(ids: $ids) { __typename id }
}`;

describe('bad input › ids', () => {
  let redis: RunningRedis;
  let world: HostileWorld;
  beforeAll(async () => {
    redis = await startRedis({ args: redisArgs });
    world = await startHostileRealWorld(redis);
  });
  afterAll(async () => {
    await world.close();
    await redis.stop();
  });

  const rowOf = (name: 'catalogs' | 'sellers', id: string | undefined) =>
    id === undefined ? undefined : (world.upstream.collections.get(name, id) as RawRow | undefined);

  /** The answer of `node` to a text. */
  const nodeOf = (text: string) => {
    for (const [name, collection] of [
      ['Catalog', 'catalogs'],
      ['Seller', 'sellers'],
    ] as const) {
      const row = rowOf(collection, ownIdOf(name, text));
      if (row) return { __typename: name, id: globalId(name, String(row.id)) };
    }
    return null;
  };

  /** That nothing was asked but what these ids may ask. */
  const checkAsked = (texts: readonly string[]) => {
    const allowed = new Set(
      texts.flatMap((text) => ['Catalog', 'Seller'].flatMap((name) => ownIdOf(name, text) ?? [])),
    );
    for (const { method, path, query } of world.upstream.requests.all) {
      const [, name, id, ...more] = path.split('/');
      expect([method, more]).toEqual(['GET', []]);
      expect(['catalogs', 'sellers']).toContain(name);
      const asked = id === undefined ? (query.ids?.split(',') ?? []) : [id];
      for (const one of asked) expect(allowed).toContain(one);
    }
    world.upstream.requests.reset();
  };

  it(
    'give their own row or null, and ask upstream for nothing else',
    async () => {
      await fc.assert(
        fc.asyncProperty(anyId, fc.array(anyId, { maxLength: 8 }), async (id, ids) => {
          const form = world.wellFormed(await ask(world.gateway.url, document, { id, ids }));
          const catalog = rowOf('catalogs', ownIdOf('Catalog', id));
          const seller = rowOf('sellers', ownIdOf('Seller', id));
          expect(form.body).toEqual({
            data: {
              node: nodeOf(id),
              catalog: catalog ? { sourceId: String(catalog.id), title: catalog.title } : null,
              seller: seller ? { sourceId: String(seller.id), name: seller.name } : null,
              nodes: ids.map(nodeOf),
            },
          });
          checkAsked([id, ...ids]);
        }),
        runs(300),
      );
      await world.wellAfter();
    },
    timeLimitMs,
  );

  it('have each a key of their own in Redis, under the prefix', async () => {
    const keys = await redis.scan('*');
    const rows = keys.filter((key) => /^vitrine:\{(catalog|seller):[0-9a-f]\}:/.test(key));
    expect(rows.length).toBeGreaterThan(50);
    const others = keys.filter((key) => !rows.includes(key));
    for (const key of others) expect(key).toMatch(/^\{vitrine\}:(control|log:\w+|\w+:(base|chunk):\w+:\w+(:\d+)?)$/);
    for (const key of rows) {
      const [, id] = /^vitrine:\{\w+:[0-9a-f]\}:\w+:s[0-9a-f]{8}:g[\w-]+:([A-Za-z0-9_-]{1,64})$/.exec(key) ?? [];
      const text = await redis.send<string | null>('GET', key);
      if (text === null) continue; // "Not found" lasts 5 s.
      const row = JSON.parse(text.slice(text.indexOf('\n') + 1)) as RawRow | null;
      if (row !== null) expect(String(row.id)).toBe(id);
      else expect(Number(await redis.send('PTTL', key))).toBeLessThanOrEqual(5_000);
    }
  });

  it(
    'of an API with odd ids reach no other route either',
    async () => {
      await fc.assert(
        fc.asyncProperty(ownId, async (id) => {
          const row = rowOf('catalogs', '1') as RawRow;
          world.upstream.collections.put('catalogs', { ...row, id: '1', seller_id: id });
          // What was read before would stand in for what cannot be read.
          const told = await world.invalidate({ type: 'catalog', ids: ['1'], mode: 'purge' });
          expect(told.status).toBe(200);
          world.upstream.requests.reset();
          const query = 'query ($id: ID!) { catalog(id: $id) { sourceId seller { sourceId } } }';
          const form = world.wellFormed(await ask(world.gateway.url, query, { id: globalId('Catalog', '1') }));
          checkAsked([globalId('Catalog', '1'), globalId('Seller', id)]);
          if (sourceId.test(id)) {
            const seller = rowOf('sellers', id);
            expect(form.data).toEqual({ catalog: { sourceId: '1', seller: seller ? { sourceId: id } : null } });
          } else {
            expect(form.codes).toEqual(['UPSTREAM_INVALID']);
          }
          world.upstream.collections.put('catalogs', row);
          await world.invalidate({ type: 'catalog', ids: ['1'] });
        }),
        runs(60),
      );
      await world.wellAfter();
    },
    timeLimitMs,
  );
});
