/**
 * What a request asks for, as far as the short ways need to know: read from its bytes without a word on what is wrong
 * with it. That is for the long way to say.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { parse as parseQuery } from 'node:querystring';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import type { TrustedDocuments } from '../graphql/index.ts';
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
  /** The only documents that are answered; undefined where all are. */
  readonly #trusted: TrustedDocuments | undefined;
  /** By `Accept`: the content type that Apollo answered with. */
  readonly #contentTypes = new LRUCache<string, string>({ max: knownAccepts });
  #parseJson: (text: string) => unknown = JSON.parse;

  constructor(trusted?: TrustedDocuments) {
    this.#trusted = trusted;
  }

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

  /** Whether it asks this endpoint, as one that a page of another site cannot have sent, or may send. */
  isFor({ method, url = '', headers }: IncomingMessage): boolean {
    if (method === 'POST') return url === endpoint;
    if (method !== 'GET' || !url.startsWith(`${endpoint}?`)) return false;
    return this.#trusted !== undefined || isPreflighted(headers);
  }

  /** The request as it came, as the key of what is kept for it. */
  whole({ method, url, headers }: IncomingMessage, body: Buffer | undefined): string {
    return `${headers.accept ?? ''}\n${method} ${body === undefined ? url : body.toString('latin1')}`;
  }

  /** @throws Fastify's own error for what is no JSON. */
  parse(request: FastifyRequest): void {
    if (request.body instanceof Buffer) request.body = this.#parseJson(request.body.toString());
  }

  /**
   * @param again - The whole of it, where it came before.
   * @returns Undefined when there is anything that the short ways do not know.
   */
  read({ url = '', headers }: IncomingMessage, body: Buffer | undefined, again?: string): Asked | undefined {
    const contentType = this.#contentTypes.get(headers.accept ?? '');
    if (contentType === undefined) return undefined;
    const asked = body === undefined ? bodyOf(parseQuery(url.slice(endpoint.length + 1))) : this.#jsonOf(body);
    if (!isRecord(asked) || !Object.keys(asked).every((name) => members.has(name))) return undefined;
    const { operationName = null, variables } = asked;
    const text = this.#textOf(asked);
    if (text === undefined || !isNameOrAbsent(operationName)) return undefined;
    if (!isRecordOrAbsent(variables)) return undefined;
    return { text: { query: text, operationName }, variables: variables ?? {}, contentType, again };
  }

  /** Whether it asks for a document that is not trusted. What asks for none, Apollo has words for. */
  isUntrusted({ method, raw, body }: FastifyRequest): boolean {
    if (this.#trusted === undefined) return false;
    const { query, extensions } = method === 'GET' ? searchOf(raw) : isRecord(body) ? (body as Body) : {};
    if (typeof query === 'string' && query !== '') return !this.#trusted.has(query);
    if (!isRecord(extensions) || !extensions.persistedQuery) return false;
    return this.#trusted.textOf(idIn(extensions) ?? '') === undefined;
  }

  learn({ headers }: FastifyRequest, contentType: string): void {
    this.#contentTypes.set(headers.accept ?? '', contentType);
  }

  /** Of a document that is named in a way that the short ways know. What else clients say of themselves, Apollo ignores. */
  #textOf({ query, extensions }: Body): string | undefined {
    if (!isRecordOrAbsent(extensions)) return undefined;
    if (!extensions?.persistedQuery) return typeof query === 'string' ? query : undefined;
    const id = idIn(extensions);
    return query === undefined && id !== undefined ? this.#trusted?.textOf(id) : undefined;
  }

  #jsonOf(body: Buffer): unknown {
    try {
      return this.#parseJson(body.toString());
    } catch {
      return undefined; // Told by the long way.
    }
  }
}

/** Of a GET, read as Apollo reads it. */
function searchOf({ url = '' }: IncomingMessage): Body {
  // The path may be written otherwise than `endpoint`.
  const search = new URLSearchParams(url.includes('?') ? url.slice(url.indexOf('?')) : '');
  try {
    return { query: search.get('query'), extensions: JSON.parse(search.get('extensions') ?? 'null') };
  } catch {
    return { query: search.get('query') }; // Told by Apollo.
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

/** By Apollo's protocol, version 1: `{"persistedQuery":{"version":1,"sha256Hash":"…"}}`. */
function idIn(extensions: unknown): string | undefined {
  const named = isRecord(extensions) ? extensions.persistedQuery : undefined;
  return isRecord(named) && named.version === 1 && typeof named.sha256Hash === 'string' ? named.sha256Hash : undefined;
}

function isPreflighted(headers: IncomingHttpHeaders): boolean {
  return preflightHeaders.some((name) => Boolean(headers[name]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Buffer);
}

/** A GraphQL name. @see https://spec.graphql.org/September2025/#Name */
function isNameOrAbsent(value: unknown): value is string | null {
  return value === null || (typeof value === 'string' && /^[A-Za-z_][A-Za-z0-9_]*$/.test(value));
}

function isRecordOrAbsent(value: unknown): value is Record<string, unknown> | null | undefined {
  return value === null || value === undefined || isRecord(value);
}
