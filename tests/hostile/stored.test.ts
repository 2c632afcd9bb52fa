/**
 * Bad input › values in Redis: whatever stands there instead of what the gateway wrote, the next process answers as
 * upstream would, counts what it could not use, and what it writes can be read again.
 *
 * A value that is in form, of its key and of its time cannot be told from a true one: Redis is trusted that far.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCatalogue } from '../../src/embedded/index.ts';
import type { RawRow } from '../data/model.ts';
import { eventually, type RunningRedis, startRedis } from '../support/redis.ts';
import { today } from '../support/world.ts';
import { anyText, spoiltBytes } from './arbitraries.ts';
import { ask, globalId, type HostileWorld, redisArgs, runs, startHostileRealWorld, timeLimitMs } from './support.ts';

/** What stood at a key, and all that stands in Redis. */
type Found = { key: string; text: string; others: ReadonlyMap<string, string> };
/** Commands that put something else in its place, without their key. */
type Poison = { name: string; commands(found: Found): string[][] };

const set = (name: string, change: (found: Found) => string): Poison => ({
  name,
  commands: (found) => [['SET', change(found), 'KEEPTTL']],
});

const headOf = (text: string) => text.slice(0, text.indexOf('\n'));
const bodyOf = (text: string) => text.slice(text.indexOf('\n') + 1);
/** The row, changed, under a head of other fields: version, position, stored, fresh, stale and error until. */
const rehead =
  (change: (head: string[]) => (string | number)[]) =>
  ({ text }: Found) =>
    `${change(headOf(text).split(' ')).join(' ')}\n${bodyOf(text).replace('"title":"', '"title":"Poisoned ')}`;

const centuryMs = 3.2e12;
const other =
  (pattern: RegExp) =>
  ({ key, others }: Found) =>
    [...others].find(([name]) => pattern.test(name) && name !== key)?.[1] ?? '';

const toCome = 'a format to come';

const anywhere: Poison[] = [
  ...[
    '',
    ' ',
    '1',
    '\n',
    'null',
    '{}',
    '[]',
    '1 - 0 0 0 0\n',
    '[object Object]',
    '{"value":1,"expires":1}',
    '\u0000',
  ].map((text) => set(`the text ${JSON.stringify(text)}`, () => text)),
  set('a megabyte', () => 'x'.repeat(2 ** 20)),
  set(toCome, ({ text }) => text.replace(/^1 /, '2 ')),
  set('a seller', other(/seller:.*:\d+$/)),
  set('a manifest', other(/:base:catalogs:s\w+$/)),
  set('a chunk', other(/:chunk:catalogs:/)),
  { name: 'a list', commands: () => [['DEL'], ['RPUSH', 'x']] },
  { name: 'a hash', commands: () => [['DEL'], ['HSET', 'value', 'x']] },
  { name: 'a stream', commands: () => [['DEL'], ['XADD', '*', 'record', '']] },
  { name: 'nothing', commands: () => [['DEL']] },
];

const inRows: Poison[] = [
  set('another catalog', other(/catalog:.*:\d+$/)),
  // True but for its end; that it is served no longer than the schema says, `tests/cache/entry.test.ts` shows.
  set('no end', ({ text }) => text.replace(/( \d+){3}\n/, ` ${9e15} ${9e15} ${9e15}\n`)),
  set(
    'a time to come',
    rehead(
      ([version, position, ...times]) =>
        [version, position, ...times.map((time) => Number(time) + centuryMs)] as string[],
    ),
  ),
  set(
    'a position to come',
    rehead(([version, , ...times]) => [version, '999999999999999-0000000000', ...times] as string[]),
  ),
  set(
    'times out of order',
    rehead(([version, position, ...times]) => [version, position, ...times.toReversed()] as string[]),
  ),
  set(
    'times beyond numbers',
    rehead(([version, position]) => [version, position, ...Array(4).fill('9'.repeat(400))] as string[]),
  ),
  set(
    'negative times',
    rehead(([version, position]) => [version, position, -4, -3, -2, -1] as (string | number)[]),
  ),
  set('a row that does not decode', ({ text }) => text.replace('"start_date":"', '"start_date":"x')),
  set('a row of another id', ({ text }) => text.replace(/"id":"?\d+"?/, '"id":"999"')),
  set('a row with a prototype', ({ text }) => `${headOf(text)}\n{"__proto__":${bodyOf(text)}}`),
];

const lines = (name: string, change: (all: string[]) => string[]) =>
  set(name, ({ text }) => change(text.split('\n')).join('\n'));
const inChunks: Poison[] = [
  lines('a row less', (all) => all.slice(1)),
  lines('one row in place of another', ([first = '', , ...rest]) => [first, first, ...rest]),
  lines('one row that is none', ([, ...rest]) => ['null', ...rest]),
  lines('half of it', (all) => all.slice(0, all.length / 2)),
];

const manifest = (name: string, change: (manifest: Record<string, unknown>) => unknown) =>
  set(
    name,
    ({ text }) => `${headOf(text)}\n${JSON.stringify(change(JSON.parse(bodyOf(text)) as Record<string, unknown>))}`,
  );
const inManifests: Poison[] = [
  ...[0, -1, 1.5, 2, 1e6, 2 ** 32, 2 ** 53, '1', null].map((chunks) =>
    manifest(`${chunks} chunks`, (true_) => ({ ...true_, chunks })),
  ),
  ...['', 'x', '../x', '0:1}', 7].map((drain) => manifest(`the drain ${drain}`, (true_) => ({ ...true_, drain }))),
  ...[-1, 0.5, '0'].map((quarantined) =>
    manifest(`${quarantined} rows left out`, (true_) => ({ ...true_, quarantined })),
  ),
  ...[-1, 0.5, '0', 2 ** 53].map((pages) => manifest(`${pages} pages`, (true_) => ({ ...true_, pages }))),
  manifest('nothing in it', () => ({})),
];

const random = fc.oneof(
  anyText.map((text) => set(`the text ${JSON.stringify(text)}`, () => text)),
  // Of a length that leaves nothing whole.
  spoiltBytes(Buffer.alloc(60)).map((mask) =>
    set('bytes changed at its beginning', ({ text }) => {
      const bytes = Buffer.from(text, 'latin1');
      return mask.length < 60
        ? bytes.subarray(0, mask.length).toString('latin1')
        : String.fromCharCode(mask[0] ?? 1) + text.slice(1);
    }),
  ),
);

const places = {
  row: { pattern: /^vitrine:\{catalog:\w\}:.*:[1-4]$/, poisons: [...anywhere, ...inRows] },
  chunk: { pattern: /:chunk:catalogs:/, poisons: [...anywhere.filter(({ name }) => name !== toCome), ...inChunks] },
  manifest: { pattern: /:base:catalogs:s\w+$/, poisons: [...anywhere, ...inManifests] },
};
type Place = keyof typeof places;
const table = (Object.keys(places) as Place[]).flatMap((place) =>
  places[place].poisons.map((poison) => [place, poison.name, poison] as const),
);

const document = `query ($ids: [ID!]!) {
  catalogs(first: 100) { totalCount nodes { sourceId title } }
  nodes(ids: $ids) { ... on Catalog { sourceId title } }
}`;

describe('bad input › values in Redis', () => {
  let redis: RunningRedis;
  let writer: HostileWorld;
  let rows: RawRow[];
  const ids = ['1', '2', '3', '4'];

  /** A process over the same upstream and Redis. */
  const startReader = () => startHostileRealWorld(redis, { settings, upstreamOf: writer });
  const settings = { UPSTREAM_SETTLE_MS: '60000' };

  beforeAll(async () => {
    redis = await startRedis({ args: redisArgs });
    const collections = makeCatalogue(today, { catalogs: 12, sellers: 3 });
    rows = collections.catalogs as RawRow[];
    writer = await startHostileRealWorld(redis, { settings, upstream: { collections } });
  });
  afterAll(async () => {
    await writer.close();
    await redis.stop();
  });

  /** All that a process may find, and nothing older: a drain of each collection, and rows that changed since. */
  const write = async () => {
    const old = await redis.scan('*:s*');
    const chunks = await redis.scan('*:chunk:*');
    if (old.length > 0) await redis.send('DEL', ...old, ...chunks);
    for (const type of ['catalog', 'seller']) {
      expect((await writer.invalidate({ type, all: true })).status).toBe(200);
      expect((await writer.invalidate({ type, ids: ids.slice(0, type === 'seller' ? 3 : 4) })).body).toMatchObject({
        missing: 0,
      });
    }
  };

  const texts = async () => {
    const found = new Map<string, string>();
    for (const key of await redis.scan('*')) {
      if ((await redis.send('TYPE', key)) !== 'string') continue;
      const text = await redis.send<string | null>('GET', key);
      if (text !== null) found.set(key, text);
    }
    return found;
  };

  const byId = (row: RawRow) => ({ sourceId: String(row.id), title: row.title });

  /** Every part of the answer is right, or has a coded error. */
  const answer = async (world: HostileWorld) => {
    const variables = { ids: ids.map((id) => globalId('Catalog', id)) };
    const { data, codes } = world.wellFormed(await ask(world.gateway.url, document, variables));
    for (const code of codes) expect(code).toMatch(/^UPSTREAM_/);
    const { catalogs: page, nodes } = data as {
      catalogs: { totalCount: number; nodes: { sourceId: string }[] } | null;
      nodes: unknown[];
    };
    const sorted = page?.nodes.toSorted((a, b) => Number(a.sourceId) - Number(b.sourceId));
    if (page) expect({ ...page, nodes: sorted }).toEqual({ totalCount: 12, nodes: rows.map(byId) });
    for (const [index, node] of nodes.entries()) {
      if (node !== null) expect(node).toEqual(byId(rows[index] as RawRow));
    }
    const nulls = [page, ...nodes].filter((part) => part === null);
    expect(codes.length).toBe(nulls.length);
    return codes;
  };

  /** What is left in the place of a lease. */
  const lease = fc.constantFrom(undefined, ['!nonsense', 'PX', '50'], ['a token', 'PX', '50'], ['\u0000', 'PX', '50']);

  /** @returns How many values the next process found that it could not use. */
  const check = async (place: Place, poison: Poison, left?: readonly string[]): Promise<number> => {
    await write();
    const others = await texts();
    for (const [key, text] of others) {
      if (!places[place].pattern.test(key)) continue;
      for (const [command = '', ...rest] of poison.commands({ key, text, others }))
        await redis.send(command, key, ...rest);
      const leaseKey = place === 'row' ? key.replace(/:(\d)$/, ':lease:$1') : `${key}:lease`;
      if (left !== undefined && place !== 'chunk') await redis.send('SET', leaseKey, ...left);
    }
    const reader = await startReader();
    try {
      const codes = await answer(reader);
      if (codes.length > 0) await eventually(async () => (await answer(reader)).length === 0, 3_000);
      await reader.wellAfter();
      return await reader.metric('vitrine_cache_rejected_total');
    } finally {
      await reader.close();
    }
  };

  it.each(table)('are not believed: for a %s, %s', async (place, _name, poison) => {
    const rejected = await check(place, poison);
    // Of another type, gone, over, or whole: nothing to reject.
    const isNothing = /^(a list|a hash|a stream|nothing|no end)$/.test(poison.name) || poison.name.includes('1 - 0');
    if (!isNothing || (place === 'chunk' && poison.name !== 'no end')) expect(rejected).toBeGreaterThan(0);
    await writer.wellAfter();
  });

  it(
    'are not believed, whatever text they are and whatever stands in the place of their lease',
    async () => {
      const place = fc.constantFrom(...(Object.keys(places) as Place[]));
      await fc.assert(
        fc.asyncProperty(place, random, lease, async (where, poison, left) => {
          expect(await check(where, poison, left)).toBeGreaterThan(0);
        }),
        runs(20),
      );
      await writer.wellAfter();
    },
    timeLimitMs,
  );
});
