import { describe, expect, test } from 'vitest';
import { MetricsOfAll } from '../../src/cli/metrics-of-all.ts';
import { Questions } from '../../src/cli/questions.ts';
import { startTelemetry } from '../../src/telemetry/index.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { ManualClock } from '../support/clock.ts';

/** A worker that reports when it is told to. */
function scriptedReporter(id: number) {
  const ends = Promise.withResolvers<void>();
  const answers: ((report: Awaited<ReturnType<typeof metrics.report>> | undefined) => void)[] = [];
  const metrics = createMetrics();
  metrics.cacheFills.inc({ namespace: 'catalog', outcome: 'stored' });
  return {
    id,
    ended: ends.promise,
    asked: () => answers.length,
    report: () =>
      new Promise<Awaited<ReturnType<typeof metrics.report>> | undefined>((resolve) => answers.push(resolve)),
    answers: async () => answers.at(-1)?.(await metrics.report()),
    isLate: () => answers.at(-1)?.(undefined),
    falls: () => {
      ends.resolve();
      answers.at(-1)?.(undefined);
    },
  };
}

function startThree() {
  const lines: Record<string, unknown>[] = [];
  const { log } = startTelemetry(
    { level: 'info', format: 'json' },
    { write: (line: string) => void lines.push(JSON.parse(line)) },
  );
  const all = new MetricsOfAll(log);
  const reporters = [scriptedReporter(1), scriptedReporter(2), scriptedReporter(3)] as const;
  for (const reporter of reporters) all.add(reporter);
  return { all, reporters, lines };
}

const fills = (page: string | undefined) => Number(/^vitrine_cache_fills_total\{.*\} (\d+)$/m.exec(page ?? '')?.[1]);

describe('the metrics of all workers', () => {
  test('are told when each has reported, to all who asked meanwhile', async () => {
    const { all, reporters } = startThree();
    const pages = [all.page(), all.page()];
    for (const reporter of reporters) await reporter.answers();
    expect((await Promise.all(pages)).map(fills)).toEqual([3, 3]);
    expect(reporters.map(({ asked }) => asked())).toEqual([1, 1, 1]);
    void all.page();
    expect(reporters.map(({ asked }) => asked())).toEqual([2, 2, 2]);
  });

  test('do not wait for one that falls', async () => {
    const { all, reporters } = startThree();
    const page = all.page();
    await reporters[0].answers();
    await reporters[1].answers();
    reporters[2].falls();
    expect(fills(await page)).toBe(2);
  });

  test('are none when one that lives does not report in time', async () => {
    const { all, reporters } = startThree();
    const page = all.page();
    await reporters[0].answers();
    await reporters[1].answers();
    reporters[2].isLate();
    expect(await page).toBeUndefined();
  });

  test('that cannot be put together are none, and a line of the log', async () => {
    const { all, reporters, lines } = startThree();
    reporters[0].report = () => Promise.reject(new Error('boom'));
    expect(await all.page()).toBeUndefined();
    expect(lines).toMatchObject([{ event: 'metrics.failed', level: 50, err: { message: 'boom' } }]);
  });
});

describe('a question to another process', () => {
  test('has no answer when none comes in time, and a late one is not taken for that of the next', async () => {
    const clock = new ManualClock();
    const questions = new Questions<string>({ clock, withinMs: 1_000 });
    const ids: number[] = [];
    const first = questions.ask((id) => ids.push(id));
    await clock.advance(1_000);
    expect(await first).toBeUndefined();
    const second = questions.ask((id) => ids.push(id));
    questions.answer(ids[0] as number, 'late');
    questions.answer(ids[1] as number, 'in time');
    expect(await second).toBe('in time');
  });

  test('has no answer when the other is gone', async () => {
    const questions = new Questions<string>({ clock: new ManualClock(), withinMs: 1_000 });
    const asked = questions.ask(() => {});
    questions.end();
    expect(await asked).toBeUndefined();
  });
});
