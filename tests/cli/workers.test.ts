/** Several workers as a user runs them: real processes, signals to them, and clients that go on meanwhile. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type EmbeddedUpstream, makeCatalogue, startEmbeddedUpstream } from '../../src/embedded/index.ts';
import { freePort } from '../support/ports.ts';
import { eventually, type RunningRedis, startRedis } from '../support/redis.ts';
import { type Answer, Connection, Load } from './connections.ts';
import { ask, logLines, type Program, type ProgramOptions, signalIfThere, start, startGateway } from './support.ts';

const adminToken = 'token-of-the-tests';
const pageQuery = '{ catalogs(first: 50) { totalCount nodes { id title status startDate seller { name } } } }';

let redis: RunningRedis;
let prefixes = 0;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

/** What every test here runs with; each has a part of Redis of its own. */
function settings(workers: number, more: Record<string, string> = {}): Record<string, string> {
  prefixes += 1;
  return { WORKERS: String(workers), REDIS_URL: redis.url.href, CACHE_PREFIX: `test${prefixes}`, ...more };
}

type Running = { program: Program; url: string; pids: number[] };

async function startWorkers(workers: number, { env, ...options }: ProgramOptions = {}): Promise<Running> {
  const { program, url } = await startGateway({ ...options, env: settings(workers, env), ownGroup: true });
  const pids = eventsOf(program, 'worker.started').map(({ pid }) => pid as number);
  await eventually(async () => (await fetch(`${url}/readyz`)).ok);
  return { program, url, pids };
}

/** Lines of an event so far; the last may be half written. */
function eventsOf(program: Program, event: string): Record<string, unknown>[] {
  const whole = program.said().split('\n').slice(0, -1);
  return whole.filter((line) => line.includes(`"event":"${event}"`)).map((line) => JSON.parse(line));
}

/** Which worker answers on it: what is no query is logged, whoever refuses it. */
async function pidBehind(connection: Connection, program: Program): Promise<number> {
  const id = crypto.randomUUID();
  await connection.query('{ nonsense }', id);
  const [line] = await program.says(new RegExp(`.*"requestId":"${id}".*\n`));
  return JSON.parse(line).pid as number;
}

/** Connections so many that every worker has at least one, and who is behind each. */
async function connectToAll({ program, url, pids }: Running, count = 3 * pids.length) {
  const connections = Array.from({ length: count }, () => new Connection(url));
  const behind: number[] = [];
  for (const connection of connections) behind.push(await pidBehind(connection, program));
  expect(new Set(behind)).toEqual(new Set(pids));
  return { connections, behind, to: (pid: number) => connections[behind.indexOf(pid)] as Connection };
}

const isGone = (pid: number) => !signalIfThere(pid, 0);
const allGone = (pids: number[]) => eventually(() => pids.every(isGone));

async function openUpstream(): Promise<EmbeddedUpstream> {
  const upstream = await startEmbeddedUpstream({ collections: makeCatalogue(new Date()) });
  onTestFinished(() => upstream.close());
  return upstream;
}

/** Two workers, and for each a request under way that waits for upstream until it is released. */
async function startBusy() {
  const upstream = await openUpstream();
  const running = await startWorkers(2, { env: { UPSTREAM_URL: upstream.url, REQUEST_TIMEOUT_MS: '60000' } });
  const { to } = await connectToAll(running);
  const catalogs = upstream.collections.find('catalogs');
  const hold = upstream.hold();
  const answers = running.pids.map((pid) => {
    catalogs?.put({ ...catalogs.get('1'), id: `new-${pid}`, title: `Of ${pid}` });
    const id = Buffer.from(`Catalog:new-${pid}`).toString('base64url');
    return to(pid).query(`{ catalog(id: "${id}") { title } }`);
  });
  await hold.arrived(running.pids.length);
  const right = running.pids.map((pid) => ({
    outcome: 'answered',
    status: 200,
    text: JSON.stringify({ data: { catalog: { title: `Of ${pid}` } } }).concat('\n'),
  }));
  return { ...running, hold, answers, right };
}

async function isRefused(url: string): Promise<boolean> {
  const answer = await new Connection(url).send('/livez');
  return answer.outcome === 'unanswered' && answer.why === 'ECONNREFUSED';
}

/** Over a socket that tells what becomes of it. */
async function askRaw(url: string): Promise<{ isAnswered(): boolean; closed: Promise<void> }> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  socket.on('error', () => {}); // A reset closes it as well.
  socket.on('data', () => {});
  await once(socket, 'connect');
  socket.write('GET /livez HTTP/1.1\r\nHost: test\r\n\r\n');
  return { isAnswered: () => socket.bytesRead > 0, closed };
}

describe('several workers', () => {
  test('answer on one port, from one upstream, and their parent says once that they listen', async () => {
    const running = await startWorkers(3, { env: { ADMIN_PORT: '0' } });
    expect(new Set(running.pids).size).toBe(3);
    expect(running.pids).not.toContain(running.program.pid);
    const { to } = await connectToAll(running);
    for (const pid of running.pids) {
      const { text } = (await to(pid).query('{ catalogs(first: 0) { totalCount } }')) as Answer;
      expect(JSON.parse(text)).toEqual({ data: { catalogs: { totalCount: 1200 } } });
    }
    const [started, ...more] = eventsOf(running.program, 'gateway.started');
    expect(started).toMatchObject({ workers: 3, embedded: true, settings: { WORKERS: '3' } });
    expect(more).toEqual([]);
    expect((await fetch(`${started?.adminUrl}/metrics`)).status).toBe(200);
    expect((await fetch(`${started?.adminUrl}/graphql`)).status).toBe(404);
  });

  test('know of a change that was made known to one of them', async () => {
    const upstream = await openUpstream();
    const env = { UPSTREAM_URL: upstream.url, ADMIN_TOKEN: adminToken };
    const running = await startWorkers(2, { env });
    const { to } = await connectToAll(running);
    const [one = 0, other = 0] = running.pids;
    const catalogs = upstream.collections.find('catalogs');
    catalogs?.put({ ...catalogs.get('42'), id: '42', title: 'Changed' });
    const headers = { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' };
    const body = '{"type":"catalog","ids":["42"]}';
    const told = await to(one).send('/admin/invalidate', { method: 'POST', headers, body });
    expect(told).toMatchObject({ status: 200, text: expect.stringContaining('"scope":"cluster"') });
    const query = `{ catalog(id: "${Buffer.from('Catalog:42').toString('base64url')}") { title } }`;
    await eventually(async () => ((await to(other).query(query)) as Answer).text.includes('Changed'));
  });

  test('are shown by LOG_FORMAT=pretty in one banner, each line with the pid of its worker', async () => {
    const program = start(['serve'], { env: settings(2, { PORT: '0' }), ownGroup: true });
    await program.says(/Vitrine is listening.*curl/s);
    await program.says(/INFO \(\d+\): a collection was read whole/);
    expect(program.said().match(/Vitrine is listening/g)).toHaveLength(1);
    expect(program.said()).toMatch(new RegExp(`^  Workers +2 processes, under ${program.pid}$`, 'm'));
  });

  test('write log lines that never run into one another, however long', async () => {
    const module = `
      import cluster from 'node:cluster';
      import { createRequire } from 'node:module';
      const { pino } = createRequire(process.cwd() + '/')('pino');
      const log = pino({ base: null }, pino.destination({ sync: true }));
      const text = 'x'.repeat(100_000);
      if (cluster.isWorker) process.on('SIGUSR2', () => { for (let i = 0; i < 10; i++) log.info({ event: 'shouted', text }); });
    `;
    const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(module)}`];
    const { program, pids } = await startWorkers(3, { nodeArgs });
    for (const pid of pids) process.kill(pid, 'SIGUSR2');
    await eventually(() => eventsOf(program, 'shouted').length === 30);
    program.send('SIGTERM');
    const { stdout } = await program.ended();
    const others = logLines(stdout).filter(({ event }) => event !== 'shouted');
    expect(
      others.filter(({ event, pid }) => !/^gateway\./.test(String(event)) && !pids.includes(pid as number)),
    ).toEqual([]);
  });
});

describe.each([
  ['SIGTERM to the parent', 'SIGTERM', 'send'],
  ['SIGTERM to all processes of its group', 'SIGTERM', 'sendToGroup'],
  ['SIGINT to all processes of its group, as Ctrl-C makes it', 'SIGINT', 'sendToGroup'],
] as const)('%s', (_, signal, send) => {
  test('lets what is under way at each worker finish, refuses the rest, then exits 0', async () => {
    const { program, url, pids, hold, answers, right } = await startBusy();
    program[send](signal);
    await program.says(/"event":"gateway.stopping"/);
    await eventually(() => isRefused(url));
    expect(pids.filter(isGone)).toEqual([]);
    hold.release();
    expect(await Promise.all(answers)).toMatchObject(right);
    const { code, stdout, stderr } = await program.ended();
    expect([code, stderr]).toEqual([0, '']);
    expect(logLines(stdout).at(-1)).toMatchObject({ event: 'gateway.stopped' });
    expect(logLines(stdout).filter(({ event }) => event === 'gateway.stopping')).toHaveLength(1);
    expect(logLines(stdout).filter(({ event }) => event === 'worker.fell')).toEqual([]);
    await allGone(pids);
  });

  test('drops no request of clients that keep asking: right answers, then 503 on open connections, then none', async () => {
    const { program, url } = await startWorkers(2);
    const { text: right } = (await new Connection(url).query(pageQuery)) as Answer;
    const load = new Load(
      Array.from({ length: 20 }, () => new Connection(url)),
      { query: pageQuery, right },
    );
    await eventually(() => load.count('right') > 400);
    program[send](signal);
    expect((await program.ended()).code).toBe(0);
    await load.ended();
    const failures = new Set(load.failures().filter((failure) => !failure.startsWith('sentAway: 503')));
    expect([...failures]).toEqual(['unanswered: ECONNREFUSED']);
    expect(load.count('sentAway')).toBeLessThanOrEqual(20);
  });
});

describe('a second signal', () => {
  test('ends all workers at once, whatever is under way', async () => {
    const { program, pids, answers } = await startBusy();
    program.send('SIGTERM');
    await program.says(/"event":"gateway.stopping"/);
    program.send('SIGINT');
    await allGone(pids);
    expect((await program.ended()).code).toBe(130);
    expect((await Promise.all(answers)).map(({ outcome }) => outcome)).not.toContain('answered');
  });
});

describe('a worker that falls', () => {
  test('takes no connection of the others with it, and another comes in its place', async () => {
    const running = await startWorkers(2);
    const { program, url, pids } = running;
    const [fallen = 0] = pids;
    const { connections, behind } = await connectToAll(running, 12);
    const { text: right } = (await new Connection(url).query(pageQuery)) as Answer;
    const load = new Load(connections, { query: pageQuery, right });
    await eventually(() => load.count('right') > 200);
    process.kill(fallen, 'SIGKILL');
    await program.says(/"event":"worker.fell"/);
    expect(eventsOf(program, 'worker.fell')).toMatchObject([
      { level: 50, pid: fallen, code: null, signal: 'SIGKILL', restartInMs: 100 },
    ]);
    await eventually(() => eventsOf(program, 'worker.started').length === 3);
    const newcomer = eventsOf(program, 'worker.started').at(-1)?.pid as number;
    expect(pids).not.toContain(newcomer);
    await eventually(async () => (await pidBehind(new Connection(url), program)) === newcomer);
    await load.end();
    for (const [index, pid] of behind.entries()) {
      const failures = load.failures(index);
      // Its own is cut off; one made anew too soon was handed to it as well.
      if (pid !== fallen) expect([pid, ...failures]).toEqual([pid]);
      expect(failures.length).toBeLessThanOrEqual(2);
      expect(failures.filter((failure) => !/^(cut|unanswered): /.test(failure))).toEqual([]);
    }
  });

  test('leaves no connection waiting that it had been handed and did not take', async () => {
    const { program, url, pids } = await startWorkers(2);
    const [stuck = 0] = pids;
    process.kill(stuck, 'SIGSTOP');
    const asked = await Promise.all(Array.from({ length: 3 }, () => askRaw(url)));
    await eventually(() => asked.filter(({ isAnswered }) => isAnswered()).length === 2);
    process.kill(stuck, 'SIGKILL');
    await program.says(/"event":"worker.fell"/);
    await asked.find(({ isAnswered }) => !isAnswered())?.closed;
  });

  test('together with all others leaves the port to those that come after them', async () => {
    const port = String(await freePort());
    const { program, url, pids } = await startWorkers(2, { env: { PORT: port } });
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await eventually(() => eventsOf(program, 'worker.started').length === 4);
    const answer = await ask(url, '{ catalogs(first: 0) { totalCount } }');
    expect(answer).toEqual({ data: { catalogs: { totalCount: 1200 } } });
  });

  test('while all are stopping is told by exit 1: what it had under way was cut off', async () => {
    const { program, pids, hold } = await startBusy();
    program.send('SIGTERM');
    await program.says(/"event":"gateway.stopping"/);
    process.kill(pids[0] as number, 'SIGKILL');
    hold.release();
    const { code, stdout } = await program.ended();
    expect([code, logLines(stdout).at(-1)?.event]).toEqual([1, 'gateway.stop_failed']);
  });
});

describe('a parent that is killed', () => {
  test('takes its workers with it, after what they have under way', async () => {
    const { program, pids, hold, answers, right } = await startBusy();
    program.send('SIGKILL');
    await allGone([program.pid]);
    expect(pids.filter(isGone)).toEqual([]);
    hold.release();
    expect(await Promise.all(answers)).toMatchObject(right);
    await allGone(pids);
  });
});

describe('workers that cannot start', () => {
  async function failing(options: ProgramOptions): Promise<{ code: number | null; stderr: string }> {
    const program = start(['serve'], {
      ...options,
      env: settings(3, { PORT: '0', LOG_LEVEL: 'silent', ...options.env }),
      ownGroup: true,
    });
    const { code, stdout, stderr } = await program.ended();
    expect(stdout).toBe('');
    await allGone([-program.pid]);
    return { code, stderr };
  }

  test.each(['PORT', 'ADMIN_PORT'])('for %s in use say so once, and nothing is left running', async (name) => {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await failing({ env: { [name]: String(port) } });
    expect([code, stderr]).toEqual([1, `vitrine: bind EADDRINUSE 127.0.0.1:${port}: address already in use\n`]);
  });

  test('for they crash say how, once, and nothing is left running', async () => {
    const module = `import cluster from 'node:cluster'; if (cluster.isWorker) process.exit(7);`;
    const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(module)}`];
    const { code, stderr } = await failing({ nodeArgs });
    expect([code, stderr]).toEqual([1, 'vitrine: a worker ended before it listened, by exit code 7\n']);
  });
});

describe('P8 seen › /metrics of several workers', () => {
  const counted = 'vitrine_graphql_operation_duration_seconds_count{operation="Counted",outcome="ok"}';
  const countedQuery = 'query Counted { catalogs(first: 1) { totalCount } }';

  async function metricsOf(connection: Connection): Promise<string> {
    const answer = await connection.send('/metrics');
    expect(answer).toMatchObject({ status: 200 });
    return (answer as Answer).text;
  }

  test('are one page of all, whichever is asked', async () => {
    const running = await startWorkers(2);
    const { to } = await connectToAll(running);
    const [one = 0, other = 0] = running.pids;
    for (const pid of [one, one, one, other, other]) await to(pid).query(countedQuery);
    for (const pid of running.pids) {
      const page = await metricsOf(to(pid));
      expect(page).toContain(`\n${counted} 5\n`);
      expect(page).toContain('\nvitrine_store_up 1\n');
      expect(page).toContain('\nvitrine_coherence_eras_total 1\n');
      expect(page).toContain('\nvitrine_snapshot_items{collection="catalogs"} 1200\n');
      expect(page).toMatch(/\nnodejs_version_info\{[^}]*\} 1\n/);
      expect(page).not.toContain('\nprocess_start_time_seconds ');
      const names = [...page.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
      expect(names).toEqual([...new Set(names)]);
    }
  });

  test('go on from what a worker had counted when it falls', async () => {
    const running = await startWorkers(2);
    const { to } = await connectToAll(running);
    const [one = 0, other = 0] = running.pids;
    for (const pid of [one, other, other]) await to(pid).query(countedQuery);
    expect(await metricsOf(to(one))).toContain(`\n${counted} 3\n`);
    process.kill(other, 'SIGKILL');
    await running.program.says(/"event":"worker.fell"/);
    expect(await metricsOf(to(one))).toContain(`\n${counted} 3\n`);
    await eventually(() => eventsOf(running.program, 'worker.started').length === 3);
    await to(one).query(countedQuery);
    expect(await metricsOf(to(one))).toContain(`\n${counted} 4\n`);
  });

  test('are 503 while one of them stands still', async () => {
    const running = await startWorkers(2);
    const { to } = await connectToAll(running);
    const [one = 0, other = 0] = running.pids;
    process.kill(other, 'SIGSTOP');
    const answer = (await to(one).send('/metrics')) as Answer;
    expect(answer).toMatchObject({ status: 503, headers: { 'content-type': /^application\/problem\+json/ } });
    expect(JSON.parse(answer.text)).toMatchObject({ detail: 'Not every worker told its metrics in time.' });
    process.kill(other, 'SIGCONT');
    await eventually(async () => ((await to(one).send('/metrics')) as Answer).status === 200);
  });
});
