/**
 * Control by HTTP, for whoever runs the demo: what misbehaves, what the rows are, what was asked.
 *
 *   GET | PUT | DELETE    /__faults                   PUT sets these faults and ends all others
 *   PUT | PATCH | DELETE  /__rows/{collection}/{id}   PATCH changes some fields and sets `updated_at` to now
 *   GET | DELETE          /__requests                 counts by route
 *
 * These never misbehave, ask for no token and are not counted.
 */
import type { IncomingMessage } from 'node:http';
import { type Answer, json, Refusal } from './answer.ts';
import type { Collection, LiveCollections, Row } from './collections.ts';
import { FaultError, type Faults } from './faults.ts';
import type { RequestLog } from './requests.ts';

export type Controlled = { faults: Faults; collections: LiveCollections; requests: RequestLog };

const maxBodyBytes = 1024 * 1024;

export function isControl(path: string): boolean {
  return path.startsWith('/__');
}

/** @throws {Refusal} 400, 404, 405 or 413, as a problem document. */
export async function control(request: IncomingMessage, path: string, controlled: Controlled): Promise<Answer> {
  const [, room, name, id, ...rest] = path.split('/');
  if (room === '__rows' && name !== undefined && id && rest.length === 0) {
    return controlRow(request, { name, id }, controlled);
  }
  if (room === '__faults' && name === undefined) return controlFaults(request, controlled.faults);
  if (room === '__requests' && name === undefined) return controlRequests(request, controlled.requests);
  throw new Refusal(404, 'There are /__faults, /__requests and /__rows/{collection}/{id}.');
}

async function controlFaults(request: IncomingMessage, faults: Faults): Promise<Answer> {
  switch (request.method) {
    case 'PUT':
      replaceFaults(faults, await readJson(request));
      break;
    case 'DELETE':
      faults.reset();
      break;
    case 'GET':
      break;
    default:
      throw notAllowed('GET, PUT, DELETE');
  }
  return json(faults.active);
}

function replaceFaults(faults: Faults, settings: unknown): void {
  try {
    faults.replace(settings);
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    throw new Refusal(400, error.message, { errors: error.mistakes });
  }
}

async function controlRow(
  request: IncomingMessage,
  { name, id }: { name: string; id: string },
  { collections }: Controlled,
): Promise<Answer> {
  const collection = collections.find(name);
  if (collection === undefined) throw new Refusal(404, `There are the collections ${collections.names().join(', ')}.`);
  const present = collection.get(id);
  switch (request.method) {
    case 'PUT':
      return putRow(collection, { ...(await readRow(request, id)), id: present?.id ?? idLikeOthers(collection, id) });
    case 'PATCH': {
      if (present === undefined) throw noSuchRow(name, id);
      const changes = await readRow(request, id);
      return putRow(collection, { ...present, updated_at: new Date().toISOString(), ...changes, id: present.id });
    }
    case 'DELETE':
      if (present === undefined) throw noSuchRow(name, id);
      collection.remove(id);
      return json(present);
    default:
      throw notAllowed('PUT, PATCH, DELETE');
  }
}

function putRow(collection: Collection, row: Row): Answer {
  collection.put(row);
  return json(row);
}

/** An id that came in a path, as a number where the other rows have numbers. */
function idLikeOthers(collection: Collection, id: string): string | number {
  const areNumbers = typeof collection.rows()[0]?.id === 'number';
  return areNumbers && /^\d{1,15}$/.test(id) ? Number(id) : id;
}

async function readRow(request: IncomingMessage, id: string): Promise<Record<string, unknown>> {
  const body = await readJson(request);
  if (!isRecord(body)) throw new Refusal(400, 'Expected a row: a JSON object.');
  if (body.id !== undefined && String(body.id) !== id) {
    throw new Refusal(400, `id: expected ${id} as in the path, got ${JSON.stringify(body.id)}`);
  }
  return body;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function controlRequests(request: IncomingMessage, requests: RequestLog): Answer {
  switch (request.method) {
    case 'DELETE':
      requests.reset();
      break;
    case 'GET':
      break;
    default:
      throw notAllowed('GET, DELETE');
  }
  return json({ total: requests.count(), routes: requests.counts() });
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // A body that is too long is left unread, so that the refusal can still be sent.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) throw new Refusal(413, `Expected a body of at most ${maxBodyBytes} bytes.`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch (error) {
    throw new Refusal(400, `Expected JSON: ${(error as Error).message}`);
  }
}

export function notAllowed(allow: string): Refusal {
  const refusal = new Refusal(405, `Expected one of ${allow}.`);
  refusal.answer.headers.allow = allow;
  return refusal;
}

export function noSuchRow(name: string, id: string): Refusal {
  return new Refusal(404, `There is no row ${id} in ${name}.`);
}
