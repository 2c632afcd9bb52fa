/**
 * Writes what `bench/results/` holds of `npm run bench`, `bench:engines` and `bench:drain` into `docs/performance.md`, and
 * draws its pictures: `npm run bench:page`. What has not been measured says so.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { shown } from './shown.ts';
import { replaceBlocks } from './support/blocks.ts';

const page = new URL('../docs/performance.md', import.meta.url);
const images = new URL('../docs/images/', import.meta.url);

await new Command('bench:page')
  .description(
    'Writes the tables of docs/performance.md from bench/results/http.json, engines.json and drain.json, of those that are there.',
  )
  .action(write)
  .parseAsync();

function write(): void {
  for (const { blocks, pictures } of shown()) {
    writeFileSync(page, replaceBlocks(readFileSync(page, 'utf8'), blocks));
    for (const [name, picture] of pictures) writeFileSync(new URL(name, images), picture);
  }
}
