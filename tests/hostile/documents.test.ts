/** Bad input › the document, and the request that carries it. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anyDocument, anyJson, anyText, oddText, spoilt, validDocuments } from './arbitraries.ts';
import { ask, type HostileWorld, runs, type Sent, send, startHostileWorld, timeLimitMs } from './support.ts';

const contentTypes = [
  'application/json',
  'application/json; charset=utf-16',
  'application/json; charset="',
  'APPLICATION/JSON',
  'application/graphql',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'text/plain',
  'text/plain; charset=utf-8, application/json',
  'x',
  '',
];

const members = ['query', 'variables', 'operationName', 'extensions', '__proto__', 'id', 'constructor'];

/** Bodies that may be anything: texts, JSON of every kind, an operation with members of every kind, a batch. */
const anyOperation = fc.dictionary(fc.constantFrom(...members), anyJson, { maxKeys: 4 });
const body = fc.oneof(
  anyText,
  anyJson.map((value) => JSON.stringify(value)),
  anyOperation.map((operation) => JSON.stringify(operation)),
  fc.array(anyOperation, { maxLength: 3 }).map((batch) => JSON.stringify(batch)),
  spoilt(validDocuments.map((query) => JSON.stringify({ query, variables: {}, operationName: null }))),
);

const persistedQuery = fc.record(
  {
    version: fc.oneof(fc.constantFrom(0, 1, 2, '1'), anyJson),
    sha256Hash: fc.oneof(fc.constant('a'.repeat(64)), anyJson),
  },
  { requiredKeys: [] },
);

/** What may stand in the target of a request; the rest is for `headers.test.ts`. */
const queryText = fc.oneof(
  anyText.map(encodeURIComponentOfAny),
  fc.stringMatching(/^[!-~]{0,30}$/),
  fc.constantFrom('%', '%zz', '%u0041', '+', '{__typename}', '%7B__typename%7D', '%F0%9F', '[]', 'null', '{}', '%00'),
);
const parameter = fc
  .tuple(fc.constantFrom('query', 'variables', 'extensions', 'operationName', 'query[]', '', '__proto__'), queryText)
  .map(([name, value]) => `${name}=${value}`);

function encodeURIComponentOfAny(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

describe('bad input › the document', () => {
  let world: HostileWorld;
  beforeAll(async () => {
    world = await startHostileWorld();
  });
  afterAll(() => world.close());

  /** Each is refused or answered, never a mistake of ours. */
  const holds = async (sent: Sent, statuses: readonly number[]) => {
    const form = world.wellFormed(await send(world.gateway.url, sent));
    expect(statuses).toContain(form.status);
    return form;
  };
  const json = { 'content-type': 'application/json' };

  it(
    'is answered, or refused with a code',
    async () => {
      await fc.assert(
        fc.asyncProperty(anyDocument, async (query) => {
          const form = world.wellFormed(await ask(world.gateway.url, query));
          expect([200, 400]).toContain(form.status);
          if (form.status === 200) expect(form.data).toBeTypeOf('object');
          else expect(form.codes[0]).toMatch(/^(GRAPHQL_|QUERY_TOO_COMPLEX|BAD_|OPERATION_RESOLUTION_FAILURE)/);
        }),
        runs(700),
      );
      await world.wellAfter();
    },
    timeLimitMs,
  );

  it(
    'is refused in any body, of any type and by any method',
    async () => {
      const sent = fc.record({
        method: fc.constantFrom('POST', 'POST', 'POST', 'PUT', 'PATCH', 'DELETE'),
        body,
        type: fc.constantFrom('application/json', ...contentTypes),
      });
      await fc.assert(
        fc.asyncProperty(sent, async ({ method, type, body: text }) => {
          await holds({ method, headers: { 'content-type': type }, body: text }, [200, 400, 405, 415]);
        }),
        runs(500),
      );
      await world.wellAfter();
    },
    timeLimitMs,
  );

  it(
    'is known by no hash, whatever it is said to be',
    async () => {
      await fc.assert(
        fc.asyncProperty(persistedQuery, fc.boolean(), async (persisted, withQuery) => {
          const operation = { extensions: { persistedQuery: persisted }, ...(withQuery && { query: '{__typename}' }) };
          const { codes } = await holds({ headers: json, body: JSON.stringify(operation) }, [200, 400]);
          expect(['PERSISTED_QUERY_NOT_SUPPORTED', 'BAD_REQUEST', 'BAD_USER_INPUT']).toContain(codes[0]);
        }),
        runs(100),
      );
      await world.wellAfter();
    },
    timeLimitMs,
  );

  it(
    'is refused in any query string',
    async () => {
      const headers = fc.constantFrom<Record<string, string>>(json, { 'apollo-require-preflight': '1' }, {});
      const parameters = fc.array(parameter, { maxLength: 4 }).map((all) => all.join('&'));
      await fc.assert(
        fc.asyncProperty(headers, parameters, async (given, query) => {
          await holds({ method: 'GET', path: `/graphql?${query}`, headers: given }, [200, 400, 405]);
        }),
        runs(300),
      );
      await world.wellAfter();
    },
    timeLimitMs,
  );

  it(
    'is refused when it is larger than 256 KiB, of whatever it is made',
    async () => {
      const size = fc.integer({ min: 256 * 1024 + 1, max: 2 ** 20 });
      const filling = fc
        .oneof(fc.constantFrom('a', '[', '{"a":', '\\u0000', '{ a '), oddText)
        .filter((text) => text !== '');
      await fc.assert(
        fc.asyncProperty(size, filling, async (bytes, text) => {
          const large = text.repeat(Math.ceil(bytes / Buffer.byteLength(text)));
          const { codes } = await holds({ headers: json, body: large }, [413]);
          expect(codes).toEqual(['BAD_REQUEST']);
        }),
        runs(15),
      );
      await world.wellAfter();
    },
    timeLimitMs,
  );

  it(
    'is answered as deep and as long as it may be, and refused beyond',
    async () => {
      // As large as a body may be, and as deep as it can be in that.
      const depth = 120_000;
      const deepest = ['[', '{"a":', '{"query":'].map(
        (open) => `{"query":"{__typename}","variables":${open.repeat(depth / open.length)}`,
      );
      for (const text of deepest)
        expect((await holds({ headers: json, body: text }, [400])).codes).toEqual(['BAD_REQUEST']);
      const array = '['.repeat(depth) + ']'.repeat(depth);
      for (const name of ['variables', 'extensions', 'operationName', 'query', 'other']) {
        await holds({ headers: json, body: `{"query":"{__typename}","${name}":${array}}` }, [200, 400]);
      }
      await holds(
        {
          headers: json,
          body: `{"query":"query($f: CatalogFilter){catalogs(filter:$f){totalCount}}","variables":{"f":{"startsFrom":${array}}}}`,
        },
        [400],
      );
      await world.wellAfter();
    },
    timeLimitMs,
  );
});
