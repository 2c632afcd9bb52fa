/**
 * What a view of a million rows costs: sorting it, and moving what stands behind a row that changed. No gateway under
 * measure has as many, and both grow with the rows.
 */
import { catalogs } from '../../src/catalog/catalogs.ts';
import { View } from '../../src/data/view.ts';
import { makeCatalogue } from '../../src/embedded/index.ts';
import { medianOf } from '../support/median.ts';

const rows = 1_000_000;
const changesPerRound = 100;
const rounds = 3;
const orders = ['START_DATE', 'TITLE', 'UPDATED_AT'];

/** @returns By the CPU time of this process: medians of all orders and rounds. */
export function viewCosts(): { sortedRowUs: number; movedRowNs: number } {
  const { decode } = catalogs.endpoint.codec;
  const wire = makeCatalogue(new Date(), { catalogs: rows }).catalogs;
  const values = wire.map((row) => decode(row));
  const sortedUs: number[] = [];
  const changedUs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const view = new View(catalogs);
    const put = (value: ReturnType<typeof decode>) =>
      view.put({ id: value.id, value, version: value.version, ...known });
    for (const value of values) put(value);
    for (const order of orders) {
      sortedUs.push(cpuUsOf(() => view.page({ order, direction: 'ASC', filter: {}, first: 20 })));
    }
    for (let index = 0; index < changesPerRound; index++) {
      const row = wire[Math.floor((index / changesPerRound) * rows)] as (typeof wire)[number];
      const value = decode({ ...row, title: `${row.title} again` });
      changedUs.push(cpuUsOf(() => put(value)));
    }
  }
  return {
    sortedRowUs: medianOf(sortedUs) / rows,
    movedRowNs: (1_000 * medianOf(changedUs)) / orders.length / rows,
  };
}

const stamp = { era: 1, position: '0' } as never;
const times = { storedAtMs: 0, freshUntilMs: 0, staleUntilMs: 0, errorUntilMs: 0 };
/** What rows of one drain are known by, all alike. */
export const known = { size: 0, from: { times, asOf: stamp, contentAsOf: stamp } };

function cpuUsOf(act: () => void): number {
  const before = process.cpuUsage();
  act();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
