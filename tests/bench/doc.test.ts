/** `docs/scaling.md` shows what `bench/results/` holds: a figure that is out of date fails here. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { picturesOf, tablesOf } from '../../bench/simulate/report.ts';
import type { Measured, Validated } from '../../bench/simulate/results.ts';
import { readResults } from '../../bench/support/results.ts';

const measured = readResults<Measured>('costs.json');
const validated = readResults<Validated>('validation.json');
const slow = readResults<Validated>('validation-slow.json');
const page = readFileSync('docs/scaling.md', 'utf8');

describe('the page about scaling', () => {
  it.each([...tablesOf({ measured, validated, slow })])(
    'has the table of %s that npm run bench:simulate prints',
    (_name, table) => {
      expect(page).toContain(table);
    },
  );

  it.each([...picturesOf(measured)])('shows %s as it is drawn from the results', (name, picture) => {
    expect(readFileSync(`docs/images/${name}`, 'utf8')).toBe(picture);
    expect(page).toContain(`(images/${name})`);
  });

  it('names the machine and the versions', () => {
    for (const text of [measured.machine, ...Object.values(measured.versions)]) expect(page).toContain(text);
  });
});
