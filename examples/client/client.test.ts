/**
 * The client as it is run, a process of its own, over a gateway whose clock is moved by hand.
 *
 * P1 is here as a user meets it: a cache before this one gave a time back as text once it had been through Redis, and
 * the page that formatted it broke on every hit.
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startRedis } from '../../tests/support/redis.ts';
import { startWorld, untilWarm, type World } from '../../tests/support/world.ts';

const updated = '2026-01-01T00:00:00Z';
const sale = { status: 'upcoming', end_date: null, location: null, lot_count: 1, updated_at: updated };

/** Far ahead, so that it is always to come; one sale is over, and one is of a seller that nobody knows. */
const catalogue = {
  sellers: [
    { id: '1', name: 'Fieldgate & Sons', country: 'GB', website: null, updated_at: updated },
    { id: '2', name: 'Galerie Müller', country: null, website: null, updated_at: updated },
  ],
  catalogs: [
    { ...sale, id: '1', title: 'Old maps', start_date: '2126-03-04T23:30:00.123456Z', seller_id: '1' },
    { ...sale, id: '2', title: 'Clocks', start_date: '2126-03-05T01:00:00+02:00', seller_id: '2' },
    { ...sale, id: '3', title: 'Long over', start_date: '2001-01-01T00:00:00Z', seller_id: '1' },
    { ...sale, id: '4', title: 'Medals', start_date: '2126-12-31T23:59:59Z', seller_id: '9' },
  ],
};

const table = [
  'Mar 4, 2126   Clocks    Galerie Müller',
  'Mar 4, 2126   Old maps  Fieldgate & Sons',
  'Dec 31, 2126  Medals    seller not known',
  '',
].join('\n');

describe('the client', () => {
  it('has generated files that are those of the running gateway', async () => {
    const { gateway } = await startHere();
    const cli = join('node_modules', '@graphql-codegen', 'cli', 'esm', 'bin.js');
    const check = await run([cli, '--config', 'examples/client/codegen.ts', '--check'], gateway.url);
    expect(check).toMatchObject({ exitCode: 0 });
  });

  it('says so when nothing is to come', async () => {
    const { gateway } = await startHere({ collections: { ...catalogue, catalogs: [] } });
    expect(await printSales(gateway.url)).toEqual({ exitCode: 0, stdout: 'No sales to come.\n', stderr: '' });
  });

  it('says in one line that the gateway cannot be reached, and fails', async () => {
    const nobody = createServer().listen(0, '127.0.0.1');
    await once(nobody, 'listening');
    const url = `http://127.0.0.1:${(nobody.address() as AddressInfo).port}`;
    nobody.close();
    await once(nobody, 'close');
    const stderr = `Cannot reach ${url}/graphql. Is the gateway running?\n`;
    expect(await printSales(url)).toEqual({ exitCode: 1, stdout: '', stderr });
  });

  it('says what the gateway says when the API is down, and fails', async () => {
    const { gateway, upstream } = await startHere();
    await upstream.close();
    const { exitCode, stdout, stderr } = await printSales(gateway.url);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(/^The API behind this gateway .* \(UPSTREAM_UNAVAILABLE, request [\w-]+\)\n$/);
  });
});

describe('P1 types survive › the client prints the same dates', () => {
  it('on a miss, a hit and stale, without Redis', async () => {
    const world = await startHere();
    await untilWarm(world);
    await world.clock.advance(7_200_000); // Past both stale windows: nothing that is held may be served.
    expect(await printedAs(world)).toEqual({ stdout: table, catalogs: ['miss'] });
    expect(await printedAs(world)).toEqual({ stdout: table, catalogs: ['hit'] });
    await world.clock.advance(100_000);
    expect(await printedAs(world)).toEqual({ stdout: table, catalogs: ['stale'] });
  });

  it('read upstream, out of Redis in another process, and stale there', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    // Ages are counted on Redis's clock, which each proof of the log tells anew; the next one is far off.
    const settings = { REDIS_URL: redis.url.href, COHERENCE_MS: '600000' };
    const first = await startHere({ settings });
    expect((await printedAs(first)).stdout).toBe(table);
    await untilWarm(first);

    const second = await startHere({ settings });
    await untilWarm(second);
    expect(await printedAs(second)).toEqual({ stdout: table, catalogs: ['hit'] });
    expect(second.upstream.requests.count()).toBe(0);
    await second.clock.advance(100_000);
    expect(await printedAs(second)).toEqual({ stdout: table, catalogs: ['stale'] });
  });
});

type Start = { collections?: typeof catalogue; settings?: Record<string, string> };

/** Over an upstream of its own, until the test is over. */
async function startHere({ collections = catalogue, settings = {} }: Start = {}): Promise<World> {
  const world = await startWorld({ settings, upstream: { collections } });
  onTestFinished(() => world.clock.pump(world.close()));
  return world;
}

/** What the client prints, and how the gateway came by the catalogs of it. */
async function printedAs(world: World): Promise<{ stdout: string; catalogs: string[] }> {
  const outcomes = ['hit', 'stale', 'stale_if_error', 'miss', 'coalesced'];
  const count = (outcome: string) => world.metric('vitrine_cache_requests_total', { namespace: 'catalogs', outcome });
  const before = await Promise.all(outcomes.map(count));
  const { stdout } = await printSales(world.gateway.url);
  const after = await Promise.all(outcomes.map(count));
  return { stdout, catalogs: outcomes.filter((_, index) => after[index] !== before[index]) };
}

function printSales(url: string): Promise<Ran> {
  return run([join(import.meta.dirname, 'main.ts')], url);
}

type Ran = { exitCode: number | string; stdout: string; stderr: string };

/** Runs a program of Node against a gateway. */
function run(args: string[], url: string): Promise<Ran> {
  const env = { PATH: process.env.PATH, GRAPHQL_URL: `${url}/graphql` };
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env }, (error, stdout, stderr) =>
      resolve({ exitCode: error?.code ?? 0, stdout, stderr }),
    );
  });
}
