/** Answers to be compared: every server must give the same data to the same request. */
import { isDeepStrictEqual } from 'node:util';
import { request } from 'undici';

export type Answer = {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: Buffer;
  data: unknown;
  errors: unknown;
};

export type Target = { url: string; method: 'GET' | 'POST' };

export async function ask(target: Target, body: string): Promise<Answer> {
  const { method } = target;
  const options = { method, headers: headersOf(target), body: method === 'POST' ? body : null };
  const response = await request(addressOf(target, body), options);
  const bytes = Buffer.from(await response.body.arrayBuffer());
  const { data, errors } = parsed(bytes);
  return { status: response.statusCode, headers: response.headers, body: bytes, data, errors };
}

/** To a GET without the second Vitrine gives nothing: a page of another site could have sent it. */
export function headersOf({ method }: Target): Record<string, string> {
  const own = method === 'POST' ? { 'content-type': 'application/json' } : { 'apollo-require-preflight': '1' };
  return { accept: 'application/json', ...own };
}

/** A GET has in its address what a POST has in its body. */
export function addressOf({ url, method }: Target, body: string): string {
  return method === 'POST' ? url : `${url}?${new URLSearchParams(JSON.parse(body) as { query: string })}`;
}

/** @returns What is wrong with an answer; undefined when it gives the data that it should. */
export function faultOf({ status, data, errors, body }: Answer, expected: unknown): string | undefined {
  if (status !== 200) return `answered ${status}: ${beginningOf(body)}`;
  if (errors !== undefined) return `answered with errors: ${JSON.stringify(errors).slice(0, 200)}`;
  return isDeepStrictEqual(data, expected) ? undefined : `answered with other data: ${beginningOf(body)}`;
}

function parsed(bytes: Buffer): { data?: unknown; errors?: unknown } {
  try {
    return JSON.parse(bytes.toString()) as object;
  } catch {
    return {};
  }
}

function beginningOf(body: Buffer): string {
  return JSON.stringify(body.toString().slice(0, 200));
}
