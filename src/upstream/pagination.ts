/**
 * Pages: how a collection is asked for, and what its answers say, in the four styles.
 *
 *   page         {items, page, page_size, total_pages, total_items}: the first page tells all the others
 *   next-link    {count, next, previous, results}: each tells the next (Django REST Framework)
 *   link-header  an array, or {items}; Link: <…>; rel="next", X-Total-Count: each tells the next (RFC 8288)
 *   cursor       {items, next_cursor}: each tells the next
 *
 * How many rows a page has is the server's choice; nothing here relies on it.
 */
import { z } from 'zod';
import type { PaginationStyle } from '../config.ts';
import { type Route, UpstreamError } from './errors.ts';
import { type Answer, followWithinOrigin, shownOrigin } from './http.ts';
import { findLink, parseLinkHeader } from './link-header.ts';

export type Page = {
  rows: readonly unknown[];
  /** How many rows the collection has, where the page states it. */
  total: number | undefined;
  /** What the page tells of the pages after it. */
  next: Iterable<URL>;
};

type Style = {
  first(url: URL, pageSize: number): URL;
  /** @throws {Malformed} When a field is missing that the style needs. */
  read(answer: Answer): Page;
};

/** What is wrong with a page. */
class Malformed extends Error {}

const count = z.int().nonnegative();
const rows = z.array(z.unknown());

const pageEnvelope = z.object({ items: rows, total_pages: count, total_items: count });
const nextLinkEnvelope = z.object({ results: rows, next: z.string().nullable(), count: count.optional() });
const linkHeaderEnvelope = z.union([rows, z.object({ items: rows }).transform(({ items }) => items)]);
const cursorEnvelope = z.object({ items: rows, next_cursor: z.string().nullable() });

const styles: Record<PaginationStyle, Style> = {
  page: {
    first: (url, pageSize) => withQuery(url, { page: 1, page_size: pageSize }),
    read({ url, body }) {
      const { items, total_pages, total_items } = parse(pageEnvelope, body);
      // Every page but an empty collection's only one has a row; more pages than that would never end.
      if (total_pages > Math.max(1, total_items)) {
        throw new Malformed(`promises ${total_pages} pages for ${total_items} rows`);
      }
      const isFirst = Number(url.searchParams.get('page') ?? 1) === 1;
      return { rows: items, total: total_items, next: isFirst ? pagesAfterFirst(url, total_pages) : [] };
    },
  },
  'next-link': {
    first: (url, pageSize) => withQuery(url, { page_size: pageSize }),
    read({ url, body }) {
      const envelope = parse(nextLinkEnvelope, body);
      return { rows: envelope.results, total: envelope.count, next: follow(envelope.next, url) };
    },
  },
  'link-header': {
    first: (url, pageSize) => withQuery(url, { page_size: pageSize }),
    read({ url, body, header }) {
      const total = header('x-total-count');
      return {
        rows: parse(linkHeaderEnvelope, body),
        total: total === undefined ? undefined : readTotal(total),
        next: follow(nextOf(header('link') ?? ''), url),
      };
    },
  },
  cursor: {
    first: (url, pageSize) => withQuery(url, { page_size: pageSize }),
    read({ url, body }) {
      const { items, next_cursor: cursor } = parse(cursorEnvelope, body);
      return { rows: items, total: undefined, next: cursor ? [withQuery(url, { cursor })] : [] };
    },
  },
};

/** One collection's pages: the address of the first, and how to read an answer. */
export class Pages {
  readonly first: URL;
  readonly #route: Route;
  readonly #style: Style;

  constructor(options: { route: Route; url: URL; style: PaginationStyle; pageSize: number }) {
    this.#route = options.route;
    this.#style = styles[options.style];
    this.first = this.#style.first(options.url, options.pageSize);
  }

  /** @throws {UpstreamError} UPSTREAM_INVALID for a page that is not of the style. */
  read(answer: Answer, number: number): Page {
    try {
      return this.#style.read(answer);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      throw new UpstreamError('UPSTREAM_INVALID', `${this.#route.name}: page ${number} ${error.message}`);
    }
  }
}

/** A page to be read, and how many were taken up to it. */
export type PageToRead = { url: URL; number: number };

/** The pages that are known of and were not read yet. */
export class Frontier {
  readonly #route: Route;
  readonly #seen = new Set<string>();
  #next: Iterator<URL>[] = [];
  #taken = 0;

  constructor(route: Route, first: URL) {
    this.#route = route;
    this.add([first]);
  }

  add(urls: Iterable<URL>): void {
    this.#next.push(urls[Symbol.iterator]());
  }

  /** @throws {UpstreamError} UPSTREAM_INVALID for a page taken before: such pages would never end. */
  take(): PageToRead | undefined {
    for (let [iterator] = this.#next; iterator !== undefined; [iterator] = this.#next) {
      const step = iterator.next();
      if (!step.done) return this.#taking(step.value);
      this.#next = this.#next.slice(1);
    }
    return undefined;
  }

  #taking(url: URL): PageToRead {
    if (this.#seen.has(url.href)) {
      const message = `${this.#route.name}: page ${this.#taken} leads back to a page already read`;
      throw new UpstreamError('UPSTREAM_INVALID', message);
    }
    this.#seen.add(url.href);
    this.#taken += 1;
    return { url, number: this.#taken };
  }
}

function* pagesAfterFirst(first: URL, totalPages: number): Iterable<URL> {
  for (let page = 2; page <= totalPages; page++) yield withQuery(first, { page });
}

function follow(link: string | null | undefined, at: URL): URL[] {
  if (link === null || link === undefined) return [];
  const url = followWithinOrigin(link, at);
  if (url === null) {
    throw new Malformed(`leads on to ${shownOrigin(link, at)}; links are followed within ${at.origin} only`);
  }
  url.hash = '';
  return [url];
}

function nextOf(header: string): string | undefined {
  try {
    return findLink(parseLinkHeader(header), 'next');
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Malformed(`has a Link header that cannot be read: ${error.message}`);
  }
}

function readTotal(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new Malformed('has an X-Total-Count that is no number');
  return Number(text);
}

function parse<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.join('.') || 'the body';
  throw new Malformed(`is not of the style: ${field}: ${issue?.message ?? 'does not fit'}`);
}

function withQuery(url: URL, parameters: Record<string, string | number>): URL {
  const changed = new URL(url);
  for (const [name, value] of Object.entries(parameters)) changed.searchParams.set(name, String(value));
  return changed;
}
