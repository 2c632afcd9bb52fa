/** What the README shows, it shows truly: its first query is asked as it stands there. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCatalogue } from '../src/embedded/index.ts';
import { startWorld, type World } from './support/world.ts';

const block = (markdown: string, language: string) =>
  new RegExp(`\`\`\`${language}\\n(.*?)\\n\`\`\``, 's').exec(markdown)?.[1] ?? '';

describe('the README', () => {
  let readme: string;
  const worlds: World[] = [];
  beforeAll(async () => {
    readme = await readFile('README.md', 'utf8');
  });
  afterAll(() => Promise.all(worlds.map((world) => world.close())));

  for (const day of ['2026-11-23T00:00:00Z', '2028-02-29T23:59:59Z']) {
    it(`prints the answer that its first query gets, on ${day.slice(0, 10)} as on any day`, async () => {
      const world = await startWorld({ upstream: { collections: makeCatalogue(new Date(day)) } });
      worlds.push(world);
      const body = /-d '(.*)'/.exec(block(readme, 'sh'))?.[1] ?? '';
      const { text } = await world.query((JSON.parse(body) as { query: string }).query);
      expect(text.trim()).toBe(block(readme, 'json'));
    });
  }

  it('names files and folders that exist', async () => {
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path]) => path as string);
    const named = [...readme.matchAll(/`((?:tests|examples|docs|src)\/[^`*]+)`/g)].map(([, path]) => path as string);
    const { access } = await import('node:fs/promises');
    for (const path of [...links, ...named]) await expect(access(path), path).resolves.toBeUndefined();
    expect(links.length).toBeGreaterThan(5);
  });
});
