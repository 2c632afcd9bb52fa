/** The example as it is run: its own process, over the API that comes with it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeNodeId } from '../../src/index.ts';
import { startUpstream } from './upstream.ts';

const everyPost = '{ posts(first: 100) { totalCount nodes { title author { name } } } }';

/** What the API was asked, in order. */
const asked: string[] = [];
let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: { url: string; process: ChildProcess };

beforeAll(async () => {
  upstream = await startUpstream((path) => asked.push(path));
  gateway = await startExample({ PORT: '0', UPSTREAM_URL: upstream.url.href, LOG_LEVEL: 'warn' });
});

afterAll(async () => {
  gateway.process.kill('SIGTERM');
  await once(gateway.process, 'exit');
  await upstream.close();
});

describe('users and posts, without a change under src/', () => {
  it('reads 100 posts and their authors with one drain and at most one batch', async () => {
    const { posts } = await ask<{ posts: { totalCount: number; nodes: { author: unknown }[] } }>(everyPost);
    expect(posts.totalCount).toBe(100);
    expect(posts.nodes[0]).toEqual({ title: 'Of gardens, part 1', author: { name: 'Ada Example' } });
    expect(posts.nodes[99]).toEqual({ title: 'a walk, part 10', author: { name: 'Jorge Example' } });
    expect(posts.nodes.every(({ author }) => author !== null)).toBe(true);
    // A drain looks at its first page twice: it is whole only when nothing moved meanwhile.
    expect(countOf(/^\/posts\?page_size=/)).toBe(2);
    expect(countOf(/^\/users\?id=/)).toBeLessThanOrEqual(1);
    expect(countOf(/^\/(posts|users)\//)).toBe(0);
  });

  it('asks the API nothing the second time', async () => {
    await ask('{ users(first: 0) { totalCount } }'); // Until the users are read too.
    const before = asked.length;
    const [first, second] = [await ask(everyPost), await ask(everyPost)];
    expect(second).toEqual(first);
    expect(asked.length).toBe(before);
  });

  it.each([
    ['ID', (post: Post) => post.id],
    ['TITLE', (post: Post) => post.title.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()],
  ] as const)('gives every post once, page by page, by %s in both directions', async (field, keyOf) => {
    const rows = (await (await fetch(new URL('/posts', upstream.url))).json()) as Post[];
    const sorted = rows.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)).map(({ title }) => title);
    expect(await walk(field, 'ASC')).toEqual(sorted);
    expect(await walk(field, 'DESC')).toEqual(sorted.toReversed());
  });

  it('nests the posts of a user, filtered', async () => {
    const { users } = await ask(`{ users(first: 1) { nodes {
      name website posts(filter: { titleContains: "ELAN" }) { totalCount nodes { title author { name } } }
    } } }`);
    expect(users).toEqual({
      nodes: [
        {
          name: 'Ada Example',
          website: 'ada.example',
          posts: { totalCount: 1, nodes: [{ title: 'Élan, part 1', author: { name: 'Ada Example' } }] },
        },
      ],
    });
  });

  it('finds a post and a user by their global ids', async () => {
    const data = await ask(
      'query ($post: ID!, $user: ID!) { post(id: $post) { sourceId title } node(id: $user) { __typename ... on User { name } } }',
      { post: encodeNodeId('Post', '7'), user: encodeNodeId('User', '2') },
    );
    expect(data).toEqual({
      post: { sourceId: '7', title: 'On letters, part 1' },
      node: { __typename: 'User', name: 'Blaise Example' },
    });
  });

  it.each([
    ['no post has', encodeNodeId('Post', '101')],
    ['is a user’s', encodeNodeId('User', '1')],
    ['is none', 'nonsense'],
  ])('answers null for a post id that %s', async (_, id) => {
    expect(await ask('query ($id: ID!) { post(id: $id) { title } }', { id })).toEqual({ post: null });
  });

  it('answers the query of its README as the README says', async () => {
    const readme = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8');
    const [, query = '', answer = ''] = /```graphql\n(.*?)```.*```json\n(.*?)```/s.exec(readme) ?? [];
    expect({ data: await ask(query) }).toEqual(JSON.parse(answer));
  });
});

type Post = { id: number; title: string };

/** Runs `main.ts`, and waits until it says where it listens. */
async function startExample(settings: Record<string, string>) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts')], {
    env: { PATH: process.env.PATH, ...settings },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const url = / at (\S+\/graphql)$/.exec(line)?.[1];
    if (url !== undefined) return { url, process: child };
  }
  throw new Error('The example ended before it listened.');
}

async function ask<D = Record<string, unknown>>(query: string, variables: object = {}): Promise<D> {
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data: D; errors?: unknown };
  expect(errors).toBeUndefined();
  return data;
}

type TitlesPage = { posts: { nodes: Post[]; pageInfo: { hasNextPage: boolean; endCursor: string } } };

/** The titles of all posts, 30 at a time. */
async function walk(field: string, direction: string): Promise<string[]> {
  const titles: string[] = [];
  for (let after: string | null = null; ; ) {
    const { posts }: TitlesPage = await ask<TitlesPage>(
      `query ($after: String, $orderBy: PostOrder) {
        posts(first: 30, after: $after, orderBy: $orderBy) { nodes { title } pageInfo { hasNextPage endCursor } }
      }`,
      { after, orderBy: { field, direction } },
    );
    titles.push(...posts.nodes.map(({ title }) => title));
    if (!posts.pageInfo.hasNextPage) return titles;
    after = posts.pageInfo.endCursor;
  }
}

function countOf(path: RegExp): number {
  return asked.filter((one) => path.test(one)).length;
}
