/** `POST /webhooks/upstream` over real HTTP, signed by the library that upstreams use. What events do is in `tests/gateway/events.test.ts`. */
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import type { InvalidationResult } from '../../src/data/reader.ts';
import { type Gateway, send, start, Things } from './support.ts';

const webhookSecret = 'whsec_C2FI7QTNwx2PzT1TTeQFJvzaH2G1WgyE';

const open = (things = new Things()) => start({ config: { webhookSecret }, things });

type Delivery = { id?: string; at?: Date; secret?: string; signature?: string };

function deliver(gateway: Gateway, body: unknown, delivery: Delivery = {}) {
  const { id = 'msg_1', at = new Date(), secret = webhookSecret } = delivery;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const { signature = new Webhook(secret).sign(id, at, text) } = delivery;
  return send(`${gateway.url}/webhooks/upstream`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': signature,
    },
    body: text,
  });
}

const updatedAt = '2026-11-23T12:00:00.123456+01:00';
const updated = (id: string | number) => ({ type: 'thing.updated', id, updatedAt });

describe('a delivery of events', () => {
  it('is accepted, told by type, and says what came of it', async () => {
    const gateway = await open();
    gateway.things.result = { refreshed: 1, missing: 1, position: 'era:7-0' };
    const events = [updated('42'), { type: 'thing.created', id: 7 }, { type: 'thing.deleted', id: 'gone' }];
    const { status, body } = await deliver(gateway, { events });
    expect(status).toBe(202);
    expect(body).toEqual({
      accepted: 3,
      duplicates: 0,
      refreshed: 1,
      missing: 1,
      scope: 'cluster',
      position: 'era:7-0',
    });
    const told = [
      { type: 'thing', kind: 'updated', id: '42', updatedAt },
      { type: 'thing', kind: 'created', id: '7', updatedAt: undefined },
      { type: 'thing', kind: 'deleted', id: 'gone', updatedAt: undefined },
    ];
    expect(gateway.things.calls).toEqual([{ events: told, source: 'webhook' }]);
  });

  it('is a line of the audit log', async () => {
    const gateway = await open();
    await deliver(gateway, { events: [updated('42')] }, { id: 'msg_audit' });
    const line = gateway.lines.find(({ event }) => event === 'webhook.applied');
    expect(line).toMatchObject({ webhookId: 'msg_audit', type: 'thing', ids: 1, firstIds: ['42'], reason: 'updated' });
    expect(line).toHaveProperty('position');
    expect(JSON.stringify(gateway.lines)).not.toContain(webhookSecret.slice(6));
  });

  it('that was done before changes nothing, and gives the position it was done at', async () => {
    const gateway = await open();
    gateway.things.result = { position: 'era:7-0' };
    await deliver(gateway, { events: [updated('42'), updated('43')] });
    gateway.things.result = { position: 'era:9-0' };
    const { status, body } = await deliver(gateway, { events: [updated('42'), updated('43')] });
    expect(status).toBe(202);
    expect(body).toMatchObject({ accepted: 0, duplicates: 2, refreshed: 0, missing: 0, position: 'era:7-0' });
    expect(gateway.things.calls).toHaveLength(1);
  });

  it('that failed is not noted as done', async () => {
    const gateway = await open();
    gateway.things.result = Object.assign(new Error('no'), { code: 'UPSTREAM_UNAVAILABLE' });
    expect((await deliver(gateway, { events: [updated('42')] })).status).toBe(503);
    gateway.things.result = {};
    expect((await deliver(gateway, { events: [updated('42')] })).body).toMatchObject({ accepted: 1, duplicates: 0 });
  });

  it.each<[string, Partial<InvalidationResult>]>([
    ['while Redis is away', { deferred: true, scope: 'process' }],
    ['that too few replicas have', { tooFewReplicas: true }],
  ])('%s is 503 with Retry-After, and not noted as done', async (_name, result) => {
    const gateway = await open();
    gateway.things.result = result;
    const { status, headers, body } = await deliver(gateway, { events: [updated('42')] });
    expect(status).toBe(503);
    expect(headers['retry-after']).toBe('5');
    expect(body).toMatchObject({ accepted: 1, scope: result.scope ?? 'cluster', requestId: headers['x-request-id'] });
    gateway.things.result = {};
    expect((await deliver(gateway, { events: [updated('42')] })).body).toMatchObject({ accepted: 1, duplicates: 0 });
  });

  it('may be of a media type of its own, or none', async () => {
    const gateway = await open();
    const text = JSON.stringify({ events: [updated('42')] });
    const at = new Date();
    const signed = {
      'webhook-id': 'msg_plain',
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(webhookSecret).sign('msg_plain', at, text),
    };
    const url = `${gateway.url}/webhooks/upstream`;
    expect((await send(url, { method: 'POST', headers: signed, body: text })).status).toBe(202);
  });
});

describe('what is refused', () => {
  it.each<[string, Delivery]>([
    ['by another secret', { secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }],
    ['of six minutes ago', { at: new Date(Date.now() - 6 * 60_000) }],
    ['of six minutes from now', { at: new Date(Date.now() + 6 * 60_000) }],
    ['of another version', { signature: 'v2,AAAA' }],
    ['that is none', { signature: 'nonsense' }],
  ])('with 401: a signature %s', async (_name, delivery) => {
    const gateway = await open();
    const { status, body } = await deliver(gateway, { events: [updated('42')] }, delivery);
    expect(status).toBe(401);
    expect(body).toMatchObject({ title: 'Unauthorized' });
    expect(gateway.things.calls).toEqual([]);
    expect(gateway.lines.filter(({ event }) => event === 'webhook.refused')).toMatchObject([{ status: 401 }]);
  });

  it('with 401: a body that is not the one that was signed', async () => {
    const gateway = await open();
    const signature = new Webhook(webhookSecret).sign('msg_1', new Date(), '{"events":[]}');
    expect((await deliver(gateway, { events: [updated('42')] }, { signature })).status).toBe(401);
  });

  it('with 401: no headers of a webhook', async () => {
    const gateway = await open();
    const sent = { method: 'POST', body: '{"events":[]}' };
    expect((await send(`${gateway.url}/webhooks/upstream`, sent)).status).toBe(401);
  });

  it('not: a delivery of which one of several signatures is right, as while a secret is rotated', async () => {
    const gateway = await open();
    const text = JSON.stringify({ events: [updated('42')] });
    const at = new Date();
    const signatures = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', webhookSecret].map((secret) =>
      new Webhook(secret).sign('msg_1', at, text),
    );
    expect((await deliver(gateway, text, { at, signature: signatures.join(' ') })).status).toBe(202);
  });

  it('with 400 that names every bad item by its index, and applies nothing', async () => {
    const gateway = await open();
    const events = [
      updated('42'),
      { type: 'lot.updated', id: '1' },
      updated('no/id'),
      { type: 'thing.updated', id: '3', updatedAt: 'yesterday' },
      'nonsense',
    ];
    const { status, body } = await deliver(gateway, { events });
    expect(status).toBe(400);
    const indexes = (body.errors as unknown as { index: number; detail: string }[]).map(({ index }) => index);
    expect([...new Set(indexes)]).toEqual([1, 2, 3, 4]);
    expect(JSON.stringify(body)).toContain('expected one of thing.created, thing.updated, thing.deleted');
    expect(gateway.things.calls).toEqual([]);
  });

  it.each([
    ['no JSON', 'nonsense'],
    ['no object', '[]'],
    ['no events', '{}'],
    ['an empty list', '{"events":[]}'],
    ['nothing', ''],
  ])('with 400: %s', async (_name, text) => {
    const gateway = await open();
    expect((await deliver(gateway, text)).status).toBe(400);
    expect(gateway.things.calls).toEqual([]);
  });

  it('with 400: more than 1,000 events', async () => {
    const gateway = await open();
    const events = Array.from({ length: 1_001 }, (_, index) => ({ type: 'thing.updated', id: index }));
    const { status, body } = await deliver(gateway, { events });
    expect(status).toBe(400);
    expect(JSON.stringify(body.errors)).toContain('expected at most 1000 events, got 1001');
  });

  it('with 413: a body over the cap', async () => {
    const gateway = await open();
    expect((await deliver(gateway, `{"events":[],"padding":"${'x'.repeat(300_000)}"}`)).status).toBe(413);
  });

  it('with 404 where no secret is set', async () => {
    const gateway = await start();
    expect((await deliver(gateway, { events: [updated('42')] })).status).toBe(404);
  });

  it('with 401 whatever else is sent: nobody gets in by luck', async () => {
    const gateway = await open();
    const sent = fc.record({ body: fc.string(), signature: fc.string().map((text) => `v1,${encodeURI(text)}`) });
    await fc.assert(
      fc.asyncProperty(sent, async ({ body, signature }) => {
        expect((await deliver(gateway, body, { signature })).status).toBe(401);
      }),
      { numRuns: 50, seed: 20261125 },
    );
  });
});
