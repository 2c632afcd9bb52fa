import { describe, expect, it } from 'vitest';
import { findLink, parseLinkHeader } from '../../src/upstream/link-header.ts';

const next = (header: string) => findLink(parseLinkHeader(header), 'next');

describe('a Link header (RFC 8288)', () => {
  it.each([
    ['<https://a.test/?page=2>; rel="next"', 'https://a.test/?page=2'],
    ['<?page=2>; rel=next', '?page=2'],
    ['<?page=2>;rel=next', '?page=2'],
    ['  <?page=2> ; rel = "next" ', '?page=2'],
    ['<?page=2>; REL="NEXT"', '?page=2'],
    ['<?page=2>; rel="last next"', '?page=2'],
    ['<?page=1>; rel="prev", <?page=3>; rel="next", <?page=9>; rel="last"', '?page=3'],
    ['<?page=1>; rel=first,<?page=3>; rel=next', '?page=3'],
    [', ,<?page=2>; rel="next",', '?page=2'],
    ['<?a=1,2;3>; rel="next"', '?a=1,2;3'],
    ['<?page=2>; title="next, <?page=7>; rel=\\"next\\""; rel="next"', '?page=2'],
    ["<?page=2>; title*=UTF-8''n%c3%a4chste; rel=next", '?page=2'],
    ['<?page=2>; crossorigin; rel="next"', '?page=2'],
    ['<?page=2>; ; rel="next";', '?page=2'],
    ['<?page=2>; rel=""; rel="next", <?page=3>; rel="next"', '?page=3'],
    ['<?page=2>; rel="next"; anchor="/elsewhere", <?page=3>; rel="next"', '?page=3'],
    ['<>; rel="next"', ''],
  ])('%s leads on to %s', (header, target) => {
    expect(next(header)).toBe(target);
  });

  it('is read into targets and parameters, of which one without a value is empty', () => {
    const header = '<?page=2>; title="so \\"far\\""; crossorigin; ; REL=next; rel=prev, <?page=9>';
    const parameters = { title: 'so "far"', crossorigin: '', rel: 'next' };
    expect(parseLinkHeader(header)).toEqual([
      { target: '?page=2', parameters: new Map(Object.entries(parameters)) },
      { target: '?page=9', parameters: new Map() },
    ]);
  });

  it.each(['', ' , ', '<?page=2>; rel="prev"', '<?page=2>; rel="nextish"', '<?page=2>', '<?page=2>; title="rel=next"'])(
    '%j leads nowhere',
    (header) => {
      expect(next(header)).toBeUndefined();
    },
  );

  it.each([
    '?page=2; rel="next"',
    '<?page=2; rel="next"',
    '<?page=2>; rel="next',
    '<?page=2> rel="next"',
    '<?page=1>; rel=prev <?page=3>; rel=next',
  ])('%s is refused rather than read as the end', (header) => {
    expect(() => parseLinkHeader(header)).toThrow(SyntaxError);
  });
});
