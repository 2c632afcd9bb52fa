/** P2, P7: in front of Fastify only those are answered whose answer the long way would give, and nothing is lost to it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Answers } from '../../src/data/answers.ts';
import { Journal } from '../../src/data/journal.ts';
import type { AnswerPath } from '../../src/server/answer-path.ts';
import type { Asking } from '../../src/server/asking.ts';
import { Front } from '../../src/server/front.ts';
import { Representation } from '../../src/server/representation.ts';
import {
  type Answer,
  Gate,
  type Gateway,
  keptOf,
  ManualClock,
  type Sent,
  send,
  start,
  Things,
  Wire,
} from './support.ts';

const json = { 'content-type': 'application/json' };
const query = '{ requestId }';
/** Of pino. */
const warn = 40;
const thing = '{ thing(id: 1) { id name } }';

const ofOneExchange = ['x-request-id', 'date', 'age', 'cache-status'];

function lasting({ headers }: Answer): object {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !ofOneExchange.includes(name)));
}

const post = (gateway: Gateway, body: string, headers: Record<string, string> = {}) =>
  send(`${gateway.url}/graphql`, { method: 'POST', headers: { ...json, ...headers }, body });

/** A gateway that has been asked it twice, so that it is answered in front. */
async function startKnowing(text: string, settings: Parameters<typeof start>[0] = {}): Promise<Gateway> {
  const gateway = await start(settings);
  for (let times = 0; times < 2; times++) await post(gateway, JSON.stringify({ query: text }));
  return gateway;
}

describe('an answer in front of Fastify', () => {
  const shop = 'https://shop.example';

  test.each([
    ['of no page', {}, [shop], undefined],
    ['of a page that may read', { origin: shop }, ['https://other.example', shop], shop],
    ['of a page that may not', { origin: 'https://third.example' }, [shop], undefined],
    ['of a page, where none may', { origin: shop }, [], undefined],
  ] as const)('has the headers and the bytes of the long way: %s', async (_name, headers, corsOrigins, allowed) => {
    const gateway = await startKnowing(thing, { config: { production: true, corsOrigins: [...corsOrigins] } });
    const body = JSON.stringify({ query: thing });
    const short = await post(gateway, body, headers);
    expect(await keptOf(gateway)).toBe(1);
    // A position sends it the long way.
    const long = await post(gateway, body, { ...headers, 'vitrine-position': 'e:1-0' });
    expect(long.status).toBe(200);
    expect([short.text, lasting(short)]).toEqual([long.text, lasting(long)]);
    expect(short.headers['access-control-allow-origin']).toBe(allowed);
  });

  test('is that of the text, whatever clients say of themselves beside it', async () => {
    const gateway = await startKnowing(thing);
    const extensions = { clientLibrary: { name: '@apollo/client', version: '4.0.0' } };
    const bodies = [
      { query: thing, extensions },
      { query: thing, extensions: { persistedQuery: null } },
    ];
    for (const body of bodies) {
      const before = await keptOf(gateway);
      const { text } = await post(gateway, JSON.stringify(body));
      // Looked for from the second time on.
      expect((await post(gateway, JSON.stringify(body))).text).toBe(text);
      expect((await post(gateway, JSON.stringify({ query: thing }))).text).toBe(text);
      expect(await keptOf(gateway)).toBe(before + 2);
    }
  });

  test('is none to a GET that says of what type its body is, but for JSON', async () => {
    const gateway = await startKnowing(query);
    const address = `${gateway.url}/graphql?query=${encodeURIComponent(query)}`;
    const ask = (type: string) => send(address, { headers: { 'apollo-require-preflight': '1', 'content-type': type } });
    for (let time = 1; time <= 3; time++) {
      expect([(await ask('application/json')).status, (await ask('text/plain')).status]).toEqual([200, 415]);
    }
  });

  test('has the id that its request came with, in its headers and in its resolvers', async () => {
    const gateway = await startKnowing(query);
    const { headers, body } = await post(gateway, JSON.stringify({ query }), { 'x-request-id': 'order-42' });
    expect([headers['x-request-id'], body]).toEqual(['order-42', { data: { requestId: 'order-42' } }]);
    const { headers: own, body: odd } = await post(gateway, JSON.stringify({ query }), { 'x-request-id': 'a b' });
    expect(own['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(odd.data?.requestId).toBe(own['x-request-id']);
  });

  test('is made of a body that comes in pieces', async () => {
    const gateway = await startKnowing(query);
    const body = JSON.stringify({ query });
    const wire = new Wire(gateway.url).write(
      `POST /graphql HTTP/1.1\r\nHost: test\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${body.length}\r\nX-Request-Id: pieces\r\nConnection: close\r\n\r\n${body.slice(0, 5)}`,
    );
    await delay(10);
    wire.write(body.slice(5));
    await wire.closed;
    expect(wire.received).toContain('{"data":{"requestId":"pieces"}}');
  });

  test('goes to nobody who left before the body was whole, and the next is answered', async () => {
    const gateway = await startKnowing(query);
    const { port } = new URL(gateway.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(
      'POST /graphql HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"',
    );
    await delay(10);
    socket.destroy();
    expect((await post(gateway, JSON.stringify({ query }))).status).toBe(200);
    expect(gateway.lines.filter(({ level }) => level >= warn)).toEqual([]);
  });

  test('to a request that comes in pieces, with the next right behind it', async () => {
    const gateway = await startKnowing(thing);
    const body = JSON.stringify({ query: thing });
    const head = `POST /graphql HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
    const wire = new Wire(gateway.url).write(`${head}\r\n${body.slice(0, 5)}`);
    // By then those have come, each by itself.
    await post(gateway, body);
    wire.write(body.slice(5, 9));
    await post(gateway, body);
    wire.write(`${body.slice(9)}${head}Connection: close\r\n\r\n${body}`);
    await wire.closed;
    expect(wire.received.match(/HTTP\/1.1 200 /g)).toHaveLength(2);
    expect(wire.received.match(/"data":\{"thing":/g)).toHaveLength(2);
  });
});

describe('requests of one turn', () => {
  /** Of a front whose answers are all kept: what is done, in its order. */
  function takeAll(urls: readonly string[], isBroken: (url: string) => boolean): string[] {
    const done: string[] = [];
    const path = {
      isAskedAgain: () => true,
      kept: (request: string) => {
        done.push(`made ${request}`);
        return { headers: {}, representation: new Representation(Buffer.from('{}'), 'application/json') };
      },
    };
    const front = new Front({
      path: path as unknown as AnswerPath,
      asking: { isFor: () => true, whole: ({ url }: IncomingMessage) => url } as unknown as Asking,
      answers: {} as Answers,
      clock: new ManualClock(),
      timeoutMs: 1_000,
      maxBodyBytes: 1_000,
      headers: {},
      origins: [],
      isClosing: () => false,
    });
    for (const url of urls) {
      const request = { method: 'GET', url, headers: { host: 'a' } } as unknown as IncomingMessage;
      const response = {
        writeHead() {
          if (isBroken(url)) throw new Error('no head');
        },
        end: () => void done.push(`sent ${url}`),
      };
      front.take(request, response as unknown as ServerResponse, () => void done.push(`handed on ${url}`));
    }
    return done;
  }

  test('are sent when all of them are made', async () => {
    const done = takeAll(['a', 'b'], () => false);
    await nextTurn();
    expect(done).toEqual(['made a', 'made b', 'sent a', 'sent b']);
  });

  test('are handed on where they cannot be sent, and the others are sent', async () => {
    const done = takeAll(['a', 'b', 'c'], (url) => url === 'b');
    await nextTurn();
    expect(done.slice(3)).toEqual(['sent a', 'handed on b', 'sent c']);
  });
});

describe('a request that Fastify has to know of', () => {
  const body = JSON.stringify({ query });

  test.each<[string, Sent, Partial<Answer>]>([
    ['no JSON', { method: 'POST', headers: json, body: '{"query":' }, { status: 400 }],
    [
      'JSON with members that objects have by themselves',
      { method: 'POST', headers: json, body: '{"__proto__":{}}' },
      { status: 400 },
    ],
    ['an empty body', { method: 'POST', headers: json, body: '' }, { status: 400 }],
    ['another type', { method: 'POST', headers: { 'content-type': 'text/plain' }, body }, { status: 400 }],
    [
      'a body that is encoded',
      { method: 'POST', headers: { ...json, 'content-encoding': 'gzip' }, body },
      { status: 200 },
    ],
    [
      'too much',
      { method: 'POST', headers: json, body: JSON.stringify({ query, variables: { x: 'x'.repeat(300_000) } }) },
      { status: 413 },
    ],
    ['a host that is none', { method: 'POST', headers: { ...json, host: 'a b' }, body }, { status: 400 }],
    ['another method', { method: 'PUT', headers: json, body }, { status: 405 }],
    ['a query in the address of a POST', { method: 'POST', headers: json, body }, { status: 200 }],
  ])('%s', async (what, sent, expected) => {
    const gateway = await startKnowing(query);
    const address = what.startsWith('a query in') ? '/graphql?operationName=Other' : '/graphql';
    expect(await send(gateway.url + address, sent)).toMatchObject(expected);
  });

  test('that has in its body what a GET has in its address, which is no JSON', async () => {
    const gateway = await start();
    const address = `/graphql?query=${encodeURIComponent(thing)}`;
    const get = () => send(gateway.url + address, { headers: { 'apollo-require-preflight': '1' } });
    for (let times = 0; times < 3; times++) await get();
    expect(await keptOf(gateway)).toBe(1);
    expect((await post(gateway, `GET ${address}`)).status).toBe(400);
  });

  test('whose operation name has the first line of another document in it', async () => {
    const gateway = await start();
    const ask = (document: string, operationName: string) =>
      post(gateway, JSON.stringify({ query: document, operationName }));
    for (let times = 0; times < 3; times++) await ask('#line\nquery A { requestId }', 'A');
    const { body: answer } = await ask('query A { requestId }', 'A\n#line');
    expect(answer.errors?.[0]?.message).toMatch(/Unknown operation named/);
  });

  test('without a length', async () => {
    const gateway = await startKnowing(query);
    const wire = new Wire(gateway.url).write(
      `POST /graphql HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
    );
    await wire.closed;
    expect(wire.received).toMatch(/"data":\{"requestId":/);
  });

  test('of a length that is nothing, however that is written', async () => {
    const gateway = await startKnowing(query);
    const wire = new Wire(gateway.url).write(
      'POST /graphql HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: 00\r\nConnection: close\r\n\r\n',
    );
    await wire.closed;
    expect(wire.received).toMatch(/^HTTP\/1.1 400 /);
  });

  test('that failed unforeseen is told so, and the next is answered', async () => {
    const follower = { trusted: true, now: () => Date.now() };
    const answers = new Answers({ follower, journal: new Journal(), resources: [] });
    answers.holds = () => {
      throw new Error('nobody foresaw this');
    };
    const gateway = await start({ options: { answers } });
    const body = JSON.stringify({ query: thing });
    for (let times = 0; times < 2; times++) await post(gateway, body);
    const { status, body: answer } = await post(gateway, body);
    expect([status, answer.errors?.[0]?.extensions.code]).toEqual([500, 'INTERNAL_SERVER_ERROR']);
    expect(gateway.lines).toContainEqual(expect.objectContaining({ event: 'http.error' }));
    expect((await post(gateway, JSON.stringify({ query }))).status).toBe(200);
  });

  test('that began before the process was to end is not refused for it', async () => {
    const failing = new FailingGate();
    const things = new Things();
    const gateway = await startKnowing(thing, { things, config: { responseCache: false } });
    things.when('1', failing);
    const asked = post(gateway, JSON.stringify({ query: thing }));
    await failing.reached;
    const closed = gateway.close();
    failing.open();
    const { status, body: answer, headers } = await asked;
    expect([status, headers.connection]).toEqual([200, 'close']);
    expect(answer.errors).toMatchObject([{ path: ['thing'], extensions: { code: 'INTERNAL_SERVER_ERROR' } }]);
    await closed;
  });
});

/** Lets nobody pass, so that the long way has to say what is wrong. */
class FailingGate extends Gate {
  override async pass(): Promise<void> {
    await super.pass();
    throw new Error('nobody passes');
  }
}
