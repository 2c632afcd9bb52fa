/**
 * In front of Fastify: what the short ways can answer is answered from the socket.
 *
 *   request ─► plain? ─► with others of the turn (turn.ts): its body ─► the short ways (answer-path.ts) ─► its answer
 *                │ no                                                    │ not by them
 *                ▼                                                       ▼
 *             Fastify ◄───────────────────────────── with what is known of it (arrival.ts)
 *
 * Plain is a request whose answer depends on its path, its body and `Accept` alone, and which nobody would refuse. What
 * is unusual about any other is for Fastify and Apollo to know.
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../cache/clock.ts';
import type { Answers } from '../data/answers.ts';
import type { MaybePromise } from '../data/reader.ts';
import type { Answer, AnswerPath } from './answer-path.ts';
import { noteArrival } from './arrival.ts';
import type { Asking } from './asking.ts';
import { type Exchange, openExchange } from './exchange.ts';
import { isKnownTo } from './representation.ts';
import { requestIdOf } from './request-id.ts';
import { type Send, Turn } from './turn.ts';

type Parts = {
  path: AnswerPath;
  asking: Asking;
  answers: Answers;
  clock: Clock;
  timeoutMs: number;
  maxBodyBytes: number;
  /** Of every answer, whatever was asked. */
  headers: Readonly<Record<string, string>>;
  /** Whose pages may read what is answered (CORS). */
  origins: readonly string[];
  isClosing: () => boolean;
};

/** A request, and its body when it has one. */
type Arrived = { request: IncomingMessage; response: ServerResponse; body: Buffer | undefined };

const json = /^application\/json\s*(?:;|$)/i;

export class Front {
  readonly #parts: Parts;
  readonly #turn = new Turn();
  /** The last `Host` that was one: mostly all are the same. */
  #host: string | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** @param handOn - To Fastify. */
  take(request: IncomingMessage, response: ServerResponse, handOn: () => void): void {
    if (!this.#isPlain(request)) handOn();
    else if (request.method === 'GET') this.#add({ request, response, body: undefined }, handOn);
    else this.#turn.add(() => this.#answerPost(request, response, handOn));
  }

  #add(arrived: Arrived, handOn: () => void): void {
    this.#turn.add(() => this.#answer(arrived, handOn));
  }

  /** By the end of its turn a body is there, mostly: to take it then costs less than to be told of it. */
  #answerPost(request: IncomingMessage, response: ServerResponse, handOn: () => void): MaybePromise<Send> {
    const first = request.read() as Buffer | null;
    const left = Number(request.headers['content-length']) - (first?.length ?? 0);
    if (left === 0 && first !== null) return this.#answer({ request, response, body: first }, handOn);
    const then = (rest: Buffer) => {
      this.#add({ request, response, body: first === null ? rest : Buffer.concat([first, rest]) }, handOn);
    };
    return () => readRest(request, left, then);
  }

  #isPlain(request: IncomingMessage): boolean {
    const { isClosing, asking } = this.#parts;
    const { headers } = request;
    if (!asking.isFor(request) || headers['vitrine-position'] !== undefined || isClosing()) return false;
    return this.#hasPlainBody(request) && this.#isHost(headers.host);
  }

  #isHost(host: IncomingHttpHeaders['host']): boolean {
    if (host === this.#host) return host !== undefined;
    if (!isHost(host)) return false;
    this.#host = host;
    return true;
  }

  #hasPlainBody({ method, headers }: IncomingMessage): boolean {
    const length = headers['content-length'];
    if (method === 'GET') {
      const hasNone = length === undefined && headers['transfer-encoding'] === undefined;
      return hasNone && headers['content-type'] === undefined;
    }
    if (length === undefined || Number(length) === 0 || Number(length) > this.#parts.maxBodyBytes) return false;
    return json.test(headers['content-type'] ?? '') && headers['content-encoding'] === undefined;
  }

  /** Never fails: what did is handed on, with how far it came. */
  #answer(arrived: Arrived, handOn: () => void): MaybePromise<Send> {
    const { path, asking, answers, clock, timeoutMs } = this.#parts;
    const { request, body } = arrived;
    const requestId = requestIdOf(request);
    let exchange: Exchange | undefined;
    const handingOn = (failure?: unknown) => () => {
      noteArrival(request, { requestId, body, exchange, failure });
      handOn();
    };
    const sending = (answer: Answer | undefined) => {
      if (answer === undefined) return handingOn();
      exchange?.deadline.end();
      return () => {
        try {
          this.#send(arrived, requestId, answer);
        } catch (failure) {
          handingOn(failure)();
        }
      };
    };
    try {
      const isAskedAgain = path.isAskedAgain(body ?? Buffer.from(request.url ?? ''));
      const again = isAskedAgain ? asking.whole(request, body) : undefined;
      const kept = again && path.kept(again, { requestId, startedAtMs: clock.mono() });
      if (kept) return sending(kept);
      exchange = openExchange({ requestId, clock, timeoutMs, basis: answers.begin() });
      const asked = asking.read(request, body, again);
      const answer = asked && path.answer(asked, exchange);
      return answer instanceof Promise ? answer.then(sending, handingOn) : sending(answer);
    } catch (failure) {
      return handingOn(failure);
    }
  }

  #send({ request, response }: Arrived, requestId: string, { headers, representation }: Answer): void {
    const { origin } = request.headers;
    const coding = representation.codingFor(request.headers['accept-encoding']);
    const etag = request.method === 'GET' ? representation.etag(coding) : undefined;
    const isKnown = etag !== undefined && isKnownTo(request.headers['if-none-match'], etag);
    const bytes = representation.in(coding);
    response.writeHead(isKnown ? 304 : 200, {
      ...this.#parts.headers,
      'x-request-id': requestId,
      ...headers,
      ...(origin !== undefined && this.#parts.origins.includes(origin) && { 'access-control-allow-origin': origin }),
      ...(etag !== undefined && { etag }),
      ...(coding !== 'identity' && { 'content-encoding': coding }),
      ...(!isKnown && { 'content-type': representation.contentType, 'content-length': bytes.length }),
      ...(this.#parts.isClosing() && { connection: 'close' }),
    });
    response.end(isKnown ? undefined : bytes);
  }
}

/** RFC 9112, section 3.2. */
export function isHost(host: IncomingHttpHeaders['host']): boolean {
  return host !== undefined && URL.canParse(`http://${host}/`);
}

/** Calls back with the last byte that was told of, and does not wait to hear that none follows: Node lets none through. */
function readRest(request: IncomingMessage, length: number, then: (rest: Buffer) => void): void {
  const chunks: Buffer[] = [];
  let left = length;
  request.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    left -= chunk.length;
    if (left === 0) then(Buffer.concat(chunks));
  });
}
