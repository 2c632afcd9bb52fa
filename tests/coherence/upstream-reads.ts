/**
 * What was read upstream, and when: of rows by id and of pages of the collection, from arrival to answer (P4).
 *
 * Node tells of every request and response of the servers in this process; the embedded upstream is the only one.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Span } from './gateway-log.ts';

type Started = { request: IncomingMessage; response: ServerResponse };

export type UpstreamRead = Span & { rows: readonly string[]; page?: string };

const channel = 'http.server.request.start';

export class UpstreamReads {
  /** In the order in which they came. */
  readonly all: UpstreamRead[] = [];
  readonly #note = (message: unknown) => this.#begin(message as Started);

  begin(): void {
    subscribe(channel, this.#note);
  }

  end(): void {
    unsubscribe(channel, this.#note);
  }

  /** Each read of a row, or of a page, with those of the same that were under way when it came. */
  *together(): Generator<{ read: UpstreamRead; row?: string; underWay: UpstreamRead[] }> {
    const latest = new Map<string, UpstreamRead[]>();
    const underWay = (what: string, read: UpstreamRead) => {
      const before = (latest.get(what) ?? []).filter(({ untilMs }) => untilMs > read.fromMs);
      latest.set(what, [...before, read]);
      return before;
    };
    for (const read of this.all) {
      for (const row of read.rows) yield { read, row, underWay: underWay(`row ${row}`, read) };
      if (read.page !== undefined) yield { read, underWay: underWay(`page ${read.page}`, read) };
    }
  }

  #begin({ request, response }: Started): void {
    const what = whatIsRead(new URL(request.url ?? '/', 'http://upstream'));
    if (what === undefined) return;
    const read = { ...what, fromMs: performance.now(), untilMs: Number.POSITIVE_INFINITY };
    this.all.push(read);
    response.once('close', () => {
      read.untilMs = performance.now();
    });
  }
}

/** Of catalogs alone: what is written is catalogs. */
function whatIsRead({ pathname, searchParams }: URL): Pick<UpstreamRead, 'rows' | 'page'> | undefined {
  const [, id] = /^\/catalogs\/([^/]+)$/.exec(pathname) ?? [];
  if (id !== undefined) return { rows: [id] };
  if (pathname !== '/catalogs') return undefined;
  const ids = searchParams.get('ids');
  return ids === null ? { rows: [], page: searchParams.toString() } : { rows: ids.split(',') };
}
