/** Rows served in pages, in any of the four styles: at `/things`, one by one at `/things/{id}`. */
import { setTimeout as tick } from 'node:timers/promises';
import { z } from 'zod';
import { instant, wireId, zodCodec } from '../../../src/cache/codec.ts';
import type { PaginationStyle } from '../../../src/config.ts';
import type { Endpoint } from '../../../src/upstream/index.ts';
import type { Asked, Handler, Reply } from './server.ts';

export type Wire = { id: number | string; name: unknown; at: string };

const row = z.object({ id: wireId, name: z.string(), at: instant });
const codec = zodCodec(row);
export type Thing = z.output<typeof row>;

export const things: Endpoint<Thing> = { name: 'things', path: '/things', codec, idOf: (thing) => thing.id };

export function makeRows(count: number, firstId = 1): Wire[] {
  return Array.from({ length: count }, (_, index) => makeRow(firstId + index));
}

export function makeRow(id: number | string): Wire {
  return { id, name: `thing ${id}`, at: '2026-03-04T10:00:00.123456+02:00' };
}

export const idsOf = (rows: readonly { id: string | number }[]): string[] => rows.map(({ id }) => String(id));

export type Served = {
  style: PaginationStyle;
  rows: Wire[];
  /** Rows of a page at most, whatever is asked. */
  cap: number;
  /** What is stated as the total instead of the truth. */
  total?: number;
};

/** Serves what `served` holds at the time of the request; tests change it as they go. */
export function serve(served: Served): Handler {
  return (asked) => {
    const id = /\/things\/(.+)$/.exec(asked.path)?.[1];
    if (id === undefined) return answerPage(served, asked);
    const found = served.rows.find((wire) => String(wire.id) === id);
    return found === undefined ? { status: 404, body: {} } : { body: found };
  };
}

function answerPage({ style, rows: all, cap, total: stated }: Served, { path, query, headers }: Asked): Reply {
  const ids = query.get('ids')?.split(',') ?? query.getAll('id');
  const rows = ids.length === 0 ? all : all.filter((wire) => ids.includes(String(wire.id)));
  const size = Math.min(cap, Number(query.get('page_size') ?? 30));
  const number = Number(query.get(style === 'cursor' ? 'cursor' : 'page') ?? 1);
  const items = rows.slice((number - 1) * size, number * size);
  const pages = Math.ceil(rows.length / size);
  const total = stated ?? rows.length;
  const next = new URLSearchParams(query);
  next.set('page', String(number + 1));
  const link = number < pages ? `${path}?${next}` : null;
  switch (style) {
    case 'page':
      return { body: { items, page: number, page_size: size, total_pages: pages, total_items: total } };
    case 'next-link':
      return { body: { count: total, next: link && `http://${headers.host}${link}`, previous: null, results: items } };
    case 'link-header': {
      const last = `<${path}?page=${pages}>; rel="last"`;
      const links = link === null ? last : `${last}, <${link}>; title="a, \\"b\\""; REL="next other"`;
      return { headers: { link: links, 'x-total-count': String(total) }, body: items };
    }
    case 'cursor':
      return { body: { items, next_cursor: link && String(number + 1) } };
  }
}

/** Resolves when the promises, timers of no time and sockets that are due have had several turns. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await tick(0);
}
