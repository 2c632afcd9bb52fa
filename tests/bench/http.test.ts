/** `npm run bench`, as far as it does not time anything: what is asked, what is compared, what is made of the figures. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Pool, request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { headersOf, type Target } from '../../bench/http/answers.ts';
import { Changes } from '../../bench/http/changes.ts';
import type { Load } from '../../bench/http/load.ts';
import { measure } from '../../bench/http/measure.ts';
import { blocksOf, picturesOf } from '../../bench/http/report.ts';
import { isMeasured, type Row, type Run, withRun } from '../../bench/http/results.ts';
import { run } from '../../bench/http/run.ts';
import { type Server, servers } from '../../bench/http/servers.ts';
import { type Running, Stage } from '../../bench/http/stage.ts';
import { reachedOf, targets } from '../../bench/http/targets.ts';
import { prepare } from '../../bench/http/task.ts';
import { type Work, works } from '../../bench/http/works.ts';
import { medianOf } from '../../bench/support/median.ts';
import { seededRandom } from '../../src/embedded/random.ts';
import { isThere } from '../support/setup.ts';

const requestsPerLoad = 100;

/** So many requests, whatever time they take. */
const littleLoad: Load = async ({ url, method, bodiesFile, from, connections }) => {
  const bodies = readFileSync(bodiesFile, 'utf8').split('\n');
  const { origin, pathname, search } = new URL(url);
  const pool = new Pool(origin, { connections });
  const headers = headersOf({ url, method });
  let [bytes, refused] = [0, 0];
  for (let index = 0; index < requestsPerLoad; index++) {
    const body = method === 'POST' ? (bodies[(from + index) % bodies.length] as string) : null;
    const answer = await pool.request({ method, path: pathname + search, headers, body });
    bytes += (await answer.body.arrayBuffer()).byteLength;
    if (answer.statusCode !== 200) refused += 1;
  }
  await pool.close();
  return { requests: requestsPerLoad, bytes, durationUs: 1e6, p50Us: 1_000, p99Us: 2_000, refused, lost: 0 };
};

/** Listens, and answers everything with the same. */
function serverThatSays(name: string, text: string): Server {
  const listening = "function () { console.log('listening: http://127.0.0.1:' + this.address().port) }";
  const answer = `(request, response) => request.resume().once('end', () => response.end(${JSON.stringify(text)}))`;
  const script = `require('node:http').createServer(${answer}).listen(0, '127.0.0.1', ${listening})`;
  const args = ['--input-type=commonjs', '--eval', script];
  return { name, title: name, kind: 'peer', keeps: true, method: 'POST', path: '/', command: () => ({ args }) };
}

const named = (name: string) => servers.find((server) => server.name === name) as Server;
const work = (name: string) => works.find((one) => one.name === name) as Work;
/** Where there is one: here none is installed. */
const behindNginx = isThere('nginx') ? [named('vitrine-nginx')] : [];

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open({ isApart: false });
});

afterAll(() => stage.close());

describe('a run of the benchmark', () => {
  let found: Pick<Run, 'works' | 'coldStarts'>;

  beforeAll(async () => {
    const liar = serverThatSays('liar', '{"data":{"catalogs":null}}');
    const plan = {
      works: [work('Q4')],
      cold: { work: work('Q4'), answers: 200 },
      servers: [...['vitrine', 'vitrine-get', 'vitrine-workers-2', 'fixed-fastify'].map(named), ...behindNginx, liar],
      rounds: 1,
      seconds: 1,
      warmSeconds: 1,
      connections: 4,
      load: littleLoad,
    };
    const silent = { planned: () => {}, measured: () => {}, started: () => {} };
    for await (const results of run(stage, plan, silent)) found = results;
  });

  const rowOf = (name: string) => found.works[0]?.rows.find((row) => row.name === name);

  it.each(['vitrine', 'vitrine-get', 'vitrine-workers-2', 'fixed-fastify', ...behindNginx.map(({ name }) => name)])(
    'has figures of %s, whose answers are the same',
    (name) => {
      const row = rowOf(name);
      if (row === undefined || !isMeasured(row)) throw new Error(JSON.stringify(row));
      expect(row.medians.requestsPerSecond).toBe(requestsPerLoad);
      expect(row.medians.cpuSecondsPer1000).toBeGreaterThan(0);
      expect(row.medians.peakBytes).toBeGreaterThan(30e6);
      expect(row.answerBytes).toBe(rowOf('vitrine')?.answerBytes);
      expect(row.answerBytes).toBeGreaterThan(4_000);
    },
  );

  it.each(['vitrine', 'fixed-fastify'])('knows how long %s takes from nothing', (name) => {
    const row = found.coldStarts.find((one) => one.name === name);
    if (row === undefined || !('medians' in row)) throw new Error(JSON.stringify(row));
    expect(row.medians.allMs).toBeGreaterThan(row.medians.firstMs);
  });

  it('counts the memory of a parent and both its workers', () => {
    const [one, all] = ['vitrine', 'vitrine-workers-2'].map(rowOf);
    if (!one || !all || !isMeasured(one) || !isMeasured(all)) throw new Error(JSON.stringify([one, all]));
    expect(all.medians.peakBytes).toBeGreaterThan(2 * one.medians.peakBytes);
  });

  it('starts none from nothing that takes part in some works alone', () => {
    expect(found.coldStarts.map(({ name }) => name)).not.toContain('vitrine-workers-2');
  });

  it('has none of a server that answers otherwise, and says what that was', () => {
    expect(rowOf('liar')).toMatchObject({ leftOut: expect.stringMatching(/^answered with other data: .*null/) });
  });
});

describe('a work that warms up by requests', () => {
  it('is measured from the same place on, however fast a server is', async () => {
    const begun: { from: number; seconds: number }[] = [];
    const load: Load = async (loading) => {
      begun.push({ from: loading.from, seconds: loading.seconds });
      return { ...(await littleLoad(loading)), requests: 25 };
    };
    const mix = { ...work('Q7'), warmRequests: 60 };
    const way = { load, seconds: 7, warmSeconds: 7, connections: 4 };
    const outcomes = await measure(stage, named('vitrine'), [await prepare(stage, mix)], way);
    expect(outcomes).toMatchObject([{ figures: { p50Ms: 1, p99Ms: 2 } }]);
    expect(begun).toEqual([0, 25, 50, 75].map((from) => ({ from, seconds: from === 75 ? 7 : 1 })));
  });
});

describe('works that are held against each other', () => {
  it('are done by turns, a second each, and rows change in those of theirs alone', async () => {
    const begun: string[] = [];
    const load: Load = async (loading) => {
      begun.push(`${loading.bodiesFile.match(/Q\d+/)} from ${loading.from} for ${loading.seconds} s`);
      await delay(100);
      return { ...(await littleLoad(loading)), requests: 25 };
    };
    const works = ['Q7', 'Q8'].map((name) => ({ ...work(name), warmRequests: 20 }));
    let found: Pick<Run, 'works'> = { works: [] };
    const plan = { works, servers: [named('vitrine')], rounds: 1, seconds: 3, warmSeconds: 3, connections: 4, load };
    const silent = { planned: () => {}, measured: () => {}, started: () => {} };
    for await (const results of run(stage, plan, silent)) found = results;
    const turnOf = (name: string, from: number) => `${name} from ${from} for 1 s`;
    expect(begun).toEqual([
      ...[turnOf('Q7', 0), turnOf('Q8', 0)],
      ...[turnOf('Q7', 25), turnOf('Q8', 25)],
      ...[turnOf('Q8', 50), turnOf('Q7', 50)],
      ...[turnOf('Q7', 75), turnOf('Q8', 75)],
    ]);
    const [still, changing] = found.works.map(({ rows }) => rows[0]);
    expect(still).toMatchObject({ medians: { requestsPerSecond: 25 } });
    expect(still).not.toHaveProperty('medians.changes');
    expect(changing).toMatchObject({ medians: { requestsPerSecond: 25, repeatedChanges: 0 } });
    expect(changing).toHaveProperty(
      'medians.changes',
      expect.toSatisfy((count: number) => count > 0),
    );
  });
});

describe('servers that run at once', () => {
  it('are stopped though the load on one of them breaks', async () => {
    const urls: string[] = [];
    const load: Load = ({ url }) => {
      urls.push(url);
      return Promise.reject(new Error('no load'));
    };
    const way = { load, seconds: 1, warmSeconds: 1, connections: 4 };
    const tasks = [await prepare(stage, work('Q4'))];
    await expect(measure(stage, named('vitrine'), tasks, way)).rejects.toThrow('no load');
    expect(urls).toHaveLength(1);
    await expect(fetch(urls[0] as string)).rejects.toThrow();
  });

  it('have a Redis each, though they would keep the same in it', async () => {
    const tasks = [await prepare(stage, work('Q4')), await prepare(stage, work('Q11-order-1k'))];
    const way = { load: littleLoad, seconds: 1, warmSeconds: 1, connections: 4 };
    const outcomes = await measure(stage, named('vitrine-redis'), tasks, way);
    expect(outcomes).toMatchObject([{ figures: {} }, { figures: {} }]);
  });
});

describe('changes while it is asked', () => {
  let running: Running;
  const changing = work('Q8');

  beforeAll(async () => {
    running = await stage.start(named('vitrine'), changing);
  });

  afterAll(() => running.stop());

  const changeFor = async (ms: number, target: Target) => {
    const { url: upstreamUrl } = await stage.upstream(changing.data);
    const changes = new Changes({ upstreamUrl, target, rows: 1_200, perSecond: 20, random: seededRandom(1) });
    await changes.during(() => delay(ms));
    await changes.undo();
    return changes.outcome;
  };

  it('finds no answer older than what was acknowledged, and leaves the rows as they were', async () => {
    const { url } = await stage.upstream(changing.data);
    const before = await (await fetch(`${url}/catalogs?page_size=500`)).text();
    const { fault, changes } = await changeFor(1_000, running.target);
    expect(fault).toBeUndefined();
    expect(changes).toBeGreaterThan(5);
    expect(await (await fetch(`${url}/catalogs?page_size=500`)).text()).toBe(before);
  });

  it('would find one', async () => {
    const { origin } = new URL(running.target.url);
    // Acknowledges every change, and tells nobody of it.
    const stale = createServer(async (asked, response) => {
      const { url, method, headers } = asked;
      if (url !== '/graphql') response.end();
      else (await request(`${origin}/graphql`, { method: String(method), headers, body: asked })).body.pipe(response);
    });
    stale.listen(0, '127.0.0.1');
    await once(stale, 'listening');
    const { port } = stale.address() as AddressInfo;
    const target = { url: `http://127.0.0.1:${port}/graphql`, method: 'POST' } as const;
    expect((await changeFor(500, target)).fault).toMatch(/^answered a (row|page) of .*, after it had acknowledged/);
    stale.close();
  });
});

describe('what is asked', () => {
  it('is the same every time', () => {
    expect(work('Q6').requests().slice(0, 100)).toEqual(work('Q6').requests().slice(0, 100));
    expect(work('Q7').requests().slice(0, 100)).toEqual(work('Q7').requests().slice(0, 100));
  });

  it.each(['Q5', 'Q6'])('is never the same twice in %s', (name) => {
    const requests = work(name).requests();
    expect(new Set(requests).size).toBe(requests.length);
  });

  it('is of 200 documents in Q7, of which the first comes most often', () => {
    const queries = work('Q7')
      .requests()
      .map((request) => (JSON.parse(request) as { query: string }).query);
    const counts = Object.values(Object.groupBy(queries, (query) => query)).map((same) => same?.length ?? 0);
    expect(counts.length).toBeGreaterThan(150); // Some are alike by chance, and a rare one may not come up.
    expect(counts.length).toBeLessThanOrEqual(200);
    expect(Math.max(...counts) / queries.length).toBeGreaterThan(1 / 8);
  });
});

describe('what is made of the figures', () => {
  const figures = { requestsPerSecond: 100, p50Ms: 1, p99Ms: 2, cpuSecondsPer1000: 0.1, peakBytes: 1e8 };
  const who = (name: string) => {
    const { title, kind, keeps } = named(name);
    return { name, title, kind, keeps };
  };
  const rowOf = (name: string, ...requestsPerSecond: number[]): Row => {
    const medians = { ...figures, requestsPerSecond: medianOf(requestsPerSecond) };
    const rounds = requestsPerSecond.map((each) => ({ ...figures, requestsPerSecond: each }));
    return { ...who(name), answerBytes: 100, medians, rounds };
  };
  const rows: Row[] = [
    rowOf('vitrine', 900),
    rowOf('yoga-response-cache-redis', 200),
    rowOf('mercurius-cache-memory', 300),
    rowOf('mercurius-jit', 500),
    { ...who('yoga'), leftOut: 'answered 500' },
    rowOf('fixed-fastify', 1_000),
  ];
  const single: Run = {
    measuredOn: '2026-11-25',
    machine: 'a machine',
    isApart: true,
    versions: { vitrine: '0', node: '26' },
    command: 'npm run bench --',
    rounds: 1,
    seconds: 1,
    connections: 64,
    works: [{ name: 'Q4', title: 'a page', rows }],
    coldStarts: [{ ...who('vitrine'), medians: { firstMs: 900, allMs: 2_000 }, rounds: [] }],
  };
  const results = { runs: [single] };
  const targetsOfQ4 = targets.filter((target) => target.work === 'Q4');

  it('holds Vitrine against fixed bytes, and against the fastest of those that keep answers', () => {
    const ratios = targetsOfQ4.map((target) => reachedOf(target, single.works)?.ratio.median);
    expect(ratios).toEqual([0.9, 3]);
  });

  it('holds the rounds against each other, so that a slow one is slow on both sides', () => {
    const ofRounds = [rowOf('vitrine', 100, 300, 50), rowOf('fixed-fastify', 50, 500, 100)];
    const works = [{ name: 'Q4', title: 'a page', rows: ofRounds }];
    expect(reachedOf(targetsOfQ4[0] as (typeof targets)[number], works)?.ratio).toEqual({
      median: 0.6,
      low: 0.5,
      high: 2,
    });
    expect(blocksOf({ runs: [{ ...single, works }] }).get('reached')).toContain(
      '| Q4 | a fixed body from Fastify | 0.90 | 0.60 | **no** | 0.50 to 2 × | 1.00 |',
    );
  });

  it('shows every row, and what fell short', () => {
    const text = [...blocksOf(results).values()].join('\n');
    for (const { title } of rows) expect(text).toContain(`| ${title} |`);
    expect(text).toContain('not measured: answered 500');
    expect(text).toContain(
      '| Q4 | the fastest peer with its cache | 3.5 × | 3 × (Mercurius + JIT + mercurius-cache, in memory) | **no** | 3 × to 3 × | 1.00 |',
    );
  });

  it('takes the place of what was measured of the same work before, and leaves the rest', () => {
    const of = (command: string, names: string[], coldStarts: Run['coldStarts'] = []): Run => ({
      ...single,
      command,
      works: names.map((name) => ({ name, title: name, rows })),
      coldStarts,
    });
    const shownOf = ({ runs }: { runs: readonly Run[] }) =>
      runs.map(({ command, works, coldStarts }) => [command, works.map(({ name }) => name).join(), coldStarts.length]);
    const first = withRun({ runs: [] }, of('first', ['Q1', 'Q4'], single.coldStarts));
    const second = withRun(first, of('second', ['Q4', 'Q2']));
    expect(shownOf(second)).toEqual([
      ['second', 'Q4,Q2', 0],
      ['first', 'Q1', 1],
    ]);
    expect(shownOf(withRun(second, of('third', ['Q1'], single.coldStarts)))).toEqual([
      ['third', 'Q1', 1],
      ['second', 'Q4,Q2', 0],
    ]);
    const page = blocksOf(second);
    expect(page.get('requests')).toContain('| requests a second | Q1 | Q2 | Q4 |');
    expect(page.get('machine')).toMatch(/^- Q2, Q4: .*`second`\n- Q1, Q10: .*`first`$/);
  });

  it('holds both sides of a ratio from one run', () => {
    const fixed = { ...single, works: [{ name: 'Q4', title: 'a page', rows: [rowOf('fixed-fastify', 1)] }] };
    const own = { ...single, works: [{ name: 'Q1', title: 'posts', rows }] };
    expect(blocksOf({ runs: [fixed, own] }).get('reached')).toContain(
      '| Q4 | a fixed body from Fastify | 0.90 | not measured |',
    );
  });

  it('draws a bar for each that was measured', () => {
    const [picture = ''] = picturesOf(results).values();
    expect(picture.match(/<rect class="(vitrine|peer|ceiling)"/g)).toHaveLength(rows.length - 1);
  });
});
