/**
 * P7 degrades, never dies: one fault after another in the traffic of two gateways on one Redis, all by real processes
 * and sockets. Throughout, each request is answered within its deadline, rightly or with a coded error on its field.
 */
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Course } from './course.ts';
import { openDeployment } from './deployment.ts';
import { type Fault, faultsOf } from './faults/index.ts';
import { harmIn } from './report.ts';

/** Far above what is ever held: a process that goes on growing passes it. Two of its connections are to Redis. */
const openFilesAtMost = 100;
const residentMbAtMost = 512;

/** Fewer would mean that requests wait for one another. */
const requestsAtLeast = 10;

/** Only a fault that is not over by itself takes this long. */
const timeLimitMs = 60_000;

const faults = faultsOf('single');

let course: Course | undefined;

beforeEach(async () => {
  course ??= new Course(await openDeployment());
});
// What a fault has left behind is no concern of the next one.
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await close();
});
afterAll(close);

async function close(): Promise<void> {
  await course?.deployment.close();
  course = undefined;
}

const run = (fault: Fault) => (course as Course).run(fault, { seed: faults.indexOf(fault) + 2 });

describe('P7 degrades, never dies › all is answered rightly and in time, it is told, and all is well again after', () => {
  it.each(faults)(
    '$name',
    async (fault) => {
      const report = await run(fault);
      expect(harmIn(report)).toEqual([]);
      expect(report.requests).toBeGreaterThan(requestsAtLeast);
      expect(report.peak.openFiles).toBeLessThan(openFilesAtMost);
      expect(report.peak.residentMb).toBeLessThan(residentMbAtMost);
    },
    timeLimitMs,
  );
});

describe('what is wrong is noticed in real traffic', () => {
  it('a change that was acknowledged and that nobody was told of', async () => {
    const { recorder } = course as Course;
    const { wrong } = await run({
      name: 'a lie',
      of: 'all',
      cause: ({ catalogue, replicas }) => {
        const ids = catalogue.present.map(({ id }) => id);
        for (const id of ids) catalogue.put(id);
        const change = recorder.tells({ by: { replica: 0, life: replicas[0]?.gateway.life ?? 0 }, ids, purge: false });
        change.acknowledgedMs = performance.now();
        change.knownElsewhereMs = change.acknowledgedMs;
      },
      heal: () => {},
      tells: {},
    });
    expect(wrong.map(({ says }) => says)).toContainEqual(expect.stringMatching(/^P5\/P6: \d+ of \d+, which was over/));
  });
});
