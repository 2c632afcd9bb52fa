/**
 * What a request asks for, as far as the short ways need to know: read from its bytes without a word on what is wrong
 * with it. That is for the long way to say.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { parse as parseQuery } from 'node:querystring';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import type { Asked } from './answer-path.ts';
import { arrivalOf } from './arrival.ts';

export const endpoint = '/graphql';

/** What `Accept` came to, of so many different ones. */
const knownAccepts = 100;
const members = new Set(['query', 'operationName', 'variables', 'extensions']);
/** Either of them, not empty, says that a page of another site did not send it. @see Apollo's CSRF prevention */
const preflightHeaders = ['apollo-require-preflight', 'x-apollo-operation-name'];

type Body = { query?: unknown; operationName?: unknown; variables?: unknown; extensions?: unknown };

export class Asking {
  /** By `Accept`: the content type that Apollo answered with. */
  readonly #contentTypes = new LRUCache<string, string>({ max: knownAccepts });
  #parseJson: (text: string) => unknown = JSON.parse;

  /** JSON bodies stay bytes until somebody has to know what they mean, whoever has read them. */
  receive(scope: FastifyInstance): void {
    const parse = scope.getDefaultJsonParser('error', 'error');
    this.#parseJson = (text) => {
      let parsed: unknown;
      void parse({} as FastifyRequest, text, (error, body) => {
        if (error) throw error;
        parsed = body;
      });
      return parsed;
    };
    scope.addHook('preParsing', (request, _reply, payload, done) => {
      const body = arrivalOf(request.raw)?.body;
      done(null, body === undefined ? payload : Readable.from([body]));
    });
    scope.removeContentTypeParser('application/json');
    scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  }

  /** Whether it asks this endpoint, as one that a page of another site cannot have sent. */
  isFor({ method, url = '', headers }: IncomingMessage): boolean {
    if (method === 'POST') return url === endpoint;
    return method === 'GET' && url.startsWith(`${endpoint}?`) && isPreflighted(headers);
  }

  /** The request as it came, as the key of what is kept for it. */
  whole({ method, url, headers }: IncomingMessage, body: Buffer | undefined): string {
    return `${headers.accept ?? ''}\n${method} ${body === undefined ? url : body.toString('latin1')}`;
  }

  /** @throws Fastify's own error for what is no JSON. */
  parse(request: FastifyRequest): void {
    if (request.body instanceof Buffer) request.body = this.#parseJson(request.body.toString());
  }

  /** @returns Undefined when there is anything that the short ways do not know. */
  read({ url = '', headers }: IncomingMessage, body: Buffer | undefined, whole: string): Asked | undefined {
    const contentType = this.#contentTypes.get(headers.accept ?? '');
    if (contentType === undefined) return undefined;
    const asked = body === undefined ? bodyOf(parseQuery(url.slice(endpoint.length + 1))) : this.#jsonOf(body);
    if (!isRecord(asked) || !Object.keys(asked).every((name) => members.has(name))) return undefined;
    const { query: text, operationName = null, variables, extensions } = asked;
    if (typeof text !== 'string' || (operationName !== null && typeof operationName !== 'string')) return undefined;
    if (!isRecordOrAbsent(variables) || !isRecordOrAbsent(extensions)) return undefined;
    if (Object.keys(extensions ?? {}).length > 0) return undefined;
    return { text: { query: text, operationName }, variables: variables ?? {}, contentType, request: whole };
  }

  learn({ headers }: FastifyRequest, contentType: string): void {
    this.#contentTypes.set(headers.accept ?? '', contentType);
  }

  #jsonOf(body: Buffer): unknown {
    try {
      return this.#parseJson(body.toString());
    } catch {
      return undefined; // Told by the long way.
    }
  }
}

/** Of a GET: `variables` and `extensions` are JSON. A parameter given twice is a list, which is none of ours. */
function bodyOf({ variables, extensions, ...rest }: Record<string, unknown>): Body | undefined {
  try {
    return {
      ...rest,
      ...(variables !== undefined && { variables: JSON.parse(String(variables)) as unknown }),
      ...(extensions !== undefined && { extensions: JSON.parse(String(extensions)) as unknown }),
    };
  } catch {
    return undefined; // Told by the long way.
  }
}

function isPreflighted(headers: IncomingHttpHeaders): boolean {
  return preflightHeaders.some((name) => Boolean(headers[name]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Buffer);
}

function isRecordOrAbsent(value: unknown): value is Record<string, unknown> | null | undefined {
  return value === null || value === undefined || isRecord(value);
}
