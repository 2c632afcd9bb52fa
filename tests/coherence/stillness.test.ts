/** The checker's own standing still is noticed, and how long it was: else it would be held against a gateway. */
import { expect, it, onTestFinished, vi } from 'vitest';
import type { Recorder } from './record.ts';
import { Stillness } from './stillness.ts';

function open() {
  const failing = { fromMs: 0, untilMs: Number.POSITIVE_INFINITY };
  const upstreamFails = vi.fn(() => failing);
  const stillness = new Stillness({ upstreamFails } as unknown as Recorder);
  onTestFinished(() => stillness.end());
  return { stillness, upstreamFails, failing };
}

function standStill(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

it('a process that stood still for longer than half of upstream’s deadline wrote down that upstream hung', () => {
  const { stillness, upstreamFails, failing } = open();
  const fromMs = performance.now();
  standStill(400);
  expect(stillness.lap()).toBeGreaterThanOrEqual(400);
  expect(stillness.spans).toHaveLength(1);
  expect(stillness.spans[0]?.fromMs).toBeLessThanOrEqual(fromMs);
  expect(stillness.spans[0]?.untilMs).toBeGreaterThanOrEqual(fromMs + 400);
  expect(upstreamFails).toHaveBeenCalledOnce();
  expect(failing.untilMs).toBeLessThan(Number.POSITIVE_INFINITY);
});

it('a lap counts for itself', () => {
  const { stillness } = open();
  standStill(400);
  const [first, second] = [stillness.lap(), stillness.lap()];
  expect(second).toBeLessThan(first);
});
