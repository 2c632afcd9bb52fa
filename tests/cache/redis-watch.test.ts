import { setTimeout as delay } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { Watch } from '../../src/cache/redis-watch.ts';
import { eventually } from '../support/redis.ts';

const neverMs = 600_000;

/** @returns How often it has looked. */
function watch({ well, restMs = neverMs }: { well: () => boolean; restMs?: number }) {
  let looks = 0;
  const look = async () => {
    looks += 1;
    return { well: well() };
  };
  const started = new Watch(look, restMs);
  onTestFinished(() => started.stop());
  return { watch: started, looks: () => looks };
}

test('looks at once, then rests while all is well', async () => {
  const { looks } = watch({ well: () => true });
  await delay(300);
  expect(looks()).toBe(1);
});

test('looks again and again while it is not, later and later', async () => {
  let isWell = false;
  const { looks } = watch({ well: () => isWell });
  const beganAtMs = performance.now();
  await eventually(() => looks() >= 3);
  // 50 ms at least, and 50 and 100 ms with their jitter.
  expect(performance.now() - beganAtMs).toBeGreaterThan(150);
  isWell = true;
  const before = looks();
  await eventually(() => looks() > before);
  await delay(300);
  expect(looks()).toBe(before + 1);
});

test('looks soon when told to, however often it is told', async () => {
  const { watch: watched, looks } = watch({ well: () => true });
  const beganAtMs = performance.now();
  while (performance.now() - beganAtMs < 500) {
    watched.nudge();
    await delay(1);
  }
  expect(looks()).toBeGreaterThan(2);
  expect(looks()).toBeLessThanOrEqual(1 + (performance.now() - beganAtMs) / 50);
});

test('looks no more once it is stopped', async () => {
  const { watch: watched, looks } = watch({ well: () => false });
  watched.stop();
  watched.nudge();
  await delay(200);
  expect(looks()).toBe(1);
});
