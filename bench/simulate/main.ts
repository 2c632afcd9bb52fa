/** Deployments up to a thousand replicas and ten million catalogs, from what was measured: `npm run bench:simulate`. */
import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { readResults } from '../support/results.ts';
import { picturesOf, tablesOf } from './report.ts';
import type { Measured, Validated } from './results.ts';

const images = new URL('../../docs/images/', import.meta.url);

await new Command('bench:simulate')
  .description('Prints the tables of docs/scaling.md from bench/results/, and draws docs/images/scaling-*.svg.')
  .action(simulate)
  .parseAsync();

function simulate(): void {
  const measured = readResults<Measured>('costs.json');
  const validated = readResults<Validated>('validation.json');
  const slow = readResults<Validated>('validation-slow.json');
  console.log([...tablesOf({ measured, validated, slow }).values()].join('\n\n'));
  for (const [name, picture] of picturesOf(measured)) writeFileSync(new URL(name, images), picture);
}
