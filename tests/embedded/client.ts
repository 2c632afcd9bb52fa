/** A plain client of the embedded upstream: what any program with `fetch` sees. */
import type { Row, Style } from '../../src/embedded/index.ts';

export const styles: Style[] = ['page', 'next-link', 'link-header', 'cursor'];

/** One page as every style can tell it; `total` is null where none is stated, `next` where there is none. */
export type SeenPage = { rows: Row[]; total: number | null; next: string | null };

export async function getJson<T>(url: string, init?: RequestInit): Promise<T> {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${response.status} for ${url}: ${await response.text()}`);
  return (await response.json()) as T;
}

export async function getPage(style: Style, url: string): Promise<SeenPage> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${response.status} for ${url}: ${await response.text()}`);
  const body: unknown = await response.json();
  switch (style) {
    case 'page': {
      const { items, page, total_pages, total_items } = body as Record<string, number> & { items: Row[] };
      const next = (page ?? 0) < (total_pages ?? 0) ? withParameter(url, 'page', String((page ?? 0) + 1)) : null;
      return { rows: items, total: total_items ?? null, next };
    }
    case 'next-link': {
      const { results, count, next } = body as { results: Row[]; count: number; next: string | null };
      return { rows: results, total: count, next };
    }
    case 'link-header': {
      const next = /<([^>]*)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1] ?? null;
      return { rows: body as Row[], total: Number(response.headers.get('x-total-count')), next };
    }
    case 'cursor': {
      const { items, next_cursor } = body as { items: Row[]; next_cursor: string | null };
      const next = next_cursor === null ? null : withParameter(url, 'cursor', next_cursor);
      return { rows: items, total: null, next };
    }
  }
}

/** All pages, from the first to the one without a next. */
export async function crawl(style: Style, firstUrl: string): Promise<SeenPage[]> {
  const pages: SeenPage[] = [];
  for (let url: string | null = firstUrl; url !== null; url = pages.at(-1)?.next ?? null) {
    if (pages.length > 1000) throw new Error('These pages do not end.');
    pages.push(await getPage(style, url));
  }
  return pages;
}

export function idsOf(pages: SeenPage[]): string[] {
  return pages.flatMap((page) => page.rows.map((row) => String(row.id)));
}

function withParameter(url: string, name: string, value: string): string {
  const next = new URL(url);
  next.searchParams.set(name, value);
  return next.href;
}
