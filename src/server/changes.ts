/** What `/admin/invalidate` and `/webhooks/upstream` have in common: ids, limits, mistakes by index, what is to be sent again. */
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { InvalidationResult } from '../data/reader.ts';
import { type Mistake, problemDocument, problemType } from './problems.ts';

/** Ids or events in one request at most. */
const maxChanges = 1_000;
/** Ids named in the audit log; the rest is counted. */
export const auditedIds = 20;
/** How soon a change that is not known as far as it should be may be sent again. */
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

/** Why a change that was applied is to be sent again; undefined when it is known as far as it should be. */
export function lackOf(change: Pick<InvalidationResult, 'deferred' | 'tooFewReplicas'>): string | undefined {
  if (change.deferred) {
    return 'Applied by this process; Redis is away, so the others are told when it is back. Sending it again is safe.';
  }
  if (change.tooFewReplicas) {
    return 'Applied, and told to all; but fewer replicas of Redis have it than are asked for. Sending it again is safe.';
  }
  return undefined;
}

/** @param body - What came of the change. */
export function askAgain(reply: FastifyReply, detail: string, body: object): FastifyReply {
  return reply
    .code(503)
    .header('retry-after', retryAfterSeconds)
    .type(problemType)
    .send(JSON.stringify({ ...problemDocument({ status: 503, detail }, reply.request.id), ...body }));
}
