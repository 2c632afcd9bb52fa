/** One collection of upstream, read page by page; what `drain` and `batch` have in common. */
import type { PaginationStyle } from '../config.ts';
import { type Route, UpstreamError } from './errors.ts';
import type { Answer } from './http.ts';
import { Frontier, type Page, Pages, type PageToRead } from './pagination.ts';

/** Sends one request, with all that surrounds it; null for 404. */
export type Ask = (route: Route, url: URL, signal: AbortSignal) => Promise<Answer | null>;

export type CollectionOptions = {
  route: Route;
  /** With the query that every page's request has. */
  url: URL;
  style: PaginationStyle;
  pageSize: number;
  ask: Ask;
};

export class Collection {
  readonly route: Route;
  readonly #pages: Pages;
  readonly #ask: Ask;

  constructor(options: CollectionOptions) {
    this.route = options.route;
    this.#ask = options.ask;
    this.#pages = new Pages(options);
  }

  /** The pages to be read, of which only the first is known yet. */
  frontier(): Frontier {
    return new Frontier(this.route, this.#pages.first);
  }

  /** @throws {UpstreamError} UPSTREAM_INVALID when there is no such collection. */
  async readFirst(signal: AbortSignal): Promise<Page> {
    return this.readOrFail({ url: this.#pages.first, number: 1 }, signal);
  }

  async readOrFail(at: PageToRead, signal: AbortSignal): Promise<Page> {
    const page = await this.read(at, signal);
    if (page !== null) return page;
    throw new UpstreamError('UPSTREAM_INVALID', `${this.route.name}: page ${at.number} is not there (404)`);
  }

  /** @returns Null when the page is not there. */
  async read({ url, number }: PageToRead, signal: AbortSignal): Promise<Page | null> {
    const answer = await this.#ask(this.route, url, signal);
    return answer === null ? null : this.#pages.read(answer, number);
  }
}

/** Runs so many loops of `step` at once, each until it has nothing more to do. */
export async function inParallel(loops: number, step: () => Promise<boolean>): Promise<void> {
  const loop = async () => {
    while (await step());
  };
  await Promise.all(Array.from({ length: loops }, loop));
}
