/** `docs/upstream.openapi.yaml` is what the embedded upstream serves, and so what any upstream has to. */
import { readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { type EmbeddedUpstream, makeCatalogue, startEmbeddedUpstream } from '../../src/embedded/index.ts';

type Node = { [key: string]: Node } & { $ref?: string };

let document: Node;
const ajv = new Ajv2020({ strict: false, allErrors: true });
beforeAll(async () => {
  document = parse(await readFile('docs/upstream.openapi.yaml', 'utf8')) as Node;
  addFormats.default(ajv);
  ajv.addSchema(document, 'document');
});

const pointer = (...keys: string[]) => keys.map((key) => key.replaceAll('~', '~0').replaceAll('/', '~1')).join('/');

/** What is wrong with a body, by the document's schema for that answer; nothing when it fits. */
function mistakesOf(path: string, { status, type, body }: Reply): string[] {
  const response = document.paths?.[path]?.get?.responses?.[String(status)];
  if (response === undefined) return [`no answer ${status} is stated for ${path}`];
  const place = response.$ref ?? `#/${pointer('paths', path, 'get', 'responses', String(status))}`;
  const validate = ajv.compile({ $ref: `document${place}/${pointer('content', type, 'schema')}` });
  return validate(body) ? [] : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
}

type Reply = { status: number; type: string; body: unknown };

async function ask(upstream: EmbeddedUpstream, path: string, token = 'sesame'): Promise<Reply> {
  const response = await fetch(upstream.url + path, { headers: { authorization: `Bearer ${token}` } });
  const [type = ''] = (response.headers.get('content-type') ?? '').split(';');
  return { status: response.status, type, body: await response.json() };
}

describe('the OpenAPI document', () => {
  for (const style of ['page', 'next-link', 'link-header', 'cursor'] as const) {
    for (const integerIds of [false, true]) {
      it(`states every answer in pages of style ${style}, ids as ${integerIds ? 'integers' : 'strings'}`, async () => {
        const collections = makeCatalogue(new Date('2026-11-23'), { integerIds });
        const upstream = await startEmbeddedUpstream({ collections, style, token: 'sesame' });
        onTestFinished(() => upstream.close());
        const asked = [
          { path: '/catalogs', url: '/catalogs?page_size=500' },
          { path: '/catalogs', url: '/catalogs?ids=1,2,99999&ordering=-start_date' },
          { path: '/sellers', url: '/sellers' },
          { path: '/catalogs/{id}', url: '/catalogs/5' },
          { path: '/sellers/{id}', url: '/sellers/5' },
          { path: '/sellers/{id}', url: '/sellers/none' },
          { path: '/catalogs', url: '/catalogs?page_size=0' },
        ];
        for (const { path, url } of asked) expect(mistakesOf(path, await ask(upstream, url)), url).toEqual([]);
        expect(mistakesOf('/catalogs', await ask(upstream, '/catalogs', 'wrong'))).toEqual([]);
        for (const fault of [{ rateLimit: { retryAfter: 1 } }, { status: 503 }]) {
          upstream.faults.set(fault);
          expect(mistakesOf('/sellers', await ask(upstream, '/sellers'))).toEqual([]);
          upstream.faults.reset();
        }
        upstream.faults.set({ malformedRow: 1 });
        expect(mistakesOf('/catalogs/{id}', await ask(upstream, '/catalogs/1'))).not.toEqual([]);
      });
    }
  }

  it('describes every property, and refers to nothing that is not there', () => {
    const visit = (node: unknown, path: string): void => {
      if (typeof node !== 'object' || node === null) return;
      const { $ref, properties } = node as Node;
      if (typeof $ref === 'string') {
        const target = $ref
          .slice(2)
          .split('/')
          .reduce<Node | undefined>((at, key) => at?.[key], document);
        expect(target, `${path}: ${$ref}`).toBeDefined();
      }
      if (properties && !path.includes('allOf')) {
        for (const [name, property] of Object.entries(properties)) {
          expect(property, `${path}.${name}`).toHaveProperty('description');
        }
      }
      for (const [key, child] of Object.entries(node)) visit(child, `${path}/${key}`);
    };
    visit(document, '');
  });
});
