/** An answer before it is sent, and the shape of a refusal. */
import { STATUS_CODES } from 'node:http';

/** A body that is a string is sent as it is, none is sent for undefined, anything else is sent as JSON. */
export type Answer = { status: number; headers: Record<string, string>; body: unknown };

export function bytesOf({ body }: Answer): Buffer {
  if (body === undefined) return Buffer.alloc(0);
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

/** A problem document (RFC 9457); its title is the name of the status. */
export function problem(status: number, detail: string, more: Record<string, unknown> = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'application/problem+json' },
    body: { title: STATUS_CODES[status] ?? 'Unknown', status, detail, ...more },
  };
}

export function json(body: unknown, headers: Record<string, string> = {}): Answer {
  return { status: 200, headers: { 'content-type': 'application/json; charset=utf-8', ...headers }, body };
}

/** A request that cannot be served as asked; becomes a problem document. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly answer: Answer;

  constructor(status: number, detail: string, more: Record<string, unknown> = {}) {
    super(detail);
    this.answer = problem(status, detail, more);
  }
}
