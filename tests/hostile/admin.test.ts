/** Bad input › admin: what is not a command in every part is refused with a code, and nothing has changed. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anyJson, anyText, headerText, oddText, spoilt } from './arbitraries.ts';
import { adminToken, type HostileWorld, type Reply, runs, send, startHostileWorld, timeLimitMs } from './support.ts';

const idText = /^[A-Za-z0-9_-]{1,64}$/;
const members = new Set(['type', 'ids', 'all', 'mode', 'dryRun', 'reason']);

/** Whether it is a command, by the contract. */
function isCommand(body: unknown): boolean {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return false;
  const { type, ids, all, mode, dryRun, reason } = body as Record<string, unknown>;
  if (Object.keys(body).some((name) => !members.has(name))) return false;
  const isId = (id: unknown) =>
    typeof id === 'string' ? idText.test(id) : Number.isSafeInteger(id) && (id as number) >= 0;
  const isList = Array.isArray(ids) && ids.length > 0 && ids.length <= 1_000 && ids.every(isId);
  return (
    (type === 'catalog' || type === 'seller') &&
    (ids === undefined ? all === true : isList && all === undefined) &&
    [undefined, 'refresh', 'purge'].includes(mode as string) &&
    [undefined, true, false].includes(dryRun as boolean) &&
    (reason === undefined || (typeof reason === 'string' && reason.length <= 500))
  );
}

const command = { type: 'catalog', ids: ['1', 2], mode: 'refresh', dryRun: true, reason: 'sold' };

const id = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 1_200 }) },
  fc.stringMatching(idText),
  fc.constantFrom('../sellers', '1,2', 1.5, -1, 2 ** 53, 'x'.repeat(65), '', null, true),
  anyText,
);
const ids = fc.oneof(
  fc.array(id, { maxLength: 4 }),
  fc.constantFrom(1_001, 30_000).map((count) => Array.from({ length: count }, (_, i) => i)),
  anyJson,
);
const field = fc.oneof(
  fc.record({
    name: fc.constant('type'),
    value: fc.oneof(fc.constantFrom('catalog', 'seller', 'Catalog', 'catalogs', '__proto__'), anyJson),
  }),
  fc.record({ name: fc.constant('ids'), value: ids }),
  fc.record({ name: fc.constant('all'), value: fc.oneof(fc.constantFrom(false, 'true', 1), anyJson) }),
  fc.record({ name: fc.constant('mode'), value: fc.oneof(fc.constantFrom('purge', 'PURGE'), anyJson) }),
  fc.record({ name: fc.constant('dryRun'), value: fc.oneof(fc.boolean(), anyJson) }),
  fc.record({ name: fc.constant('reason'), value: fc.oneof(fc.constant('x'.repeat(501)), anyJson) }),
  fc.record({ name: fc.oneof(oddText, fc.constantFrom('force', 'id', 'constructor')), value: anyJson }),
  fc.record({ name: fc.constantFrom('ids', 'type'), value: fc.constant(undefined) }),
);
/** A command with one to three fields changed, or anything at all. */
const anyBody = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .array(field, { minLength: 1, maxLength: 3 })
      .map((changes) =>
        changes.reduce<unknown>((body, { name, value }) => ({ ...(body as object), [name]: value }), command),
      ),
  },
  anyJson,
);

describe('bad input › admin', () => {
  let world: HostileWorld;
  beforeAll(async () => {
    world = await startHostileWorld();
    await world.wellAfter();
  });
  afterAll(() => world.close());

  const invalidate = (text: string | Buffer, headers: Record<string, string> = {}) =>
    send(world.gateway.adminUrl, {
      path: '/admin/invalidate',
      headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json', ...headers },
      body: text,
    });

  /** What would move if anything did. */
  const state = async () => ({
    changes: await world.metric('vitrine_changes_total'),
    requests: world.upstream.requests.count(),
    fills: await world.metric('vitrine_cache_fills_total'),
  });

  /** Refused with 4xx in form, and nothing changed. */
  const expectRefused = async (ask: () => Promise<Reply>, statuses: readonly number[]) => {
    const before = await state();
    const { status, body } = world.wellFormed(await ask());
    expect(statuses).toContain(status);
    expect(body).not.toHaveProperty('position');
    expect(await state()).toEqual(before);
    return body as { errors?: { pointer: string; detail: string }[] };
  };

  it(
    'bodies of any kind are carried out when they are a command, and else refused with every mistake',
    async () => {
      await fc.assert(
        fc.asyncProperty(anyBody, async (body) => {
          const text = JSON.stringify(body);
          if (isCommand(JSON.parse(text))) {
            const { status } = world.wellFormed(await invalidate(text));
            expect(status).toBe(200);
            return;
          }
          const refusal = await expectRefused(() => invalidate(text), [400]);
          // JSON that hides a prototype is refused before it is looked at.
          if (refusal.errors) expect(refusal.errors.length).toBeGreaterThan(0);
          else expect(text).toMatch(/__proto__|prototype/);
        }),
        runs(400),
      );
      await world.wellAfter();
    },
    timeLimitMs,
  );

  it(
    'bodies that are no JSON, or are too large, are refused',
    async () => {
      const text = fc.oneof(
        spoilt([JSON.stringify(command)]),
        anyText,
        fc.constant(' '.repeat(256 * 1024) + JSON.stringify(command)),
      );
      const type = fc.constantFrom(
        'application/json',
        'text/plain',
        'application/x-www-form-urlencoded',
        'application/json; charset=x',
      );
      await fc.assert(
        fc.asyncProperty(text, type, async (body, contentType) => {
          if (isCommand(parsed(body.replace(/^\ufeff/, '')))) return;
          await expectRefused(() => invalidate(body, { 'content-type': contentType }), [400, 413, 415]);
        }),
        runs(200),
      );
      await world.wellAfter();
    },
    timeLimitMs,
  );

  it(
    'without the very token nothing is read and nothing is done',
    async () => {
      const wrong = fc
        .oneof(
          spoilt([`Bearer ${adminToken}`, adminToken], oddText),
          fc.constantFrom(
            '',
            'Bearer',
            'Bearer ',
            `Basic ${adminToken}`,
            `Bearer ${adminToken} x`,
            `Bearer ${adminToken}, Bearer x`,
            `Bearer "${adminToken}"`,
            `bearer${adminToken}`,
            'Bearer undefined',
            'Bearer null',
          ),
        )
        .map(headerText)
        .filter((text) => !/^[\t ]*bearer +admin-secret-5f0c7d[\t ]*$/i.test(text));
      await fc.assert(
        fc.asyncProperty(wrong, anyBody, async (authorization, body) => {
          await expectRefused(() => invalidate(JSON.stringify(body), { authorization }), [401]);
        }),
        runs(250),
      );
      await world.wellAfter();
    },
    timeLimitMs,
  );
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
