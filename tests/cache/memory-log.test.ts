import { describe, expect, test } from 'vitest';
import { Follower } from '../../src/cache/follower.ts';
import { MemoryLog, newEra } from '../../src/cache/memory-log.ts';
import { ManualClock } from '../support/clock.ts';
import { begin, describeLog, wholeLog } from './log-contract.ts';
import { horizonMs, listen } from './parts.ts';

describe('the log of one process', () => {
  describeLog(async (options) => {
    const clock = new ManualClock();
    const log = new MemoryLog({ clock, random: () => 0.5, ...options });
    return { log, pass: (ms) => clock.advance(ms), setBack: async () => clock.jump(-60_000) };
  });

  test('is shared with nobody: whoever follows it trusts what it holds, however long ago it looked', async () => {
    const clock = new ManualClock();
    const shared = { clock, random: () => 0.5, horizonMs };
    const log = new MemoryLog(shared);
    const { telemetry } = listen();
    const follower = new Follower({ ...shared, log, telemetry, coherenceMs: 1_000, longestWindowMs: horizonMs });
    await follower.tick();
    await clock.advance(10 * horizonMs);
    expect(follower.status()).toEqual({ status: 'ok', lagMs: 0 });
  });

  test('keeps a record for exactly the horizon', async () => {
    const clock = new ManualClock();
    const log = new MemoryLog({ clock, random: () => 0.5, horizonMs });
    const { era } = await log.look(wholeLog);
    await log.append(era, begin('1'));
    await clock.advance(horizonMs);
    await log.append(era, begin('2'));
    expect((await log.look(wholeLog)).records).toHaveLength(2);
    await clock.advance(1);
    await log.append(era, begin('3'));
    expect((await log.look(wholeLog)).records).toHaveLength(2);
  });
});

describe('tokens of eras', () => {
  test('have twelve letters or digits at either end of chance', () => {
    for (const chance of [0, 0.5, 1 - Number.EPSILON / 2]) expect(newEra(() => chance)).toMatch(/^[0-9a-z]{12}$/);
  });

  test('differ', () => {
    expect(new Set(Array.from({ length: 1_000 }, () => newEra(Math.random))).size).toBe(1_000);
  });
});
