/** The picture of an experiment can be drawn, and shows its faults, what was silent and what was wrong. */
import { describe, expect, it } from 'vitest';
import type { Finding, Outcome } from './experiment.ts';
import { came, outcome } from './outcomes.ts';
import { timelineOf } from './timeline.ts';

const finding: Finding = { kind: 'wrong', says: 'P5: 7 < 8 & "late"', atMs: 5_000, replica: 1 };
const eventful: Outcome = { ...outcome, findings: [finding], degraded: [[{ fromMs: 1_000, untilMs: 2_000 }], [], []] };
const count = (svg: string, part: string) => svg.split(part).length - 1;

describe('a timeline', () => {
  it.each([
    ['of a run in which all was well', outcome],
    ['of one with a violation', eventful],
    ['of one in which nothing was asked', { ...outcome, marks: [], came: [] }],
  ])('%s is well-formed', (_of, drawn) => {
    const svg = timelineOf(drawn);
    expect(unclosedIn(svg)).toEqual([]);
    expect(unclosedIn(svg.replace('</text>', ''))).not.toEqual([]);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('names each fault, and how long it lasted', () => {
    const svg = timelineOf({ ...outcome, came: [came, { ...came, fromMs: 5_000, untilMs: 7_000, wellMs: 7_500 }] });
    expect(svg).toContain(`<title>${came.fault.name}: 1.0 s, all well 0.0 s later</title>`);
    expect(svg).toContain(`<title>${came.fault.name}: 2.0 s, all well 0.5 s later</title>`);
    expect(count(svg, `>1 ${came.fault.name}</text>`)).toBe(1);
    expect(count(svg, '>1</text>')).toBe(2);
  });

  it('marks what was wrong, with its words', () => {
    expect(timelineOf(outcome)).not.toContain('✖');
    expect(timelineOf(eventful)).toContain('<title>wrong: P5: 7 &lt; 8 &amp; "late"</title>');
    expect(count(timelineOf(eventful), '✖')).toBe(1);
  });

  it('shows where the change log was silent', () => {
    const colour = 'fill="#f6dede"';
    expect(count(timelineOf(eventful), colour)).toBe(count(timelineOf(outcome), colour) + 1);
  });

  it('has a lane for each gateway, and says what was run', () => {
    const svg = timelineOf(outcome);
    for (const name of ['gateway A', 'gateway B', 'gateway C']) expect(svg).toContain(`>${name}</text>`);
    expect(svg).toContain('3 gateways, Redis single, seed 7: 1000 answers, 1 faults, 0 violations');
  });
});

/** @returns Tags that are not closed in order, and characters that stand bare in text. */
function unclosedIn(svg: string): string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  for (const [, text = '', slash, name = '', end] of svg.matchAll(
    /([^<]*)<(\/?)(\w+)(?:\s[\w-]+="[^"<]*")*\s*(\/?)>/g,
  )) {
    if (/&(?!amp;|lt;|gt;|quot;)/.test(text)) wrong.push(text);
    if (slash === '/' && open.pop() !== name) wrong.push(name);
    if (slash === '' && end === '') open.push(name);
  }
  const rest = svg.replaceAll(/<\/?\w+(?:\s[\w-]+="[^"<]*")*\s*\/?>/g, '');
  return [...wrong, ...open, ...(rest.match(/</g) ?? [])];
}
