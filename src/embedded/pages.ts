/**
 * Pages: what a request asks for, and the four envelopes a page can come in.
 *
 *   page         {"items", "page", "page_size", "total_pages", "total_items"}
 *   next-link    {"count", "next", "previous", "results"}, links absolute (Django REST Framework)
 *   link-header  a bare array; Link: <…>; rel="next" and X-Total-Count (RFC 8288)
 *   cursor       {"items", "next_cursor"}, null at the end
 *
 * Beneath all four is an offset, so that what shifts rows shifts them in every style. A page past the end is empty.
 */
import { type Answer, json, Refusal } from './answer.ts';
import type { Ordering, Row } from './collections.ts';

export type Style = 'page' | 'next-link' | 'link-header' | 'cursor';

export type PageRequest = {
  /** How many rows come before the page. */
  offset: number;
  pageSize: number;
  ordering: Ordering | undefined;
  /** Only these rows, in this order, as far as they exist. */
  ids: string[] | undefined;
};

export type Page = {
  items: readonly Row[];
  offset: number;
  pageSize: number;
  /** How many rows there are. */
  total: number;
  /** How many rows the envelope says there are; not the same under the fault `wrongTotal`. */
  statedTotal: number;
  /** Where the next page begins, null at the end. */
  nextOffset: number | null;
};

const defaultPageSize = 100;
const idShape = /^[A-Za-z0-9_-]{1,64}$/;

/** @throws {Refusal} 400 that names the parameter. */
export function readPageRequest(query: URLSearchParams, style: Style, maxPageSize: number): PageRequest {
  const pageSize = Math.min(readCount(query, 'page_size', defaultPageSize), maxPageSize);
  return {
    pageSize,
    offset: style === 'cursor' ? readCursor(query) : (readCount(query, 'page', 1) - 1) * pageSize,
    ordering: readOrdering(query),
    ids: readIds(query),
  };
}

/** @param url - The request's own, with its origin: links repeat its other parameters. */
export function pageAnswer(style: Style, page: Page, url: URL): Answer {
  switch (style) {
    case 'page':
      return json({
        items: page.items,
        page: numberOf(page.offset, page),
        page_size: page.pageSize,
        total_pages: Math.ceil(page.total / page.pageSize),
        total_items: page.statedTotal,
      });
    case 'next-link':
      return json({
        count: page.statedTotal,
        next: page.nextOffset === null ? null : linkTo(url, numberOf(page.nextOffset, page)),
        previous: page.offset === 0 ? null : linkTo(url, numberOf(page.offset, page) - 1),
        results: page.items,
      });
    case 'link-header':
      return json(page.items, { link: linkHeader(page, url), 'x-total-count': String(page.statedTotal) });
    case 'cursor':
      return json({ items: page.items, next_cursor: page.nextOffset === null ? null : toCursor(page.nextOffset) });
  }
}

function numberOf(offset: number, page: Page): number {
  return Math.floor(offset / page.pageSize) + 1;
}

function linkHeader(page: Page, url: URL): string {
  const number = numberOf(page.offset, page);
  const last = Math.max(1, Math.ceil(page.total / page.pageSize));
  const links: [string, number][] = [
    ['first', 1],
    ['last', last],
  ];
  if (page.offset > 0) links.unshift(['prev', Math.min(number - 1, last)]);
  if (page.nextOffset !== null) links.unshift(['next', numberOf(page.nextOffset, page)]);
  return links.map(([rel, target]) => `<${linkTo(url, target)}>; rel="${rel}"`).join(', ');
}

function linkTo(url: URL, page: number): string {
  const link = new URL(url);
  link.searchParams.set('page', String(page));
  return link.href;
}

function readCount(query: URLSearchParams, name: string, fallback: number): number {
  const text = query.get(name);
  if (text === null) return fallback;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw badParameter(name, 'a whole number from 1', text);
  return Number(text);
}

function readOrdering(query: URLSearchParams): Ordering | undefined {
  const text = query.get('ordering');
  if (text === null) return undefined;
  const field = text.replace(/^-/, '');
  if (field === '') throw badParameter('ordering', 'a field, or -field for descending', text);
  return { field, descending: text.startsWith('-') };
}

function readIds(query: URLSearchParams): string[] | undefined {
  const text = query.get('ids');
  if (text === null) return undefined;
  const ids = text.split(',');
  if (!ids.every((id) => idShape.test(id))) throw badParameter('ids', 'ids with commas between them', text);
  return [...new Set(ids)];
}

function toCursor(offset: number): string {
  return Buffer.from(`offset:${offset}`).toString('base64url');
}

function readCursor(query: URLSearchParams): number {
  const text = query.get('cursor');
  if (text === null) return 0;
  const digits = /^offset:(\d{1,12})$/.exec(Buffer.from(text, 'base64url').toString())?.[1];
  if (digits === undefined) throw badParameter('cursor', 'a next_cursor of an earlier page', text);
  return Number(digits);
}

export function badParameter(name: string, expected: string, got: string): Refusal {
  return new Refusal(400, `${name}: expected ${expected}, got ${JSON.stringify(got.slice(0, 100))}`, {
    parameter: name,
  });
}
