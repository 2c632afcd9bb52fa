/** What the main port and the admin port have in common: request ids, safe headers, problem documents, draining. */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import helmet from '@fastify/helmet';
import { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { Logger } from '../telemetry/index.ts';
import type { UpstreamErrorCode } from '../upstream/errors.ts';
import { type Problem, problemDocument, problemType, sendProblem } from './problems.ts';
import { requestIdOf } from './request-id.ts';

/** Far above what a query within the limits, or 1,000 ids, need. */
const maxBodyBytes = 256 * 1024;
/** A whole request must have come in within this: nobody holds a connection by sending a byte a minute. */
const receiveTimeoutMs = 30_000;

/** Asked of the process, not of its data. */
const answersWhileClosing = new Set(['/livez', '/readyz']);

/** Nothing but the explorer is a page, so nothing may be loaded. */
const strictPolicy = {
  useDefaults: false,
  directives: { 'default-src': ["'none'"], 'base-uri': ["'none'"], 'frame-ancestors': ["'none'"] },
};

export async function createApp({ log, isClosing }: { log: Logger; isClosing: () => boolean }) {
  const app = fastify({
    logger: false, // Ours has a name for each event.
    bodyLimit: maxBodyBytes,
    requestTimeout: receiveTimeoutMs,
    requestIdHeader: false,
    genReqId: requestIdOf,
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => {
      sendProblem(reply as unknown as FastifyReply, problemOf(error, request as FastifyRequest, log));
    },
    clientErrorHandler: refuseMalformed,
  });
  const securityHeaders = await headersOfHelmet();
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(securityHeaders).headers({ 'x-request-id': request.id, 'cache-control': 'no-store' });
    if (isClosing() && !answersWhileClosing.has(request.routeOptions.url ?? '')) {
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
  return app as FastifyInstance;
}

/** The same on every answer, so made once. */
async function headersOfHelmet(): Promise<Record<string, string>> {
  const app = fastify();
  await app.register(helmet, { contentSecurityPolicy: strictPolicy });
  app.get('/', (_request, reply) => reply.send(reply.getHeaders()));
  return (await app.inject('/')).json<Record<string, string>>();
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
