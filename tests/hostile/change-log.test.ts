/**
 * Bad input › the change log and its control hash: whatever comes to stand there, two processes answer as upstream
 * would, agree on the next change, and a third one starts.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCatalogue } from '../../src/embedded/index.ts';
import type { RawRow } from '../data/model.ts';
import { eventually, type RunningRedis, startRedis } from '../support/redis.ts';
import { today } from '../support/world.ts';
import { anyJson, anyText } from './arbitraries.ts';
import { ask, globalId, type HostileWorld, redisArgs, runs, startHostileRealWorld, timeLimitMs } from './support.ts';

/** One command on the control hash or the present log; `last` is the id of the log's last record. */
type Damage = (keys: { control: string; log: string; last: string }) => string[];

/** Several in one step: what stands there is mended at once. */
const script = (key: string, text: string) => ['EVAL', text, '1', key];

const position = fc.constantFrom(
  '',
  'zzz',
  '-',
  '-1',
  '999999999999999-9999999999',
  '000000000000000-0000000000',
  '1-1',
  '__proto__',
);
const ids = fc.oneof(
  fc.constantFrom<unknown>('*', ['1'], [], [1], [null], 5, null, '1', { 0: '1', length: 1 }, [
    '__proto__',
    'constructor',
  ]),
  anyJson,
);
const record = fc.oneof(
  fc
    .record(
      {
        kind: fc.constantFrom<unknown>('changed', 'changed', 'begin', 'purged', 'x', 7, null),
        namespace: fc.oneof(
          fc.constantFrom<unknown>('catalog', 'catalog', 'seller', '__proto__', 'constructor', ''),
          anyJson,
        ),
        ids,
        floor: fc.oneof(position, fc.constant('own'), anyJson),
        hard: fc.oneof(fc.boolean(), anyJson),
        at: fc.oneof(fc.record({ era: fc.constantFrom('past', ''), position }), anyJson),
      },
      { requiredKeys: ['kind'] },
    )
    .map((value) => JSON.stringify(value)),
  anyJson.map((value) => JSON.stringify(value)),
  anyText,
);

const longRecord = JSON.stringify({ kind: 'begin', namespace: 'catalog', ids: ['1'] });

const damages: fc.Arbitrary<Damage> = fc.oneof(
  {
    weight: 4,
    arbitrary: record.map(
      (text): Damage =>
        ({ log }) => ['XADD', log, '*', 'record', text],
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom('catalog', 'seller', '__proto__', ''), fc.oneof(position, anyText)).map(
      ([name, text]): Damage =>
        ({ control }) => ['HSET', control, `gen.${name}`, text],
    ),
  },
  fc.tuple(fc.constantFrom('era', 'server', 'other'), fc.oneof(anyText, fc.constantFrom('x', ''))).map(
    ([name, text]): Damage =>
      ({ control }) => ['HSET', control, name, text],
  ),
);

const table: [string, Damage][] = [
  ['no control hash', ({ control }) => ['DEL', control]],
  ['a text for the control hash', ({ control }) => ['SET', control, 'x']],
  [
    'a list for the control hash',
    ({ control }) => script(control, "redis.call('DEL', KEYS[1]) return redis.call('RPUSH', KEYS[1], 'era')"),
  ],
  ['no era', ({ control }) => ['HDEL', control, 'era']],
  ['no server', ({ control }) => ['HDEL', control, 'server']],
  ['no log', ({ log }) => ['DEL', log]],
  ['a text for the log', ({ log }) => ['SET', log, 'x']],
  [
    'a hash for the log',
    ({ log }) => script(log, "redis.call('DEL', KEYS[1]) return redis.call('HSET', KEYS[1], 'a', 'b')"),
  ],
  ['no record in the log', ({ log }) => ['XTRIM', log, 'MAXLEN', '0']],
  ['a record less', ({ log, last }) => ['XDEL', log, last]],
  ['a record of another field', ({ log }) => ['XADD', log, '*', 'other', 'field']],
  ['a record of the future', ({ log }) => ['XADD', log, '900000000000000-0', 'record', '']],
  ['the last id there can be', ({ log }) => ['XADD', log, '18446744073709551615-18446744073709551615', 'record', '']],
  [
    'more records than one look reads',
    ({ log }) => script(log, `for i = 1, 1100 do redis.call('XADD', KEYS[1], '*', 'record', '${longRecord}') end`),
  ],
];

describe('bad input › the change log', () => {
  let redis: RunningRedis;
  let one: HostileWorld;
  let two: HostileWorld;
  beforeAll(async () => {
    redis = await startRedis({ args: redisArgs });
    one = await startHostileRealWorld(redis, {
      upstream: { collections: makeCatalogue(today, { catalogs: 12, sellers: 3 }) },
    });
    two = await startHostileRealWorld(redis, { upstreamOf: one });
  });
  afterAll(async () => {
    await two.close();
    await one.close();
    await redis.stop();
  });

  const keys = async () => {
    const control = '{vitrine}:control';
    const log = `{vitrine}:log:${await redis.send<string>('HGET', control, 'era')}`;
    const [latest] = await redis.send<[string, unknown][]>('XREVRANGE', log, '+', '-', 'COUNT', '1');
    return { control, log, last: latest?.[0] ?? '0-1' };
  };

  const titleAt = async (world: HostileWorld) => {
    const query =
      'query ($id: ID!) { catalog(id: $id) { title } catalogs(first: 100) { totalCount nodes { sourceId title } } }';
    const { data, codes } = world.wellFormed(await ask(world.gateway.url, query, { id: globalId('Catalog', '1') }));
    expect(codes).toEqual([]);
    const { catalog, catalogs } = data as {
      catalog: { title: string };
      catalogs: { totalCount: number; nodes: { sourceId: string; title: string }[] };
    };
    expect(catalogs.totalCount).toBe(12);
    const inPage = catalogs.nodes.find(({ sourceId }) => sourceId === '1')?.title;
    return [catalog.title, inPage];
  };

  const ready = async (world: HostileWorld) => {
    const response = await fetch(`${world.gateway.url}/readyz`);
    return ((await response.json()) as { status: string }).status === 'ok';
  };

  let version = 0;

  /** After the damage a change is made at one: both answer rightly before and after it, and are well again. */
  const check = async (damage: Damage) => {
    const asked = one.upstream.requests.count();
    await redis.send(...damage(await eventually(keys)));
    const before = String((one.upstream.collections.get('catalogs', '1') as RawRow).title);
    for (const world of [one, two]) expect(await titleAt(world)).toEqual([before, before]);

    version += 1;
    const title = `Version ${version}`;
    const updated_at = new Date(today.getTime() + version * 1000).toISOString();
    one.upstream.collections.put('catalogs', {
      ...(one.upstream.collections.get('catalogs', '1') as RawRow),
      title,
      updated_at,
    });
    // 503: applied here, and told to the others once the log is mended.
    expect([200, 503]).toContain((await one.invalidate({ type: 'catalog', ids: ['1'] })).status);
    expect(await titleAt(one)).toEqual([title, title]);
    await eventually(async () => expect(await titleAt(two)).toEqual([title, title]), 3_000);
    await eventually(async () => (await ready(one)) && (await ready(two)), 3_000);
    // A drain of three pages in all, for each process at most once or twice, and the rows.
    expect(one.upstream.requests.count() - asked).toBeLessThan(40);
  };

  const allWell = async () => {
    for (const world of [one, two]) await world.wellAfter();
    const three = await startHostileRealWorld(redis, { upstreamOf: one });
    const title = (one.upstream.collections.get('catalogs', '1') as RawRow).title;
    expect(await titleAt(three)).toEqual([title, title]);
    await three.close();
  };

  it.each(table)('may be as it never was: %s', async (_name, damage) => {
    await check(damage);
    await allWell();
  });

  it(
    'may hold any text in its records and fields',
    async () => {
      await fc.assert(fc.asyncProperty(damages, check), runs(50));
      await allWell();
    },
    timeLimitMs,
  );
});
