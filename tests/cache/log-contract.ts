/** What every change log promises; run over each implementation by the test file beside this one that is named after it. */
import { describe, expect, test } from 'vitest';
import type { Log, LogRecord } from '../../src/cache/log.ts';
import { BEGINNING, type Position, positionOf } from '../../src/cache/position.ts';
import { horizonMs } from './parts.ts';

const aMinuteMs = 60_000;

export type LogHost = {
  log: Log;
  /** Lets time pass in the log. */
  pass(ms: number): Promise<void>;
  /** Its clock now stands before its last record. */
  setBack(era: string): Promise<void>;
};

export const begin = (...ids: string[]): LogRecord => ({ kind: 'begin', namespace: 'things', ids });
export const changed = (floor: Position | 'own', ...ids: string[]): LogRecord => ({
  kind: 'changed',
  namespace: 'things',
  ids,
  floor,
});
export const reset = (floor: Position | 'own', namespace = 'things'): LogRecord => ({
  kind: 'changed',
  namespace,
  ids: '*',
  floor,
});

export const wholeLog = { era: undefined, position: BEGINNING };

export function describeLog(open: (options: { horizonMs: number }) => Promise<LogHost>): void {
  const start = async (options = { horizonMs }) => {
    const host = await open(options);
    const { era, last } = await host.log.look(wholeLog);
    const append = async (record: LogRecord) => {
      const position = await host.log.append(era, record);
      if (position === undefined) throw new Error('the era is over');
      return position;
    };
    return { ...host, era, last, append };
  };

  test('a first look finds an era without records, the next the same', async () => {
    const { log, era } = await start();
    const look = await log.look({ era, position: BEGINNING });
    expect(look).toMatchObject({ era, records: [], complete: true, generations: new Map() });
    expect(era).toMatch(/^[0-9a-z]{12}$/);
  });

  test('records come back as they were appended, in order, under their positions', async () => {
    const { log, era, last, append } = await start();
    const records: LogRecord[] = [
      begin('1', 'naïve-东京', 'with "quotes" and \n'),
      changed('own', '1'),
      { kind: 'changed', namespace: 'other', ids: ['2'], floor: 'own', hard: true },
      reset('own'),
      { kind: 'purged', namespace: 'things', ids: ['1'], at: { era: 'past', position: positionOf(9e14, 7) } },
      { kind: 'purged', namespace: 'things', ids: '*', at: { era, position: last } },
    ];
    const stamped = [];
    for (const record of records) stamped.push({ position: await append(record), record });
    expect((await log.look(wholeLog)).records).toEqual(stamped);
  });

  test('positions rise, however fast records come', async () => {
    const { log, append, last } = await start();
    const positions = [last];
    for (let index = 0; index < 50; index++) positions.push(await append(begin(String(index))));
    expect(positions).toEqual([...new Set(positions)].sort());
    expect((await log.look(wholeLog)).last).toBe(positions.at(-1));
  });

  test('positions rise when the clock is set back', async () => {
    const { log, era, append, setBack } = await start();
    const before = await append(begin('1'));
    await setBack(era);
    const { last } = await log.look(wholeLog);
    const after = [await append(begin('2')), await append(begin('3'))];
    expect([before, last <= (after[0] as string), after[0]]).toEqual([before, true, [before, ...after].sort()[1]]);
    expect([last, ...after].sort()).toEqual([last, ...after]);
  });

  test('a look from a position gives what comes after it', async () => {
    const { log, era, append } = await start();
    const [first, second, third] = [await append(begin('1')), await append(begin('2')), await append(begin('3'))];
    const after = async (position: Position) =>
      (await log.look({ era, position })).records.map((record) => record.position);
    expect(await after(first)).toEqual([second, third]);
    expect(await after(third)).toEqual([]);
    expect(await after(BEGINNING)).toEqual([first, second, third]);
  });

  test.each([undefined, 'another-era'])('a look that knows another era (%s) gives the whole log', async (known) => {
    const { log, era, append } = await start();
    const position = await append(begin('1'));
    const look = await log.look({ era: known, position });
    expect(look).toMatchObject({ era, records: [{ position }] });
  });

  test('what is appended to another era is nowhere', async () => {
    const { log, append } = await start();
    await append(begin('1'));
    expect(await log.append('another-era', reset('own'))).toBeUndefined();
    const look = await log.look(wholeLog);
    expect(look.records).toHaveLength(1);
    expect(look.generations).toEqual(new Map());
  });

  test('a look does not change when something is appended after it', async () => {
    const { log, append } = await start();
    const look = await log.look(wholeLog);
    await append(reset('own'));
    expect(look).toMatchObject({ records: [], generations: new Map() });
  });

  test('is on as many replicas as are asked for: on none', async () => {
    const { log, append } = await start();
    await append(begin('1'));
    expect(await log.replicated()).toBe(true);
  });

  test('waiting for more goes on until it is told to end', async () => {
    const { log, era, last } = await start();
    const stop = new AbortController();
    let isOver = false;
    const waiting = log.wait(era, last, { ms: aMinuteMs, signal: stop.signal }).then(() => {
      isOver = true;
    });
    await new Promise(setImmediate);
    expect(isOver).toBe(false);
    stop.abort();
    await waiting;
  });

  describe('generations', () => {
    test('are set by a reset: to its floor, or to its own position', async () => {
      const { log, append } = await start();
      const floor = await append(begin('1'));
      await append(reset(floor));
      const own = await append(reset('own', 'others'));
      expect((await log.look(wholeLog)).generations).toEqual(
        new Map([
          ['things', floor],
          ['others', own],
        ]),
      );
    });

    test('are not set by the beginning of a reset', async () => {
      const { log, append } = await start();
      await append({ kind: 'begin', namespace: 'things', ids: '*' });
      expect((await log.look(wholeLog)).generations).toEqual(new Map());
    });

    test('are not set by a change of ids', async () => {
      const { log, append } = await start();
      await append(changed('own', '1'));
      expect((await log.look(wholeLog)).generations).toEqual(new Map());
    });

    test('never fall: of two resets the later one stands, in whichever order they end', async () => {
      const { log, append } = await start();
      const [earlier, later] = [await append(begin('1')), await append(begin('2'))];
      await append(reset(later));
      await append(reset(earlier));
      expect((await log.look(wholeLog)).generations).toEqual(new Map([['things', later]]));
    });
  });

  describe('the horizon', () => {
    test('ends records, not the last position nor the generations', async () => {
      const { log, era, append, pass } = await start({ horizonMs: 50 });
      const old = await append(reset('own'));
      await pass(60);
      const young = await append(begin('2'));
      const look = await log.look(wholeLog);
      expect(look.records.map(({ position }) => position)).toEqual([young]);
      expect(look).toMatchObject({ era, last: young, generations: new Map([['things', old]]) });
    });

    test('keeps what is younger', async () => {
      const { log, append, pass } = await start();
      await append(begin('1'));
      await pass(60);
      await append(begin('2'));
      expect((await log.look(wholeLog)).records).toHaveLength(2);
    });
  });
}
