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
