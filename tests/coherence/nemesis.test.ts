/** The nemesis brings what it was given, now and then one upon the other, and waits until all is well. */
import { beforeEach, describe, expect, it } from 'vitest';
import { Chance } from '../simulation/random.ts';
import type { Came } from './bring.ts';
import { Catalogue } from './catalogue.ts';
import type { Deployment, Replica } from './deployment.ts';
import type { Fault } from './faults/index.ts';
import { Nemesis } from './nemesis.ts';
import { Recorder } from './record.ts';

let isWell: boolean;
let story: string[];
beforeEach(() => {
  isWell = true;
  story = [];
});

/** Three gateways that say what the test says. */
function deployment(): Deployment {
  const gateway = {
    life: 1,
    readyz: async () => {
      story.push('looked');
      return { status: isWell ? 'ok' : 'degraded', checks: {} };
    },
    query: async () => ({ status: 200, headers: {}, text: '{"data":{}}' }),
  };
  const replicas = Array.from({ length: 3 }, () => ({ gateway }) as unknown as Replica);
  return { catalogue: new Catalogue({ rows: 3 }), replicas } as Partial<Deployment> as Deployment;
}

/** Over as soon as it has come. */
const brief = (name: string, of: Fault['of']): Fault => ({
  name,
  of,
  cause: () => void story.push(name),
  tells: {},
});

/** Keeps things in their order, and has a second upon each that one fits. */
const lowest = Object.assign(new Chance(0), { next: () => 0 });

function nemesis(faults: readonly Fault[], chance = new Chance(7)): Nemesis {
  const recorder = new Recorder([]);
  return new Nemesis({ deployment: deployment(), recorder, traffic: { writing: {} }, chance, faults });
}

/** Until every kind came. */
async function strikeAll(faults: readonly Fault[], chance?: Chance): Promise<readonly Came[]> {
  const striking = nemesis(faults, chance);
  while (striking.toCome.length > 0) await striking.strike(() => {});
  return striking.came;
}

describe('a nemesis', () => {
  const ofRedis = [brief('flushed', 'redis'), brief('stopped', 'redis'), brief('slow', 'redis')];

  it('brings every kind once before any again', async () => {
    const came = await strikeAll(ofRedis);
    expect(came.map(({ fault }) => fault.name).toSorted()).toEqual(['flushed', 'slow', 'stopped']);
  });

  it('tells what it brings, and keeps what is still to come', async () => {
    const striking = nemesis(ofRedis);
    const told: string[] = [];
    await striking.strike(({ name }) => told.push(name));
    expect(told).toEqual(striking.came.map(({ fault }) => fault.name));
    expect(striking.toCome.map(({ name }) => name)).not.toContain(told[0]);
    expect(striking.toCome).toHaveLength(2);
  });

  it('waits until all is well, and writes down when that was', async () => {
    isWell = false;
    const striking = nemesis([brief('stopped', 'redis')]);
    const struck = striking.strike(() => {});
    await expect.poll(() => story.filter((what) => what === 'looked').length).toBeGreaterThan(3);
    expect(striking.came).toEqual([expect.objectContaining({ wellMs: Number.POSITIVE_INFINITY })]);
    isWell = true;
    await struck;
    const [came] = striking.came as [Came];
    expect(came.fromMs).toBeLessThanOrEqual(came.overMs);
    expect(came.overMs).toBeLessThanOrEqual(came.untilMs);
    expect(came.untilMs).toBeLessThan(came.wellMs);
    expect(came.wellMs).toBeLessThan(performance.now());
  });

  it('brings a second upon the first, where that befalls something else and is not over', async () => {
    const over = Promise.withResolvers<void>();
    const lasting: Fault = { ...brief('stopped', 'redis'), cause: () => over.promise };
    const second: Fault = { ...brief('hangs', 'upstream'), cause: () => over.resolve() };
    const came = await strikeAll([lasting, second], lowest);
    expect(came.map(({ fault }) => fault.name)).toEqual(['stopped', 'hangs']);
    const [first, upon] = came as [Came, Came];
    expect(upon.fromMs).toBeGreaterThan(first.fromMs);
    expect(upon.fromMs).toBeLessThan(first.untilMs);
    expect(upon.wellMs).toBe(first.wellMs);
  });
});
