/** P4: two reads of the same at once are noticed, unless a change or a fault accounts for them. */
import { describe, expect, it } from 'vitest';
import type { Span } from './gateway-log.ts';
import type { Change } from './record.ts';
import { stampedesIn } from './stampedes.ts';
import type { UpstreamRead } from './upstream-reads.ts';

const ofRows = (fromMs: number, untilMs: number, ...rows: string[]): UpstreamRead => ({ rows, fromMs, untilMs });
const ofPage = (fromMs: number, untilMs: number, page = 'page=1'): UpstreamRead => ({
  rows: [],
  page,
  fromMs,
  untilMs,
});

/** Of row 7. */
const change = (beganMs: number, acknowledgedMs: number): Change => ({
  by: { replica: 0, life: 1 },
  ids: ['7'],
  purge: false,
  beganMs,
  acknowledgedMs,
  knownElsewhereMs: acknowledgedMs,
});

function found(reads: UpstreamRead[], { changes = [], troubles = [] }: { changes?: Change[]; troubles?: Span[] } = {}) {
  const changesOf = (id: string) => changes.filter(({ ids }) => ids.includes(id));
  return stampedesIn(reads, { changesOf, troubles }).map(({ what, reads, changes }) => ({ what, reads, changes }));
}

describe('P4 no stampede › reads of one row', () => {
  it('one after the other pass', () => {
    expect(found([ofRows(0, 10, '7'), ofRows(10, 20, '7')])).toEqual([]);
  });

  it('at once are noticed, in batches too', () => {
    expect(found([ofRows(0, 10, '7'), ofRows(9, 20, '7')])).toEqual([{ what: 'row 7', reads: 2, changes: 0 }]);
    expect(found([ofRows(0, 10, '6', '7'), ofRows(9, 20, '7', '8')])).toEqual([
      { what: 'row 7', reads: 2, changes: 0 },
    ]);
  });

  it('of which one was never answered are noticed', () => {
    expect(found([ofRows(0, Number.POSITIVE_INFINITY, '7'), ofRows(900, 910, '7')])).toHaveLength(1);
  });

  it('of different rows pass', () => {
    expect(found([ofRows(0, 10, '7'), ofRows(5, 15, '8')])).toEqual([]);
  });

  it('pass with a change of it for each more than one', () => {
    const three = [ofRows(0, 10, '7'), ofRows(5, 15, '7'), ofRows(6, 16, '7')];
    expect(found(three, { changes: [change(4, 20), change(5, 20)] })).toEqual([]);
    expect(found(three, { changes: [change(4, 20)] })).toEqual([{ what: 'row 7', reads: 3, changes: 1 }]);
  });

  it('are noticed with a change that was over before, or began after', () => {
    const two = [ofRows(10, 20, '7'), ofRows(15, 25, '7')];
    expect(found(two, { changes: [change(0, 9), change(16, 30)] })).toHaveLength(1);
  });

  it('pass while something is at fault, and are noticed before and after', () => {
    const two = [ofRows(10, 20, '7'), ofRows(15, 25, '7')];
    expect(found(two, { troubles: [{ fromMs: 0, untilMs: 10 }] })).toEqual([]);
    expect(found(two, { troubles: [{ fromMs: 15, untilMs: 30 }] })).toEqual([]);
    expect(found(two, { troubles: [{ fromMs: 0, untilMs: 9 }] })).toHaveLength(1);
    expect(found(two, { troubles: [{ fromMs: 16, untilMs: 30 }] })).toHaveLength(1);
  });
});

describe('P4 no stampede › reads of one page of the collection', () => {
  it('at once are noticed, whatever changes', () => {
    expect(found([ofPage(0, 10), ofPage(5, 15)], { changes: [change(0, 20)] })).toEqual([
      { what: 'page page=1', reads: 2, changes: 0 },
    ]);
  });

  it('one after the other pass, and so do two pages at once', () => {
    expect(found([ofPage(0, 10), ofPage(10, 20), ofPage(15, 20, 'page=2')])).toEqual([]);
  });
});
