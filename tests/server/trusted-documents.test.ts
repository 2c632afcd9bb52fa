/** Where documents are trusted, nothing else is answered, and they are answered as ever. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApolloServer } from '@apollo/server';
import { buildSchema } from 'graphql';
import { afterAll, describe, expect, test } from 'vitest';
import { type CompiledOperations, readTrustedDocuments } from '../../src/graphql/index.ts';
import type { Conclusion } from '../../src/server/conclusion.ts';
import { operationPlugin } from '../../src/server/operation.ts';
import { type Answer, ask, type Gateway, type Sent, send, start } from './support.ts';

const json = { 'content-type': 'application/json' };
const thing = 'query Thing($id: ID!) { thing(id: $id) { id name } }';
const several = 'query First { requestId } query Second { readers }';
const misfit = '{ nothing }';
const custom = '{ thing(id: 8) { name } }';
const introspection = '{ __schema { queryType { name } } }';
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const texts = { [sha256(thing)]: thing, [sha256(several)]: several, [sha256(misfit)]: misfit, 'home-page': custom };

const dir = mkdtempSync(join(tmpdir(), 'vitrine-trusted-'));
const manifest = join(dir, 'manifest.json');
writeFileSync(manifest, JSON.stringify(texts));
afterAll(() => rmSync(dir, { recursive: true }));

const startTrusting = () => start({ config: { trustedDocuments: manifest } });
const idOf = (id: unknown, version: unknown = 1) => ({ persistedQuery: { version, sha256Hash: id } });
const variables = { id: '7' };

const post = ({ url }: Gateway, body: object) =>
  send(`${url}/graphql`, { method: 'POST', headers: json, body: JSON.stringify(body) });

function get({ url }: Gateway, parameters: Record<string, unknown>, headers: Sent['headers'] = {}): Promise<Answer> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    search.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  }
  return send(`${url}/graphql?${search}`, { headers: { accept: 'application/json', ...headers } });
}

const codeOf = ({ status, body }: Answer) => [status, body.errors?.[0]?.extensions.code];
const required = [400, 'PERSISTED_QUERY_REQUIRED'];
const answered = { data: { thing: { id: '7', name: 'Thing 7' } } };

describe('a trusted document', () => {
  test.each([
    ['its id', { extensions: idOf(sha256(thing)), variables }],
    ['its text', { query: thing, variables }],
    ['both', { query: thing, extensions: idOf(sha256(thing)), variables }],
  ])('is answered by POST and by GET, named by %s', async (_name, named) => {
    const gateway = await startTrusting();
    for (let time = 1; time <= 3; time++) {
      expect([await post(gateway, named), await get(gateway, named)].map(({ body }) => body)).toEqual([
        answered,
        answered,
      ]);
    }
  });

  test('has one operation or several, of which one is named', async () => {
    const gateway = await startTrusting();
    const extensions = idOf(sha256(several));
    for (let time = 1; time <= 3; time++) {
      const { body } = await post(gateway, { extensions, operationName: 'Second' });
      expect(body).toEqual({ data: { readers: ['Thing'] } });
      expect(codeOf(await post(gateway, { extensions }))).toEqual([400, 'OPERATION_RESOLUTION_FAILURE']);
    }
  });

  test('may have any id that its manifest gives it', async () => {
    const gateway = await startTrusting();
    expect((await get(gateway, { extensions: idOf('home-page') })).body).toEqual({
      data: { thing: { name: 'Thing 8' } },
    });
  });

  test('is answered from what was kept, by GET and without a body, with a tag that spares sending it again', async () => {
    const gateway = await startTrusting();
    const named = { extensions: idOf(sha256(thing)), variables };
    for (let time = 1; time <= 3; time++) await get(gateway, named);
    const { readers, loads } = gateway.things;
    const kept = await get(gateway, named);
    expect(gateway.things).toMatchObject({ readers, loads });
    expect(kept.headers['cache-status']).toMatch(/^Vitrine; hit; ttl=\d+$/);
    expect(kept.text).toBe((await post(gateway, { query: thing, variables })).text);
    const known = await get(gateway, named, { 'if-none-match': String(kept.headers.etag) });
    expect([known.status, known.text]).toEqual([304, '']);
    const other = await get(gateway, { ...named, variables: { id: '8' } });
    expect(other.body).toEqual({ data: { thing: { id: '8', name: 'Thing 8' } } });
  });

  test('that does not fit the schema is told at the start, and answered with its mistakes', async () => {
    const gateway = await startTrusting();
    expect(gateway.lines).toContainEqual(
      expect.objectContaining({ event: 'graphql.trusted_invalid', id: sha256(misfit), level: 40 }),
    );
    const answer = await post(gateway, { extensions: idOf(sha256(misfit)) });
    expect(codeOf(answer)).toEqual([400, 'GRAPHQL_VALIDATION_FAILED']);
  });

  test('has variables that are checked', async () => {
    const gateway = await startTrusting();
    for (let time = 1; time <= 3; time++) {
      const answer = await post(gateway, { extensions: idOf(sha256(thing)), variables: { id: [7] } });
      expect(codeOf(answer)).toEqual([400, 'BAD_USER_INPUT']);
    }
  });
});

describe('what is not trusted', () => {
  test.each([
    ['another text', { query: '{ thing(id: 7) { id } }' }],
    ['a trusted text with a blank more', { query: `${thing} `, variables }],
    ['what is no GraphQL', { query: '{' }],
    ['introspection', { query: introspection }],
    ['an id that is not known', { extensions: idOf(sha256('{ readers }')) }],
    ['an id that every object knows', { extensions: idOf('constructor') }],
    ['an id that is none', { extensions: idOf(7) }],
    ['an id of another version', { extensions: idOf(sha256(thing), 2), variables }],
    ['another text beside a trusted id', { query: '{ readers }', extensions: idOf(sha256(thing)) }],
  ])('is refused, however often it is asked for: %s', async (_name, named) => {
    const gateway = await startTrusting();
    for (let time = 1; time <= 3; time++) {
      expect(codeOf(await post(gateway, named))).toEqual(required);
      expect(codeOf(await get(gateway, named))).toEqual(required);
      expect(codeOf(await get(gateway, named, { 'apollo-require-preflight': '1' }))).toEqual(required);
    }
    expect(gateway.things.loads).toBe(0);
    expect(gateway.lines.filter(({ event }) => event === 'graphql.untrusted')).toHaveLength(9);
    expect(gateway.lines.map(({ event }) => event)).not.toContain('graphql.error');
  });

  test('is nothing that a client has sent with its own hash before', async () => {
    const gateway = await startTrusting();
    const query = '{ readers }';
    await post(gateway, { query, extensions: idOf(sha256(query)) });
    expect(codeOf(await post(gateway, { extensions: idOf(sha256(query)) }))).toEqual(required);
  });

  test('is not answered either where it hides among parameters', async () => {
    const gateway = await startTrusting();
    const { url } = gateway;
    const padding = Array.from({ length: 1_100 }, (_, index) => `p${index}=`).join('&');
    const answer = await send(`${url}/graphql?${padding}&query=${encodeURIComponent('{ readers }')}`);
    expect(codeOf(answer)).toEqual(required);
    const encoded = await send(`${url}/%67raphql?query=%7Breaders%7D`, {
      headers: { 'apollo-require-preflight': '1' },
    });
    expect(codeOf(encoded)).toEqual(required);
    const twice = await send(`${url}/graphql?query=${encodeURIComponent(several)}&query=%7Breaders%7D`);
    expect(codeOf(twice)).toEqual([400, 'BAD_REQUEST']);
  });

  test('is not executed either where Apollo reads a request otherwise than this gateway', async () => {
    const trusted = readTrustedDocuments(manifest);
    const conclusion = { of: () => ({}) } as unknown as Conclusion;
    const operations = { admit: () => {} } as unknown as CompiledOperations;
    const schema = buildSchema('type Query { readers: [String!] }');
    const apollo = new ApolloServer<never>({ schema, plugins: [operationPlugin({ conclusion, operations, trusted })] });
    const { body } = await apollo.executeOperation({ query: '{ readers }' }, { contextValue: {} as never });
    expect(body).toMatchObject({ singleResult: { errors: [{ extensions: { code: 'PERSISTED_QUERY_REQUIRED' } }] } });
    expect(body).not.toHaveProperty('singleResult.data');
  });

  test.each([
    ['nothing', {}],
    ['an empty text', { query: '' }],
    ['a text that is none', { query: 7 }],
    ['a trusted text beside the id of another', { query: thing, extensions: idOf('home-page'), variables }],
    ['a trusted text beside another version', { query: thing, extensions: idOf(sha256(thing), 2), variables }],
  ])('is a mistake of its own, where it names %s', async (_name, body) => {
    const gateway = await startTrusting();
    expect(codeOf(await post(gateway, body))).toEqual([400, 'BAD_REQUEST']);
  });
});

describe('beside trusted documents', () => {
  test('browsers are shown the explorer as ever', async () => {
    const { url } = await startTrusting();
    const { status, headers } = await send(`${url}/graphql`, { headers: { accept: 'text/html' } });
    expect([status, headers['content-type']]).toEqual([200, expect.stringContaining('text/html')]);
  });

  test('a POST that a page of another site can send stays refused', async () => {
    const { url } = await startTrusting();
    const body = JSON.stringify({ extensions: idOf('home-page') });
    const answer = await send(`${url}/graphql`, { method: 'POST', headers: { 'content-type': 'text/plain' }, body });
    expect(answer.status).toBe(400);
    expect(answer.body.data).toBeUndefined();
  });

  test('without a manifest a GET needs its header, and ids mean nothing', async () => {
    const gateway = await start();
    expect(codeOf(await get(gateway, { query: thing, variables }))).toEqual([400, 'BAD_REQUEST']);
    expect(codeOf(await post(gateway, { extensions: idOf('home-page') }))[1]).toBe('PERSISTED_QUERY_NOT_SUPPORTED');
    expect((await ask(gateway, thing, { variables })).body).toEqual(answered);
  });
});
