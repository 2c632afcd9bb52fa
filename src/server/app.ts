/** What the main port and the admin port have in common: request ids, safe headers, problem documents, draining. */
import { createServer, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { Logger } from '../telemetry/index.ts';
import type { UpstreamErrorCode } from '../upstream/errors.ts';
import { arrivalOf } from './arrival.ts';
import type { Front } from './front.ts';
import { type Problem, problemDocument, problemType, sendProblem } from './problems.ts';
import { requestIdOf } from './request-id.ts';

/** Far above what a query within the limits, or 1,000 ids, need. */
export const maxBodyBytes = 256 * 1024;
/** A whole request must have come in within this: nobody holds a connection by sending a byte a minute. */
const receiveTimeoutMs = 30_000;

/** Asked of the process, not of its data. */
const answersWhileClosing = new Set(['/livez', '/readyz']);

/** Longer than a load balancer keeps a connection that nobody uses, in ms. */
const keepAliveMs = 72_000;

type AppOptions = {
  log: Logger;
  isClosing: () => boolean;
  headers: Readonly<Record<string, string>>;
  /** Is given each request before Fastify. */
  front?: Pick<Front, 'take'> | undefined;
};

export function createApp({ log, isClosing, headers, front }: AppOptions): FastifyInstance {
  const app = fastify({
    logger: false, // Ours has a name for each event.
    bodyLimit: maxBodyBytes,
    serverFactory: (handle) =>
      createServer({ requestTimeout: receiveTimeoutMs, keepAliveTimeout: keepAliveMs }, (request, response) => {
        if (front === undefined) handle(request, response);
        else front.take(request, response, () => handle(request, response));
      }),
    requestIdHeader: false,
    genReqId: (request) => arrivalOf(request)?.requestId ?? requestIdOf(request),
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => {
      sendProblem(reply as unknown as FastifyReply, problemOf(error, request as FastifyRequest, log));
    },
    clientErrorHandler: refuseMalformed,
  });
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(headers).headers({ 'x-request-id': request.id, 'cache-control': 'no-store' });
    const isNew = arrivalOf(request.raw) === undefined && !answersWhileClosing.has(request.routeOptions.url ?? '');
    if (isClosing() && isNew) {
      return sendProblem(reply, { status: 503, detail: 'This process is shutting down.' });
    }
  });
  // Also of those begun before: a connection that stays open would keep the process from ending.
  app.addHook('onSend', async (_request, reply) => {
    if (isClosing()) reply.header('connection', 'close');
  });
  app.setErrorHandler<FastifyError>((error, request, reply) => sendProblem(reply, problemOf(error, request, log)));
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, { status: 404, detail: `Nothing answers ${request.method} here.` }),
  );
  return app as unknown as FastifyInstance;
}

/** What a client may read of an error: Fastify's own refusals as they are, of all else only its kind, known by `code`. */
export function problemOf(error: unknown, request: FastifyRequest, log: Logger): Problem {
  const { code = '', statusCode = 500, message = '' } = error as Partial<FastifyError>;
  if (code.startsWith('FST_') && statusCode < 500) return { status: statusCode, detail: message };
  // Whoever left while sending reads this no more.
  if (request.raw.destroyed && !request.raw.complete)
    return { status: 400, detail: 'The request did not come in whole.' };
  if (Object.hasOwn(ofUpstream, code)) return ofUpstream[code as UpstreamErrorCode];

  log.error({ event: 'http.error', requestId: request.id, err: error }, 'a request failed unforeseen');
  return { status: 500, detail: 'Internal error.' };
}

const ofUpstream = {
  UPSTREAM_UNAVAILABLE: { status: 503, detail: 'Upstream cannot be reached.' },
  UPSTREAM_TIMEOUT: { status: 504, detail: 'Upstream did not answer in time.' },
  UPSTREAM_INVALID: { status: 502, detail: 'Upstream gave an answer that cannot be used.' },
} satisfies Record<UpstreamErrorCode, Problem>;

const malformed: Record<string, number> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };

/** What is no HTTP request at all never becomes one for Fastify: the answer is written by hand. */
function refuseMalformed(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = malformed[error.code ?? ''] ?? 400;
  const requestId = crypto.randomUUID();
  const body = JSON.stringify(problemDocument({ status, detail: 'Not an HTTP request as expected.' }, requestId));
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      `Content-Type: ${problemType}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${requestId}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}
