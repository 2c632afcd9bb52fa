import { describe, expect, test } from 'vitest';
import type { CollectionStatus } from '../../src/data/reader.ts';
import type { Coherence } from '../../src/server/index.ts';
import { send, start, Things } from './support.ts';

test('/livez is 200 while the process lives, whatever its data', async () => {
  const gateway = await start({ things: new Things().is({ status: 'empty', size: 0, ageSeconds: null }) });
  expect(await send(`${gateway.url}/livez`)).toMatchObject({ status: 200, text: '{"status":"ok"}' });
});

describe('/readyz', () => {
  test('tells of upstream, Redis, coherence and each collection', async () => {
    const { status, body } = await send(`${(await start()).url}/readyz`);
    expect(status).toBe(200);
    expect(body).toEqual({
      status: 'ok',
      checks: {
        upstream: { status: 'ok' },
        redis: { status: 'ok' },
        coherence: { status: 'ok', lagMs: 12 },
        things: { status: 'fresh', size: 3, ageSeconds: 12, quarantined: 0 },
      },
    });
  });

  const collections: [string, Partial<CollectionStatus>, string][] = [
    ['is stale', { status: 'stale' }, 'ok'],
    ['is without rows', { size: 0 }, 'ok'],
    ['is read anew', { status: 'filling' }, 'ok'],
    ['could not be read anew', { status: 'failed' }, 'degraded'],
    ['has rows in quarantine', { quarantined: 1 }, 'degraded'],
    ['was never read', { status: 'empty', size: 0, ageSeconds: null }, 'unready'],
    ['is read for the first time', { status: 'filling', size: 0, ageSeconds: null }, 'unready'],
    ['could not be read at all', { status: 'failed', size: 0, ageSeconds: null }, 'unready'],
  ];
  test.each(collections)('when a collection %s: %o is %s', async (_name, state, expected) => {
    const { url } = await start({ things: new Things().is(state) });
    const { status, body } = await send(`${url}/readyz`);
    expect([status, body.status]).toEqual([expected === 'unready' ? 503 : 200, expected]);
    expect(body.checks).toMatchObject({ things: state });
  });

  test.each(collections)('when a collection %s: asks for it to be read if there is nothing to serve', async (...of) => {
    const [, state, expected] = of;
    const { url, things } = await start({ things: new Things().is(state) });
    await send(`${url}/readyz`);
    expect(things.calls).toEqual(expected === 'unready' ? ['warm'] : []);
  });

  const around: [string, Partial<Coherence>, string][] = [
    ['Redis is off', { redis: 'off' }, 'ok'],
    ['Redis is down', { redis: 'down' }, 'degraded'],
    ['changes come late', { status: 'behind' }, 'degraded'],
    ['changes are no longer heard of', { status: 'degraded' }, 'degraded'],
  ];
  test.each(around)('when %s: %o is %s', async (_name, state, expected) => {
    const coherence = (): Coherence => ({ redis: 'ok', status: 'ok', lagMs: 0, scope: 'cluster', ...state });
    const { url } = await start({ options: { coherence } });
    expect(await send(`${url}/readyz`)).toMatchObject({ status: 200, body: { status: expected } });
  });

  test('when upstream is down is degraded: what is known is served', async () => {
    const { url } = await start({ options: { upstream: { status: () => 'down' } } });
    expect(await send(`${url}/readyz`)).toMatchObject({
      status: 200,
      body: { status: 'degraded', checks: { upstream: { status: 'down' } } },
    });
  });
});
