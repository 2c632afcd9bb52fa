/** What the guide shows is what the example runs. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const guide = readFileSync('docs/bring-your-own-api.md', 'utf8');
const blocks = [...guide.matchAll(/```(ts|graphql)\n(.*?)```/gs)].map(([, language = '', code = '']) => ({
  language,
  code,
  title: code.trim().split('\n')[0] ?? '',
}));
const sources = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.(ts|graphql)$/.test(path) && !path.endsWith('.test.ts'))
  .map((path) => ({ path, text: readFileSync(join(import.meta.dirname, path), 'utf8') }));

it('finds the code of the guide', () => {
  expect(blocks.length).toBeGreaterThan(5);
});

it.each(blocks)('finds in the example, word for word, `$title` of docs/bring-your-own-api.md', ({ language, code }) => {
  const files = sources.filter(({ path, text }) => path.endsWith(language) && text.includes(code));
  expect(files.map(({ path }) => path)).toHaveLength(1);
});
