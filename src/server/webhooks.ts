/**
 * `POST /webhooks/upstream`: upstream says which of its rows changed, by Standard Webhooks
 * (https://www.standardwebhooks.com, signature v1).
 *
 *   signature ─► every event sound? ─► done before? ─► read anew and made known, by type ─► noted as done
 *
 * A delivery is noted after success only: what failed half-way is sent again, and doing it twice is harmless.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { z } from 'zod';
import { instantText } from '../cache/codec.ts';
import type { Deliveries } from '../cache/deliveries.ts';
import { laterToken } from '../cache/position.ts';
import type { ChangeEvent, InvalidationResult, Resource } from '../data/reader.ts';
import type { Logger } from '../telemetry/index.ts';
import { askAgain, auditedIds, changeId, lackOf, mistakeOf, tooMany } from './changes.ts';
import { type Mistake, sendProblem } from './problems.ts';

type Options = {
  /** `whsec_` and base64. */
  secret: string;
  resources: readonly Resource<unknown>[];
  deliveries: Pick<Deliveries, 'done' | 'note'>;
  log: Logger;
};

type Told = ChangeEvent & { type: string };
type Body = z.infer<ReturnType<typeof bodyOf>>;
type Signed = { 'webhook-id': string; 'webhook-timestamp': string; 'webhook-signature': string };
type Applied = Pick<InvalidationResult, 'refreshed' | 'missing' | 'scope' | 'position' | 'deferred' | 'tooFewReplicas'>;

const kinds = ['created', 'updated', 'deleted'] as const;

/** Ours are keys in Redis as well. */
const deliveryId = /^[\x21-\x7e]{1,256}$/;

function bodyOf(types: readonly string[]) {
  const names = types.flatMap((type) => kinds.map((kind) => `${type}.${kind}`));
  const event = z
    .object(
      {
        type: z.enum(names, { error: `expected one of ${names.join(', ')}` }),
        id: changeId,
        updatedAt: instantText.optional(),
      },
      { error: 'expected an event: {"type", "id", "updatedAt"}' },
    )
    .transform(({ type: name, id, updatedAt }): Told => {
      const [type, kind] = name.split('.') as [string, Told['kind']];
      return { type, kind, id, updatedAt };
    });
  return z.object(
    { events: z.array(event, { error: 'expected a list of events' }).min(1, { error: 'expected at least one event' }) },
    { error: 'expected {"events": […]}' },
  );
}

export function serveWebhooks(app: FastifyInstance, { secret, resources, deliveries, log }: Options): void {
  const webhook = new Webhook(secret);
  const schema = bodyOf(resources.map(({ name }) => name));

  app.register(async (scope) => {
    // The signature is of the bytes, not of what they mean.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    scope.addHook('onSend', async (request, reply) => {
      const { statusCode: status } = reply;
      if (status < 400 || status >= 500) return;
      log.warn({ event: 'webhook.refused', requestId: request.id, remoteAddress: request.ip, status }, 'refused');
    });
    scope.post('/webhooks/upstream', receive);
  });

  async function receive(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const payload = request.body instanceof Buffer ? request.body : Buffer.alloc(0);
    const id = verify(payload, request.headers as unknown as Signed);
    if (id === undefined) {
      return sendProblem(reply, { status: 401, detail: 'The signature is missing, wrong, or of another time.' });
    }
    const read = readEvents(payload, schema);
    if ('errors' in read) {
      return sendProblem(reply, { status: 400, detail: 'Nothing was applied.', errors: read.errors });
    }
    const { events } = read;
    const known = await deliveries.done(id);
    if (known !== undefined) return accept(reply, { duplicates: events.length, ...(JSON.parse(known) as Noted) });

    const applied = await apply(events, { request, id });
    const lack = lackOf(applied);
    if (lack !== undefined) return askAgain(reply, lack, answerOf({ accepted: events.length, ...applied }));
    await deliveries.note(id, JSON.stringify({ scope: applied.scope, position: applied.position } satisfies Noted));
    return accept(reply, { accepted: events.length, ...applied });
  }

  /** @returns The delivery's id; undefined when it is not from whom we know, or not of now. */
  function verify(payload: Buffer, headers: Signed): string | undefined {
    try {
      webhook.verify(payload, headers, { jsonParse: false });
      return deliveryId.test(headers['webhook-id']) ? headers['webhook-id'] : undefined;
    } catch (error) {
      if (error instanceof WebhookVerificationError) return undefined;
      throw error;
    }
  }

  /** Each type by itself, all at once. */
  async function apply(events: readonly Told[], { request, id }: { request: FastifyRequest; id: string }) {
    const byType = Map.groupBy(events, ({ type }) => type);
    const told = [...byType].map(async ([type, some]): Promise<Applied> => {
      const resource = resources.find(({ name }) => name === type) as Resource<unknown>;
      const result = await resource.tell(some, { source: 'webhook' });
      const { position, refreshed, missing, deferred, tooFewReplicas } = result;
      log.info(
        {
          event: 'webhook.applied',
          requestId: request.id,
          remoteAddress: request.ip,
          webhookId: id,
          type,
          ids: result.ids,
          firstIds: some.slice(0, auditedIds).map((one) => one.id),
          reason: [...new Set(some.map(({ kind }) => kind))].join(),
          position,
          refreshed,
          missing,
          deferred,
          tooFewReplicas,
        },
        'told by upstream',
      );
      return result;
    });
    return (await Promise.all(told)).reduce(together);
  }
}

/** What is remembered of a delivery that is done. */
type Noted = Pick<InvalidationResult, 'scope' | 'position'>;

function readEvents(payload: Buffer, schema: z.ZodType<Body>): { events: Told[] } | { errors: readonly Mistake[] } {
  const body = parseJson(payload);
  const errors = tooMany('events', (body as { events?: unknown } | null | undefined)?.events);
  if (errors.length > 0) return { errors };
  const parsed = schema.safeParse(body);
  return parsed.success ? parsed.data : { errors: parsed.error.issues.map(mistakeOf) };
}

/** What is no JSON is nothing that the schema knows. */
function parseJson(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString());
  } catch {
    return undefined;
  }
}

function together(a: Applied, b: Applied): Applied {
  return {
    refreshed: a.refreshed + b.refreshed,
    missing: a.missing + b.missing,
    scope: a.scope === 'process' ? a.scope : b.scope,
    position: laterToken(a.position, b.position),
    deferred: a.deferred || b.deferred,
    tooFewReplicas: a.tooFewReplicas || b.tooFewReplicas,
  };
}

type Counts = { accepted?: number; duplicates?: number } & Partial<Applied> & Noted;

function answerOf({ accepted = 0, duplicates = 0, refreshed = 0, missing = 0, scope, position }: Counts) {
  return { accepted, duplicates, refreshed, missing, scope, position };
}

function accept(reply: FastifyReply, counts: Counts): FastifyReply {
  return reply.code(202).send(answerOf(counts));
}
