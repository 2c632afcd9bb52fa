/** The checker can fail: what is to be taken out of gateways, to show it, still stands where it is looked for. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { type Sabotage, sabotaged, sabotageNames, sabotages, sourceOf, takeOut, urlOf } from './sabotage.ts';

describe.each(sabotageNames)('without %s', (name) => {
  it('the source lacks what stood there once', () => {
    const { text, instead } = sabotages[name];
    const source = takeOut(sabotages[name], sourceOf(sabotages[name]));
    expect(source).not.toContain(text);
    expect(source).toContain(instead);
  });

  it('a process reads the source so', () => {
    const { text, instead } = sabotages[name];
    const { stdout, stderr } = load(sabotages[name], sabotaged(name));
    expect(stdout).toContain(instead);
    expect(stdout).not.toContain(text);
    expect(stderr).toBe('');
  });
});

it('a process that is told of nothing there is to take out does not start', () => {
  const { status, stderr } = load(sabotages.valid, { ...sabotaged('valid'), COHERENCE_WITHOUT: 'nothing' });
  expect(status).toBe(1);
  expect(stderr).toContain('COHERENCE_WITHOUT is nothing');
});

describe('a text to be taken out', () => {
  const sabotage = { file: 'a file', text: 'if (asked)', instead: 'if (true)' };

  it('that stands there once is', () => {
    expect(takeOut(sabotage, 'if (asked) return;')).toBe('if (true) return;');
  });

  it.each(['if (told) return;', 'if (asked) return; if (asked) return;'])('is missed loudly in: %s', (source) => {
    expect(() => takeOut(sabotage, source)).toThrow('times in a file, and once is right: if (asked)');
  });
});

/** In a process of its own, which prints what it was given. */
function load(sabotage: Sabotage, env: Record<string, string>) {
  const code = `for (const given of Object.values(await import(process.argv[1])))
    console.log(typeof given === 'function' ? String(given) : JSON.stringify(given));`;
  const args = ['--input-type=module', '--eval', code, urlOf(sabotage).href];
  return spawnSync(process.execPath, args, { env: { PATH: process.env.PATH, ...env }, encoding: 'utf8' });
}
