/** One small function for each fault that `faults.ts` lists; `server.ts` calls them in the order drawn there. */
import type { ServerResponse } from 'node:http';
import { type Answer, bytesOf, problem } from './answer.ts';
import type { Collection, LiveCollections, Ordering, Row } from './collections.ts';
import type { Faults } from './faults.ts';
import type { Page } from './pages.ts';
import type { Random } from './random.ts';

/** Where a request stands: what is at fault, and on which route. */
export type Place = { faults: Faults; route: string };

/** What comes instead of the answer, if anything does. */
export type Instead = Answer | 'hang' | 'drop' | undefined;

export function insteadOfAnswer(place: Place, random: Random): Instead {
  const { faults, route } = place;
  if (faults.take('hang', route)) return 'hang';
  if (faults.take('drop', route)) return 'drop';
  return fixedStatus(place) ?? randomError(place, random) ?? rateLimit(place) ?? redirect(place);
}

function fixedStatus({ faults, route }: Place): Answer | undefined {
  const status = faults.take('status', route);
  return status === undefined ? undefined : problem(status, 'A fault was set.');
}

function randomError({ faults, route }: Place, random: Random): Answer | undefined {
  const share = faults.peek('errorRate', route);
  if (share === undefined || random() >= share) return undefined;
  faults.take('errorRate', route);
  return problem(503, 'A fault was set: a share of errors.');
}

function rateLimit({ faults, route }: Place): Answer | undefined {
  const limit = faults.take('rateLimit', route);
  if (limit === undefined) return undefined;
  const answer = problem(429, 'A fault was set: too many requests.');
  return { ...answer, headers: { ...answer.headers, 'retry-after': String(limit.retryAfter) } };
}

function redirect({ faults, route }: Place): Answer | undefined {
  const location = faults.take('redirect', route);
  return location === undefined ? undefined : { status: 302, headers: { location }, body: undefined };
}

/** Which rows are read: those of now, or of when `freeze` was set. */
export function chooseTime(place: Place, live: LiveCollections, frozen: LiveCollections): LiveCollections {
  return place.faults.take('freeze', place.route) ? frozen : live;
}

/** The rows as they go out, the bad ones bad. */
export function spoilRows(place: Place, rows: readonly Row[]): readonly Row[] {
  return unknownEnum(place, malformedRow(place, rows));
}

function malformedRow({ faults, route }: Place, rows: readonly Row[]): readonly Row[] {
  const index = indexOf(rows, faults.peek('malformedRow', route));
  const row = rows[index];
  if (row === undefined) return rows;
  faults.take('malformedRow', route);
  const field = Object.hasOwn(row, 'start_date') ? 'start_date' : 'updated_at';
  return rows.with(index, { ...row, [field]: 'next Tuesday' });
}

function unknownEnum({ faults, route }: Place, rows: readonly Row[]): readonly Row[] {
  const index = indexOf(rows, faults.peek('unknownEnum', route));
  const row = rows[index];
  if (row === undefined) return rows;
  faults.take('unknownEnum', route);
  return rows.with(index, { ...row, status: 'haunted' });
}

function indexOf(rows: readonly Row[], id: string | number | undefined): number {
  return id === undefined ? -1 : rows.findIndex((row) => String(row.id) === String(id));
}

/** @param before - The row before the page, if there is one. */
export function spoilPage(place: Place, page: Page, before: Row | undefined): Page {
  return loop(place, wrongTotal(place, duplicateIds(place, page, before)));
}

function duplicateIds({ faults, route }: Place, page: Page, before: Row | undefined): Page {
  if (before === undefined || page.items.length === 0 || !faults.take('duplicateIds', route)) return page;
  return { ...page, items: page.items.with(0, before) };
}

function wrongTotal({ faults, route }: Place, page: Page): Page {
  const by = faults.take('wrongTotal', route);
  return by === undefined ? page : { ...page, statedTotal: Math.max(0, page.statedTotal + by) };
}

function loop({ faults, route }: Place, page: Page): Page {
  return faults.take('loop', route) ? { ...page, nextOffset: page.offset } : page;
}

/** Changes the collection after a page was made of it. */
export function drift({ faults, route }: Place, collection: Collection, ordering: Ordering | undefined): void {
  const first = collection.rows(ordering).at(0);
  const last = collection.rows(ordering).at(-1);
  if (first === undefined || last === undefined) return;
  switch (faults.take('drift', route)) {
    case undefined:
      return;
    case 'insert':
      collection.putFirst({ ...first, id: collection.freshId() });
      return;
    case 'remove':
      collection.remove(first.id);
      return;
    case 'swap':
      collection.remove(first.id);
      collection.put({ ...last, id: collection.freshId() });
      return;
  }
}

/** Instead of JSON, what a proxy in the way would say. */
export function spoilAnswer({ faults, route }: Place, answer: Answer): Answer {
  if (!faults.take('notJson', route)) return answer;
  return {
    status: 200,
    headers: { 'content-type': 'text/html' },
    body: '<!doctype html><title>Welcome to nginx</title>',
  };
}

/** Sends an answer, with what is wrong with its bytes. */
export async function sendBytes({ faults, route }: Place, response: ServerResponse, answer: Answer): Promise<void> {
  const body = bytesOf(answer);
  if (faults.take('truncate', route)) {
    response.writeHead(answer.status, { ...answer.headers, 'content-length': body.length });
    // The connection ends once the half is on its way.
    response.write(body.subarray(0, Math.ceil(body.length / 2)), () => response.destroy());
    return;
  }
  const extraBytes = faults.take('oversize', route) ?? 0;
  response.writeHead(answer.status, { ...answer.headers, 'content-length': body.length + extraBytes });
  response.write(body);
  await writeSpaces(response, extraBytes);
  response.end();
}

async function writeSpaces(response: ServerResponse, count: number): Promise<void> {
  const chunk = Buffer.alloc(64 * 1024, ' ');
  for (let left = count; left > 0 && !response.destroyed; left -= chunk.length) {
    if (!response.write(chunk.subarray(0, left))) await drained(response);
  }
}

/** Until the reader has taken what was written, or gone away. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.once('drain', done).once('close', done);
  });
}
