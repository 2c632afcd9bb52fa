/** Errors outside GraphQL: problem documents (RFC 9457), each with the request's id. */
import { STATUS_CODES } from 'node:http';
import type { FastifyReply } from 'fastify';

/** One mistake in a request: `index` when it is an item of a list, `pointer` (RFC 6901, as a URI fragment) where it is. */
export type Mistake = { index?: number; pointer?: string; detail: string };

/** @param detail - For the client: what was expected, what came. Never an address, a stack or a secret. */
export type Problem = { status: number; detail: string; errors?: readonly Mistake[] };

export const problemType = 'application/problem+json; charset=utf-8';

/** `type` is absent from `problem` for those with nothing to link to: their meaning is the status code's. */
export function problemDocument(problem: Problem, requestId: string): Record<string, unknown> {
  return { type: 'about:blank', title: STATUS_CODES[problem.status] ?? 'Error', ...problem, requestId };
}

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply
    .code(problem.status)
    .headers({ 'x-request-id': reply.request.id, 'cache-control': 'no-store' })
    .type(problemType)
    .send(JSON.stringify(problemDocument(problem, reply.request.id)));
}
