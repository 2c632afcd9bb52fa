/** The places of workers, with workers that live and fall as they are told, on a clock that is moved by hand. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Kept, Workers } from '../../src/cli/workers.ts';
import { startTelemetry } from '../../src/telemetry/index.ts';
import { ManualClock } from '../support/clock.ts';

class ScriptedWorker implements Kept {
  readonly pid: number;
  readonly id: number;
  readonly did: string[] = [];
  readonly #listens = Promise.withResolvers<{ url: string; adminUrl: string } | undefined>();
  readonly #ends = Promise.withResolvers<Awaited<Kept['ended']>>();
  readonly listening = this.#listens.promise;
  readonly ended = this.#ends.promise;

  constructor(pid: number) {
    this.pid = pid;
    this.id = pid;
  }

  listens(): void {
    this.#listens.resolve({ url: 'http://127.0.0.1:4000', adminUrl: 'http://127.0.0.1:4001' });
  }

  ends(how: Partial<Awaited<Kept['ended']>>): void {
    this.#listens.resolve(undefined);
    this.#ends.resolve({ code: null, signal: null, reason: undefined, ...how });
  }

  async report(): Promise<undefined> {}

  async leavePort(): Promise<void> {
    this.did.push('leaves the port');
  }

  stop(): void {
    this.did.push('stops');
  }

  kill(): void {
    this.ends({ signal: 'SIGKILL' });
  }
}

function startPlaces(count: number) {
  const clock = new ManualClock();
  const begun: ScriptedWorker[] = [];
  const lines: Record<string, unknown>[] = [];
  const faults: Error[] = [];
  const { log } = startTelemetry(
    { level: 'info', format: 'json' },
    { write: (line: string) => void lines.push(JSON.parse(line)) },
  );
  const begin = () => {
    const fault = faults.pop();
    if (fault) throw fault;
    const worker = new ScriptedWorker(begun.length + 1);
    begun.push(worker);
    return worker;
  };
  const workers = new Workers({ begin, metrics: { add: () => {} }, log, clock });
  const started = workers.start(count);
  started.catch(() => {}); // Told to who awaits it.
  onTestFinished(() => workers.kill());
  const newest = () => begun.at(-1) as ScriptedWorker;
  const falls = () => lines.filter(({ event }) => event === 'worker.fell');
  return { workers, started, begun, newest, falls, clock, faults };
}

/** Everything that can go on without the clock has gone on. */
const settled = () => new Promise(setImmediate);

async function startListening(count: number) {
  const places = startPlaces(count);
  for (const worker of places.begun) worker.listens();
  await places.started;
  return places;
}

/** Lets the newest worker fall after it has listened for so long, if at all; says how long its place stays empty. */
async function waitAfterFall(places: Awaited<ReturnType<typeof startListening>>, listenedMs?: number): Promise<number> {
  const { newest, begun, falls, clock } = places;
  if (listenedMs !== undefined) {
    newest().listens();
    await settled();
    await clock.advance(listenedMs);
  }
  const before = begun.length;
  newest().ends({ code: 1 });
  await settled();
  const waitMs = falls().at(-1)?.restartInMs as number;
  await clock.advance(waitMs - 1);
  await settled();
  expect(begun).toHaveLength(before);
  await clock.advance(1);
  await settled();
  expect(begun).toHaveLength(before + 1);
  return waitMs;
}

describe('the place of a worker that falls', () => {
  test('stays empty for 100 ms, then for twice as long each time, up to 5 s', async () => {
    const places = await startListening(1);
    const waits: number[] = [];
    for (let fall = 1; fall <= 8; fall++) waits.push(await waitAfterFall(places));
    expect(waits).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  });

  test('stays empty for 100 ms again after one that has listened for 30 s', async () => {
    const places = await startListening(1);
    const waits: number[] = [];
    for (const listenedMs of [0, 29_999, 30_000, 5]) waits.push(await waitAfterFall(places, listenedMs));
    expect(waits).toEqual([100, 200, 100, 200]);
  });

  test('is no concern of the others', async () => {
    const { begun, falls, clock } = await startListening(3);
    begun[1]?.ends({ signal: 'SIGKILL' });
    await settled();
    expect(falls()).toMatchObject([{ pid: 2, code: null, signal: 'SIGKILL', restartInMs: 100 }]);
    await clock.advance(100);
    await settled();
    expect(begun.map(({ pid }) => pid)).toEqual([1, 2, 3, 4]);
  });

  test('is filled however often its next worker cannot start, or cannot even be begun', async () => {
    const { begun, newest, falls, faults, clock } = await startListening(1);
    newest().ends({ code: 1 });
    await settled();
    faults.push(new Error('spawn ENOMEM'));
    await clock.advance(100);
    await settled();
    await clock.advance(200);
    await settled();
    newest().ends({ code: 1, reason: 'bind EADDRINUSE' });
    await settled();
    await clock.advance(400);
    await settled();
    expect(falls().map(({ pid, reason }) => [pid, reason])).toEqual([
      [1, undefined],
      [undefined, 'spawn ENOMEM'],
      [2, 'bind EADDRINUSE'],
    ]);
    expect(begun).toHaveLength(3);
  });
});

describe('a start', () => {
  test('is over when all listen, and says where', async () => {
    const { workers, started, begun } = startPlaces(2);
    begun[0]?.listens();
    await settled();
    expect(await Promise.race([started.then(() => 'over'), settled().then(() => 'under way')])).toBe('under way');
    begun[1]?.listens();
    await started;
    expect(workers).toMatchObject({ url: 'http://127.0.0.1:4000', adminUrl: 'http://127.0.0.1:4001' });
  });

  test('fails in the words of the first that cannot, and leaves none behind', async () => {
    const { started, begun, falls, clock } = startPlaces(3);
    begun[0]?.listens();
    begun[2]?.ends({ code: 1, reason: 'bind EADDRINUSE' });
    begun[1]?.ends({ code: 1, reason: 'bind EADDRINUSE as well' });
    await expect(started).rejects.toThrow(/^bind EADDRINUSE$/);
    expect((await Promise.all(begun.map(({ ended }) => ended))).map(({ signal }) => signal)).toEqual([
      'SIGKILL',
      null,
      null,
    ]);
    await clock.advance(60_000);
    await settled();
    expect([begun.length, falls()]).toEqual([3, []]);
  });

  test('fails when one cannot even be begun', async () => {
    const clock = new ManualClock();
    const { log } = startTelemetry({ level: 'silent', format: 'json' });
    const begin = () => {
      throw new Error('spawn ENOMEM');
    };
    const workers = new Workers({ begin, metrics: { add: () => {} }, log, clock });
    await expect(workers.start(2)).rejects.toThrow('spawn ENOMEM');
  });

  test('goes on when one falls that has listened already', async () => {
    const { started, begun, newest, clock } = startPlaces(2);
    begun[0]?.listens();
    await settled();
    begun[0]?.ends({ signal: 'SIGKILL' });
    await settled();
    await clock.advance(100);
    await settled();
    expect(begun).toHaveLength(3);
    begun[1]?.listens();
    await started;
    newest().listens();
  });
});

describe('an end', () => {
  test('begins with all leaving the port, and is over when all have ended', async () => {
    const { workers, begun } = await startListening(2);
    const closed = workers.close();
    await settled();
    expect(begun.map(({ did }) => did)).toEqual([
      ['leaves the port', 'stops'],
      ['leaves the port', 'stops'],
    ]);
    begun[0]?.ends({ code: 0 });
    await settled();
    expect(await Promise.race([closed.then(() => 'over'), settled().then(() => 'under way')])).toBe('under way');
    begun[1]?.ends({ code: 0 });
    await closed;
  });

  test('stops none before all have left', async () => {
    const { workers, begun } = await startListening(2);
    const left = Promise.withResolvers<void>();
    if (begun[1]) begun[1].leavePort = () => left.promise;
    workers.close().catch(() => {}); // They are killed at the end of the test.
    await settled();
    expect(begun.map(({ did }) => did)).toEqual([['leaves the port'], []]);
    left.resolve();
    await settled();
    expect(begun.map(({ did }) => did)).toEqual([['leaves the port', 'stops'], ['stops']]);
  });

  test('begins no other in an empty place', async () => {
    const { workers, begun, clock } = await startListening(1);
    begun[0]?.ends({ code: 1 });
    await settled();
    await workers.close();
    await clock.advance(60_000);
    await settled();
    expect(begun).toHaveLength(1);
  });

  test('fails when one that listened is cut off, not when one was still starting', async () => {
    const { workers, begun, newest, clock } = await startListening(2);
    begun[0]?.ends({ code: 1 });
    await settled();
    await clock.advance(100);
    await settled();
    const closed = workers.close();
    await settled();
    newest().ends({ signal: 'SIGTERM' });
    begun[1]?.ends({ code: 0 });
    await closed;

    const other = await startListening(2);
    const closing = other.workers.close();
    await settled();
    other.begun[0]?.ends({ code: 0 });
    other.begun[1]?.ends({ signal: 'SIGKILL' });
    await expect(closing).rejects.toThrow('1 of 2 workers did not stop cleanly');
  });
});
