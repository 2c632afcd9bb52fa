/** Writes what `bench/results/http.json` holds into `docs/performance.md`, and draws its pictures: `npm run bench:page`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { replaceBlocks } from '../support/blocks.ts';
import { readResults } from '../support/results.ts';
import { blocksOf, picturesOf } from './report.ts';
import type { HttpResults } from './results.ts';

const page = new URL('../../docs/performance.md', import.meta.url);
const images = new URL('../../docs/images/', import.meta.url);

await new Command('bench:page')
  .description('Writes the tables of docs/performance.md from bench/results/http.json, and draws its pictures.')
  .action(write)
  .parseAsync();

function write(): void {
  const results = readResults<HttpResults>('http.json');
  writeFileSync(page, replaceBlocks(readFileSync(page, 'utf8'), blocksOf(results)));
  for (const [name, picture] of picturesOf(results)) writeFileSync(new URL(name, images), picture);
}
