/**
 * `POST /admin/invalidate`: an operator says that rows, or a whole collection, are to be read anew.
 *
 * The token is asked for before anything is read; every mistake is told at once; every call is a line of the audit log.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { InvalidationResult, Resource } from '../data/reader.ts';
import type { Logger } from '../telemetry/index.ts';
import { askAgain, auditedIds, changeId, lackOf, mistakeOf, tooMany } from './changes.ts';
import { sendProblem } from './problems.ts';

type Options = {
  token: string;
  resources: readonly Resource<unknown>[];
  scope: () => InvalidationResult['scope'];
  log: Logger;
};

/** Ids or all, and what to do with them. */
type Command = z.infer<ReturnType<typeof commandOf>>;

function commandOf(types: readonly string[]) {
  return z
    .strictObject(
      {
        type: z.enum(types, { error: `expected one of ${types.join(', ')}` }),
        ids: z
          .array(changeId, { error: 'expected a list of ids' })
          .min(1, { error: 'expected at least one id' })
          .transform((ids) => [...new Set(ids)])
          .optional(),
        all: z.literal(true, { error: 'expected true, or ids instead' }).optional(),
        mode: z.enum(['refresh', 'purge'], { error: 'expected refresh or purge' }).default('refresh'),
        dryRun: z.boolean({ error: 'expected true or false' }).default(false),
        reason: z
          .string({ error: 'expected a text' })
          .max(500, { error: 'expected at most 500 characters' })
          .optional(),
      },
      { error: ({ code }) => (code === 'invalid_type' ? 'expected a JSON object' : undefined) },
    )
    .refine(({ ids, all }) => (ids === undefined) !== (all === undefined), {
      error: 'expected either ids or "all": true',
      when: ({ issues }) => issues.length === 0,
    });
}

export function serveAdmin(app: FastifyInstance, { token, resources, scope, log }: Options): void {
  const command = commandOf(resources.map(({ name }) => name));
  const digest = sha256(token);

  app.post('/admin/invalidate', {
    onRequest: async (request, reply) => {
      if (isAuthorized(request.headers.authorization, digest)) return;
      return sendProblem(reply.header('www-authenticate', 'Bearer'), {
        status: 401,
        detail: 'The admin token is missing or wrong.',
      });
    },
    onSend: async (request, reply) => {
      const status = reply.statusCode;
      if (status < 400 || status >= 500) return;
      log.warn({ event: 'admin.refused', requestId: request.id, remoteAddress: request.ip, status }, 'refused');
    },
    handler: async (request, reply) => {
      const mistakes = tooMany('ids', (request.body as { ids?: unknown } | null | undefined)?.ids);
      const parsed = mistakes.length > 0 ? undefined : command.safeParse(request.body);
      if (!parsed?.success) {
        const errors = parsed ? parsed.error.issues.map(mistakeOf) : mistakes;
        return sendProblem(reply, { status: 400, detail: 'Nothing was invalidated.', errors });
      }
      const result = await carryOut(parsed.data, request);
      return answer(reply, parsed.data, result);
    },
  });

  async function carryOut(asked: Command, request: FastifyRequest): Promise<Done> {
    const { ids, reason, dryRun } = asked;
    const audit = {
      event: 'admin.invalidate',
      requestId: request.id,
      remoteAddress: request.ip,
      type: asked.type,
      mode: asked.mode,
      all: ids === undefined,
      ids: ids?.length ?? 0,
      firstIds: ids?.slice(0, auditedIds),
      dryRun,
      reason,
    };
    const resource = resources.find(({ name }) => name === asked.type) as Resource<unknown>;
    const how = { purge: asked.mode === 'purge', source: 'admin' };
    try {
      const result = dryRun
        ? rehearse(ids?.length ?? resource.status().size, scope())
        : await (ids ? resource.invalidate(ids, how) : resource.reset(how));
      const { position, refreshed, deferred, tooFewReplicas } = result;
      log.info({ ...audit, position, refreshed, deferred, tooFewReplicas }, 'done');
      return result;
    } catch (error) {
      log.warn({ ...audit, failed: true, code: (error as { code?: unknown }).code }, 'failed');
      throw error;
    }
  }
}

type Done = Omit<InvalidationResult, 'position'> & { position: string | null };

/** What a dry run can tell: how many rows are meant, and how far it would reach. */
function rehearse(ids: number, scope: InvalidationResult['scope']): Done {
  return { ids, refreshed: 0, missing: 0, scope, position: null, deferred: false, tooFewReplicas: false };
}

function answer(reply: FastifyReply, { type, ids, dryRun }: Command, result: Done): FastifyReply {
  const body = {
    type,
    ids: result.ids,
    all: ids === undefined,
    refreshed: result.refreshed,
    missing: result.missing,
    scope: result.scope,
    position: result.position,
    dryRun,
  };
  const lack = lackOf(result);
  return lack === undefined ? reply.send(body) : askAgain(reply, lack, body);
}

/** Of equal length, so that the time of the comparison tells nothing of the token. */
function isAuthorized(header: string | undefined, digest: Buffer): boolean {
  const [, given] = /^Bearer ([^\s]+)$/i.exec(header ?? '') ?? [];
  return timingSafeEqual(sha256(given ?? ''), digest);
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
