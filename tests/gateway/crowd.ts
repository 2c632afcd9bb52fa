/**
 * A crowd: many requests at once, of which it is certain that all are under way.
 *
 *   head, expecting to go on ─► gateway: 100 Continue, and hands the request on in the same turn ─► body ─► answer
 *
 * By nothing else can it be told from outside that a process has taken a request up and not only that it was sent.
 */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';

export type Question = { query: string; variables: Record<string, unknown> };

export type Reply = { status: number; body: unknown; tookMs: number };

/** How each of them ended, in the order in which they were asked; one without a whole answer has a reason. */
export type Crowd = { readonly settled: Promise<PromiseSettledResult<Reply>[]> };

type Asking = {
  /** Of the gateway. */
  url: string;
  questions: readonly Question[];
  /** Of a change that each answer is to know of. */
  position?: string | undefined;
};

/** Resolves once each of the requests was taken up. */
export async function gather({ url, questions, position }: Asking): Promise<Crowd> {
  const headers = {
    'content-type': 'application/json',
    expect: '100-continue', // RFC 9110, section 10.1.1
    ...(position !== undefined && { 'vitrine-position': position }),
  };
  const asked = questions.map((question) => ask(new URL('/graphql', url), headers, JSON.stringify(question)));
  const crowd = { settled: Promise.allSettled(asked.map(({ reply }) => reply)) };
  await Promise.all(asked.map(({ taken }) => taken));
  return crowd;
}

type Asked = { taken: Promise<unknown>; reply: Promise<Reply> };

/** On a connection of its own. */
function ask(url: URL, headers: Record<string, string>, body: string): Asked {
  const fromMs = performance.now();
  const asking = request(url, { method: 'POST', headers, agent: false });
  const taken = once(asking, 'continue').then(() => void asking.end(body));
  const answered = once(asking, 'response') as Promise<[IncomingMessage]>;
  asking.flushHeaders();
  const reply = answered.then(async ([answer]) => {
    const body = JSON.parse(await text(answer)) as unknown;
    return { status: answer.statusCode ?? 0, body, tookMs: performance.now() - fromMs };
  });
  return { taken, reply };
}
