/** Where a fill of one row can be when the row changes. */
import type { Change } from './changes.ts';
import type { Point } from './gates.ts';
import { newTitle, oldTitle, raced } from './rows.ts';

export type FillPoint = Point & {
  name: string;
  /** With a moment its answer is bound to one before the change, so that nobody who comes later may wait for it. */
  has: 'nothing' | 'a moment' | 'the old row';
};

const fill = (name: string, call: string, has: { sent: FillPoint['has']; executed: FillPoint['has'] }, nth = 1) =>
  (['sent', 'executed'] as const).map(
    (when): FillPoint => ({ name: `${name} is ${when}`, call, when, of: raced, nth, has: has[when] }),
  );

const nothing = { sent: 'nothing', executed: 'nothing' } as const;

export const fillPoints: readonly FillPoint[] = [
  ...fill('look in the store', 'store.getMany', nothing),
  ...fill('wish for the lease', 'store.lease', nothing),
  ...fill('second look, with the lease,', 'store.getMany', nothing, 2),
  ...fill('read upstream', 'upstream.one', { sent: 'a moment', executed: 'the old row' }),
  ...fill('commit', 'store.commit', { sent: 'the old row', executed: 'the old row' }),
];

/** Those who asked before the change may be told what was true then, unless it was purged. */
export function expectedOfEarly({ has }: FillPoint, { purges, upstreamFails }: Change): string {
  if (has === 'the old row' && !purges) return oldTitle;
  return upstreamFails ? 'UPSTREAM_UNAVAILABLE' : newTitle;
}
