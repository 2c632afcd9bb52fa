/** Rows of the races: one that changes, which comes first in the order of titles before and last after it, and lots of others. */
import type { Row } from '../../src/embedded/index.ts';

/** Id of the row that is raced for. */
export const raced = 'raced';

export const oldTitle = 'aa old';
export const newTitle = 'zz new';

/** Updated at one moment all of them, before and after: upstream has no versions to tell them by. */
export function row(id: string, title: string): Row {
  return {
    id,
    title,
    status: 'live',
    start_date: '2026-11-24T12:00:00Z',
    lot_count: 1,
    updated_at: '2026-11-23T12:00:00Z',
  };
}

export function lots(count: number): Row[] {
  return Array.from({ length: count }, (_, index) => row(`lot-${index + 1}`, `lot ${index + 1}`));
}
