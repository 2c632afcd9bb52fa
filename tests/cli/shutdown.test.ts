import { Agent, get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { onShutdown } from '../../src/cli/shutdown.ts';
import { type EmbeddedUpstream, makeCatalogue, startEmbeddedUpstream } from '../../src/embedded/index.ts';
import { startTelemetry } from '../../src/telemetry/index.ts';
import { ask, type Ended, logLines, type Program, startGateway } from './support.ts';

const newId = 'new-1';
const newQuery = `{ catalog(id: "${Buffer.from(`Catalog:${newId}`).toString('base64url')}") { title } }`;

async function openUpstream(): Promise<EmbeddedUpstream> {
  const upstream = await startEmbeddedUpstream({ collections: makeCatalogue(new Date()) });
  onTestFinished(() => upstream.close());
  return upstream;
}

/** A gateway with a request under way that waits for upstream until it is released. */
async function startBusy() {
  const upstream = await openUpstream();
  const { program, url } = await startGateway({ env: { UPSTREAM_URL: upstream.url, REQUEST_TIMEOUT_MS: '60000' } });
  await program.says(/(?:"event":"collection.drained".*){2}/s);
  const catalogs = upstream.collections.find('catalogs');
  catalogs?.put({ ...catalogs.get('1'), id: newId, title: 'Made after the drain' });
  const hold = upstream.hold();
  const answer = ask(url, newQuery).catch(() => 'cut off' as const);
  await hold.arrived();
  return { program, url, hold, answer };
}

/** Sends a signal until the process is gone: one that comes too soon after the first is taken for its echo. */
async function insist(program: Program, signal: NodeJS.Signals): Promise<Ended> {
  const ended = program.ended();
  let gone = false;
  const watched = ended.finally(() => {
    gone = true;
  });
  while (!gone) {
    program.send(signal);
    await Promise.race([watched, delay(20)]);
  }
  return ended;
}

/** `refused` when nobody listens any more, or the answer is 503. */
async function knock(url: string): Promise<'refused' | number> {
  try {
    const { status } = await fetch(`${url}/graphql?query={__typename}`, { headers: { connection: 'close' } });
    return status === 503 ? 'refused' : status;
  } catch {
    return 'refused';
  }
}

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  test('lets a request under way finish, refuses new ones, then exits 0', async () => {
    const { program, url, hold, answer } = await startBusy();
    expect(await knock(url)).not.toBe('refused');
    program.send(signal);
    await program.says(/"event":"gateway.stopping"/);
    expect(await knock(url)).toBe('refused');
    hold.release();
    expect(await answer).toEqual({ data: { catalog: { title: 'Made after the drain' } } });
    const { code, stdout, stderr } = await program.ended();
    expect([code, stderr, logLines(stdout).at(-1)?.event]).toEqual([0, '', 'gateway.stopped']);
  });

  test('a second time ends at once, whatever is under way', async () => {
    const { program, answer } = await startBusy();
    program.send(signal);
    await program.says(/"event":"gateway.stopping"/);
    expect((await insist(program, signal)).code).toBe(signal === 'SIGTERM' ? 143 : 130);
    expect(await answer).toBe('cut off');
  });

  test('to an idle gateway exits 0', async () => {
    const { program } = await startGateway();
    program.send(signal);
    expect((await program.ended()).code).toBe(0);
  });
});

describe('SIGTERM', () => {
  test('exits 0 though an idle connection is kept alive', async () => {
    const { program, url } = await startGateway();
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    await new Promise((resolve) =>
      get(`${url}/livez`, { agent }, (response) => response.resume().once('end', resolve)).end(),
    );
    program.send('SIGTERM');
    expect((await program.ended()).code).toBe(0);
  });

  test('exits 0 though the first drain is under way', async () => {
    const upstream = await openUpstream();
    const hold = upstream.hold();
    const { program } = await startGateway({ env: { UPSTREAM_URL: upstream.url } });
    await hold.arrived(2);
    program.send('SIGTERM');
    expect((await program.ended()).code).toBe(0);
  });
});

describe('what nobody caught', () => {
  test.each([
    ['an exception', 'throw new Error("boom")', 'uncaughtException'],
    ['a rejection', 'Promise.reject(new Error("boom"))', 'unhandledRejection'],
  ])('%s is one fatal line and exit 1', async (_, fault, origin) => {
    const module = `process.on('SIGUSR2', () => { ${fault}; });`;
    const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(module)}`];
    const { program } = await startGateway({ nodeArgs });
    program.send('SIGUSR2');
    const { code, stdout, stderr } = await program.ended();
    const fatal = logLines(stdout).filter(({ level }) => level === 60);
    expect(fatal).toMatchObject([{ event: 'process.crashed', origin, err: { message: 'boom' } }]);
    expect([code, stderr]).toEqual([1, '']);
  });
});

/** In this process, with its clock in hand. */
describe('onShutdown', () => {
  const handlers = new Map<string, () => void>();
  const exits: unknown[] = [];
  const log = startTelemetry({ level: 'silent', format: 'json' }).log;

  beforeEach(() => {
    vi.useFakeTimers();
    vi.spyOn(process, 'on').mockImplementation((name, handler) => {
      handlers.set(String(name), handler as () => void);
      return process;
    });
    vi.spyOn(process, 'exit').mockImplementation((code) => exits.push(code) as never);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
    exits.length = 0;
  });

  const neverCloses = { close: () => new Promise<void>(() => {}) };

  test('takes the same signal once more within 50 ms for an echo, as npm makes one of Ctrl-C', () => {
    onShutdown([neverCloses], log);
    handlers.get('SIGINT')?.();
    vi.advanceTimersByTime(49);
    handlers.get('SIGINT')?.();
    expect(exits).toEqual([]);
    vi.advanceTimersByTime(1);
    handlers.get('SIGINT')?.();
    expect(exits).toEqual([130]);
  });

  test('takes another signal for a second one at any time', () => {
    onShutdown([neverCloses], log);
    handlers.get('SIGINT')?.();
    handlers.get('SIGTERM')?.();
    expect(exits).toEqual([143]);
  });

  test('exits 1 when a part has not closed after 20 s', async () => {
    onShutdown([neverCloses], log);
    handlers.get('SIGTERM')?.();
    await vi.advanceTimersByTimeAsync(19_999);
    expect(exits).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(exits).toEqual([1]);
  });

  test('closes parts one after the other, and exits 1 when one fails to', async () => {
    const closed: string[] = [];
    const part = (name: string) => ({
      close: async () => {
        closed.push(name);
        if (name === 'second') throw new Error('stuck');
      },
    });
    onShutdown([part('first'), undefined, part('second'), part('third')], log);
    handlers.get('SIGTERM')?.();
    await vi.advanceTimersByTimeAsync(0);
    expect([closed, exits]).toEqual([['first', 'second'], [1]]);
  });
});
