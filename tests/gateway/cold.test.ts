/**
 * P4 one fill, over processes: 1,000 requests at four gateways for what none of them has, counted at the upstream.
 *
 *   hold ─► ask ─► all are taken up ─► each gateway has gone as far as it can ─► (kill the one that reads) ─► release
 *
 * What is not read by then was not going to be. Without leases the same costs a read at each gateway.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { encodeNodeId } from '../../src/graphql/index.ts';
import { sabotaged } from '../coherence/sabotage.ts';
import { compareRows, type RawRow } from '../data/model.ts';
import type { Question, Reply } from './crowd.ts';
import { Fleet, type FleetOptions, type Group, requestTimeoutMs } from './fleet.ts';

const requests = 1_000;

let fleet: Fleet;

function openFleet(options: FleetOptions): void {
  beforeAll(async () => {
    fleet = await Fleet.open(options);
  });
  beforeEach(() => fleet.complete());
  afterAll(async () => {
    await fleet.close();
    expect(fleet.gateways.flatMap(({ log }) => log.mistakes)).toEqual([]);
  });
}

describe('P4 one fill › 1,000 concurrent requests at four processes', () => {
  openFleet({ size: 4 });

  it('for a cold row cost one read', async () => {
    const id = fleet.addRow();
    expect(await readsFor(times(requests, () => askForRow(id)))).toEqual({ [`row ${id}`]: 1 });
  });

  it('for several cold rows, one or more in each, cost one read of each', async () => {
    // A number that four does not divide: each gateway is asked for each of them.
    const ids = times(25, () => fleet.addRow());
    const asked = times(requests, (i) => askForRows(times(1 + (i % 3), (n) => ids[(7 * i + 11 * n) % 25] as string)));
    expect(await readsFor(asked)).toEqual(Object.fromEntries(ids.map((id) => [`row ${id}`, 1])));
  });

  it('for a cold collection cost one read of each page, and the second look at the first', async () => {
    const asked = askForPages();
    expect(await readsFor(asked, purgeAll)).toEqual({ 'page 1': 1 + 1, 'page 2': 1, 'page 3': 1 });
  });

  describe('of which the one that reads is killed', () => {
    it('for a cold row cost two reads, and are answered by the other three', async () => {
      const id = fleet.addRow();
      const hold = fleet.upstream.hold('/catalogs/{id}');
      fleet.upstream.requests.reset();
      const groups = await fleet.gather(times(requests, () => askForRow(id)));
      await fleet.caughtUp();
      const killed = fleet.lastReader();

      await killed.kill();
      await hold.arrived(2);
      await fleet.caughtUp();
      hold.release();

      await expectRightBut(killed, groups);
      expect(fleet.reads()).toEqual({ [`row ${id}`]: 2 });
    });

    it('for a cold collection cost two reads of each page, and are answered by the other three', async () => {
      const first = fleet.upstream.hold('/catalogs');
      fleet.upstream.requests.reset();
      const groups = await fleet.gather(askForPages(), await purgeAll());
      await first.arrived();
      const others = fleet.upstream.hold('/catalogs');
      first.release();
      await others.arrived(2);
      await fleet.caughtUp();
      const killed = fleet.lastReader();

      await killed.kill();
      await others.arrived(3);
      await fleet.caughtUp();
      others.release();

      await expectRightBut(killed, groups);
      expect(fleet.reads()).toEqual({ 'page 1': 2 + 1, 'page 2': 2, 'page 3': 2 });
    });
  });
});

describe('P4 one fill › 1,000 concurrent requests at two processes without leases', () => {
  openFleet({ size: 2, env: sabotaged('leases') });

  it('for a cold row cost a read at each', async () => {
    const id = fleet.addRow();
    expect(await readsFor(times(requests, () => askForRow(id)))).toEqual({ [`row ${id}`]: 2 });
  });

  it('for a cold collection cost a drain at each, or more', async () => {
    const counts = Object.values(await readsFor(askForPages(), purgeAll));
    expect(counts).toHaveLength(3);
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(2);
  });
});

// ── What they ask for ───────────────────────────────────────────────────────────────────────────────────────────────

/** A question with the answer that is right. */
type Asked = Question & { data: unknown };

function askForRow(id: string): Asked {
  const query = 'query ($id: ID!) { catalog(id: $id) { sourceId } }';
  return { query, variables: { id: encodeNodeId('Catalog', id) }, data: { catalog: { sourceId: id } } };
}

function askForRows(ids: readonly string[]): Asked {
  const query = 'query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Catalog { sourceId } } }';
  const variables = { ids: ids.map((id) => encodeNodeId('Catalog', id)) };
  return { query, variables, data: { nodes: ids.map((sourceId) => ({ sourceId })) } };
}

/** Of any size, cut from the one drain. */
function askForPages(): Asked[] {
  const query = 'query ($first: Int!) { catalogs(first: $first) { totalCount nodes { sourceId } } }';
  const rows = (fleet.upstream.collections.rows('catalogs') as RawRow[]).toSorted(compareRows('START_DATE', 'ASC'));
  return times(requests, (i) => {
    const first = 1 + (i % 100);
    const nodes = rows.slice(0, first).map(({ id }) => ({ sourceId: id }));
    return { query, variables: { first }, data: { catalogs: { totalCount: rows.length, nodes } } };
  });
}

/** @returns The position from which on nothing is served that was read before. */
async function purgeAll(): Promise<string> {
  const { text } = await (fleet.gateways[0] as Gateway).invalidate({ type: 'catalog', all: true, mode: 'purge' });
  return (JSON.parse(text) as { position: string }).position;
}

// ── What comes of it ────────────────────────────────────────────────────────────────────────────────────────────────

type Gateway = Fleet['gateways'][number];

/** @param begin - What makes it cold, if it is not: gives the position of the change. */
async function readsFor(asked: readonly Asked[], begin?: () => Promise<string>): Promise<Record<string, number>> {
  const holds = ['/catalogs', '/catalogs/{id}', '/catalogs?ids'].map((route) => fleet.upstream.hold(route));
  fleet.upstream.requests.reset();
  const groups = await fleet.gather(asked, await begin?.());
  await fleet.caughtUp();
  for (const hold of holds) hold.release();
  for (const group of groups) await expectRight(group);
  return fleet.reads();
}

async function expectRight({ questions, settled }: Group<Asked>): Promise<void> {
  for (const [index, end] of (await settled).entries()) {
    const { data } = questions[index] as Asked;
    expect(end).toMatchObject({ status: 'fulfilled', value: { status: 200, body: { data } } });
    expect((end as PromiseFulfilledResult<Reply>).value.tookMs).toBeLessThan(requestTimeoutMs);
  }
}

/** Whoever asked the one that was killed sees the connection break, and nobody else sees anything. */
async function expectRightBut(killed: Gateway, groups: readonly Group<Asked>[]): Promise<void> {
  for (const group of groups) {
    if (group.gateway !== killed) await expectRight(group);
    else for (const end of await group.settled) expect(end).toMatchObject({ reason: { code: 'ECONNRESET' } });
  }
}

function times<R>(count: number, make: (index: number) => R): R[] {
  return Array.from({ length: count }, (_, index) => make(index));
}
