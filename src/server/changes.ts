/** What `/admin/invalidate` and `/webhooks/upstream` have in common: ids, limits, mistakes by index, what is answered while Redis is away. */
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { type Mistake, problemDocument, problemType } from './problems.ts';

/** Ids or events in one request at most. */
const maxChanges = 1_000;
/** Ids named in the audit log; the rest is counted. */
export const auditedIds = 20;
/** How soon a change that the other processes could not be told may be sent again. */
const retryAfterSeconds = 5;

/** As the API gives them. */
export const changeId = z.union([z.string().regex(/^[A-Za-z0-9_-]{1,64}$/), z.int().nonnegative().transform(String)], {
  error: 'expected an id: 1 to 64 letters, digits, dashes or underscores, or an integer',
});

/** A list far too long is told alone, and not looked at further. */
export function tooMany(name: string, list: unknown): Mistake[] {
  if (!Array.isArray(list) || list.length <= maxChanges) return [];
  return [{ pointer: `#/${name}`, detail: `expected at most ${maxChanges} ${name}, got ${list.length}` }];
}

export function mistakeOf(issue: z.core.$ZodIssue): Mistake {
  if (issue.code === 'unrecognized_keys') return { pointer: '#', detail: `not known here: ${issue.keys.join(', ')}` };
  const { path, message: detail } = issue;
  const index = path[1];
  const pointer = `#${path.map((part) => `/${String(part)}`).join('')}`;
  return typeof index === 'number' ? { index, pointer, detail } : { pointer, detail };
}

/** Applied by this process alone; `body` says what came of it. */
export function sendDeferred(reply: FastifyReply, body: object): FastifyReply {
  const problem = {
    status: 503,
    detail: 'Applied by this process; Redis is away, so the others are told when it is back. Sending it again is safe.',
  };
  return reply
    .code(503)
    .header('retry-after', retryAfterSeconds)
    .type(problemType)
    .send(JSON.stringify({ ...problemDocument(problem, reply.request.id), ...body }));
}
