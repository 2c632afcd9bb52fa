import { describe, expect, test } from 'vitest';
import { OperationNames } from '../../src/server/metrics.ts';
import { UpstreamError } from '../../src/upstream/errors.ts';
import { ask, type Gateway, send, start, Things } from './support.ts';

describe('P8 seen › /metrics', () => {
  test('shows size and age of each collection as they are now', async () => {
    const gateway = await start();
    await send(`${gateway.url}/metrics`);
    gateway.things.is({ size: 4, ageSeconds: 70 });
    const { headers, text } = await send(`${gateway.url}/metrics`);
    expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(text).toContain('vitrine_snapshot_items{collection="things"} 4');
    expect(text).toContain('vitrine_snapshot_age_seconds{collection="things"} 70');
  });

  test('shows no age of what was never read', async () => {
    const gateway = await start({ things: new Things().is({ status: 'empty', size: 0, ageSeconds: null }) });
    const { text } = await send(`${gateway.url}/metrics`);
    expect(text).toContain('vitrine_snapshot_items{collection="things"} 0');
    expect(text).not.toContain('vitrine_snapshot_age_seconds{');
  });

  test('shows the page that is given instead of its own, and 503 where that could not be told in time', async () => {
    let page: string | undefined = 'things 1\n';
    const gateway = await start({ options: { metricsPage: async () => page } });
    expect(await send(`${gateway.url}/metrics`)).toMatchObject({ status: 200, text: page });
    page = undefined;
    const { status, headers, body } = await send(`${gateway.url}/metrics`);
    expect([status, headers['content-type']]).toEqual([503, 'application/problem+json; charset=utf-8']);
    expect(body).toMatchObject({ status: 503, detail: 'Not every worker told its metrics in time.' });
  });

  test('stands on the admin port alone when there is one', async () => {
    const gateway = await start({ config: { adminPort: 0 } });
    expect(gateway.adminUrl).not.toBe(gateway.url);
    expect((await send(`${gateway.url}/metrics`)).status).toBe(404);
    expect((await send(`${gateway.adminUrl}/metrics`)).status).toBe(200);
    expect((await send(`${gateway.adminUrl}/graphql`)).status).toBe(404);
  });
});

describe('P8 seen › graphql_operation_duration_seconds', () => {
  test('counts operations by name and outcome', async () => {
    const gateway = await start();
    await ask(gateway, 'query One { thing(id: 1) { id } }');
    await ask(gateway, 'query One { thing(id: 2) { id } }');
    await ask(gateway, '{ broken { id } }');
    await ask(gateway, 'query Typo { nonsense }');
    expect(await observed(gateway)).toEqual({ 'One ok': 2, 'anonymous error': 1, 'anonymous refused': 1 });
  });
});

describe('names of operations as labels', () => {
  test('are kept up to a bound', () => {
    const names = new OperationNames(2);
    expect(['A', 'B', 'C', 'A'].map((name) => names.label(name))).toEqual(['A', 'B', 'other', 'A']);
  });

  test('are anonymous when there is none', () => {
    const names = new OperationNames();
    expect([null, undefined, ''].map((name) => names.label(name))).toEqual(Array(3).fill('anonymous'));
  });

  test('are of at most 64 plain characters', () => {
    const names = new OperationNames();
    expect(names.label('x'.repeat(64))).toBe('x'.repeat(64));
    expect(['x'.repeat(65), 'a-b', 'ä'].map((name) => names.label(name))).toEqual(Array(3).fill('other'));
  });
});

describe('P8 seen › the line of an operation', () => {
  const levels = { debug: 20, info: 30, warn: 40 };

  test.each([
    ['debug', 'a hit', { kind: 'hit' as const }],
    ['debug', 'a cached "not found"', { kind: 'negative' as const }],
    ['info', 'a stale answer', { kind: 'stale' as const }],
    ['info', 'a miss', { kind: 'miss' as const }],
    ['warn', 'a stale answer because upstream fails', { kind: 'stale_if_error' as const }],
    ['warn', 'a part that could not be read', new UpstreamError('UPSTREAM_TIMEOUT', 'no')],
  ] as const)('is at %s for %s', async (level, _name, then) => {
    const gateway = await start({ things: new Things().when('1', then) });
    const { headers } = await ask(gateway, 'query Name { thing(id: 1) { id } }');
    expect(operations(gateway)).toEqual([
      expect.objectContaining({
        level: levels[level],
        operation: 'Name',
        requestId: headers['x-request-id'],
        cacheStatus: headers['cache-status'],
        durationMs: expect.any(Number),
      }),
    ]);
  });

  test('is written for one hit in a hundred, and for every miss', async () => {
    const things = new Things().when('miss', { kind: 'miss' });
    const gateway = await start({ things, config: { responseCache: false } });
    for (let i = 0; i < 101; i++) await ask(gateway, '{ thing(id: 1) { id } }');
    expect(operations(gateway)).toHaveLength(2);
    for (let i = 0; i < 3; i++) await ask(gateway, '{ thing(id: "miss") { id } }');
    expect(operations(gateway)).toHaveLength(5);
  });

  test('is written for one in a hundred that read nothing, and for every one that is refused', async () => {
    const gateway = await start();
    for (let i = 0; i < 101; i++) await ask(gateway, '{ __typename }');
    expect(operations(gateway)).toMatchObject([{ level: levels.debug }, { level: levels.debug }]);
    for (let i = 0; i < 3; i++) await ask(gateway, '{ nonsense }');
    expect(operations(gateway)).toHaveLength(5);
  });

  test('names the codes of what went wrong', async () => {
    const gateway = await start();
    await ask(gateway, '{ nonsense }');
    expect(operations(gateway)).toMatchObject([{ outcome: 'refused', codes: ['GRAPHQL_VALIDATION_FAILED'] }]);
  });
});

function operations({ lines }: Gateway) {
  return lines.filter(({ event }) => event === 'graphql.operation');
}

async function observed({ metrics }: Gateway): Promise<Record<string, number>> {
  const { values } = await metrics.graphqlOperationDuration.get();
  const counts = values.filter(({ metricName }) => metricName?.endsWith('_count'));
  return Object.fromEntries(counts.map(({ labels, value }) => [`${labels.operation} ${labels.outcome}`, value]));
}
