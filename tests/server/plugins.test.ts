import type { ApolloServerPlugin } from '@apollo/server';
import { describe, expect, test } from 'vitest';
import { type Gateway, keptOf, send, start } from './support.ts';

const query = 'query Named { thing(id: 7) { id name } }';
const json = { 'content-type': 'application/json' };

const post = (gateway: Gateway) =>
  send(`${gateway.url}/graphql`, { method: 'POST', headers: json, body: JSON.stringify({ query }) });
const get = (gateway: Gateway) => send(`${gateway.url}/graphql?query=${encodeURIComponent(query)}`, { headers: json });

describe('plugins of Apollo Server', () => {
  test('that follow requests see each of them, however often it came, with all that they may do', async () => {
    const seen: string[] = [];
    const plugin: ApolloServerPlugin = {
      requestDidStart: async () => ({
        didResolveOperation: async ({ operationName }) => void seen.push(`resolved ${operationName}`),
        willSendResponse: async ({ response }) => {
          response.http.headers.set('x-plugin', 'was here');
          seen.push('sent');
        },
      }),
    };
    const gateway = await start({ options: { plugins: [plugin] } });
    const plain = await start();
    for (const way of [post, post, post, post, get, get, get]) {
      const { status, text, headers } = await way(gateway);
      const without = await way(plain);
      expect([status, text, headers['x-plugin']]).toEqual([200, without.text, 'was here']);
      expect(headers['cache-control']).toBe(without.headers['cache-control']);
    }
    expect(seen).toEqual(Array.from({ length: 7 }, () => ['resolved Named', 'sent']).flat());
    expect([await keptOf(gateway), (await keptOf(plain)) > 0]).toEqual([0, true]);
  });

  test('may refuse a request that was answered before', async () => {
    let isOpen = true;
    const plugin: ApolloServerPlugin = {
      requestDidStart: async () => ({
        didResolveOperation: async () => {
          if (!isOpen) throw new Error('closed');
        },
      }),
    };
    const gateway = await start({ options: { plugins: [plugin] } });
    for (let time = 0; time < 3; time++) expect((await post(gateway)).body.data).toBeDefined();
    isOpen = false;
    const { body, headers } = await post(gateway);
    expect([body.data, body.errors?.[0]?.extensions.code]).toEqual([undefined, 'INTERNAL_SERVER_ERROR']);
    expect(headers['cache-control']).toContain('no-store');
  });

  test('that follow none leave requests the short ways', async () => {
    let started = 0;
    const plugin: ApolloServerPlugin = {
      async serverWillStart() {
        started += 1;
      },
    };
    const gateway = await start({ options: { plugins: [plugin] } });
    for (let time = 0; time < 4; time++) await post(gateway);
    expect([started, (await keptOf(gateway)) > 0]).toEqual([1, true]);
  });
});
