/** The form of an answer (P7, P8): what holds of it whatever it is about. */
import { readFileSync } from 'node:fs';
import type { Reply } from './record.ts';
import { secrets } from './settings.ts';

type Path = readonly (string | number)[];

type FieldError = { message: string; path?: Path; extensions: { code: string; requestId: string } };

export type Body = {
  data: Readonly<Record<string, unknown>>;
  errors: readonly FieldError[];
  /** Whether an error says that there is nothing at this place. */
  failed(path: Path): boolean;
};

/** What an upstream that cannot be read may be told as; the others are mistakes of the caller, or of the gateway. */
const failures = ['UPSTREAM_UNAVAILABLE', 'UPSTREAM_TIMEOUT', 'UPSTREAM_INVALID'];

/** The list that clients are told has each of them. */
const listed = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
for (const code of failures) if (!listed.includes(`| \`${code}\` |`)) throw new Error(`${code} is not listed`);

const cacheStatusPattern =
  /^Vitrine; (hit; ttl=-?\d+(; detail=stale-if-error)?|fwd=miss(; stored)?(; collapsed)?|fwd=miss; detail=upstream_[a-z]+)$/;

/** Addresses, stacks, codes of the system. */
const insides = /127\.0\.0\.1|localhost|ECONN|EPIPE|node_modules|\.ts:\d+|\\n\s+at /;

export function readBody({ text }: Reply): Body | undefined {
  try {
    const { data, errors = [] } = JSON.parse(text) as { data?: Record<string, unknown>; errors?: FieldError[] };
    if (data === undefined || data === null) return undefined;
    const paths = new Set(errors.map(({ path }) => JSON.stringify(path)));
    return { data, errors, failed: (path) => paths.has(JSON.stringify(path)) };
  } catch {
    return undefined;
  }
}

/** @returns What is wrong with it. */
export function checkForm(reply: Reply): string[] {
  const body = readBody(reply);
  if (reply.status !== 200 || body === undefined) return [`P7: ${reply.status} ${reply.text.slice(0, 300)}`];
  const wrong = body.errors.flatMap((error) => checkError(error, reply, body));
  if (!cacheStatusPattern.test(reply.cacheStatus ?? '')) wrong.push(`P8: Cache-Status is ${reply.cacheStatus}`);
  if (Object.values(secrets).some((secret) => reply.text.includes(secret))) wrong.push('P7: a secret in an answer');
  return wrong;
}

function checkError({ message, path = [], extensions }: FieldError, { requestId }: Reply, { data }: Body): string[] {
  const { code, requestId: told } = extensions;
  return [
    ...(failures.includes(code) ? [] : [`P7: the error ${code}: ${message}`]),
    ...(told === requestId ? [] : [`P7: an error of the request ${told} in the answer to ${requestId}`]),
    ...(insides.test(message) ? [`P7: an error tells of the inside: ${message}`] : []),
    ...(path.length > 0 && at(data, path) === null
      ? []
      : [`P7: an error at ${path.join('.')}, where there is a value`]),
  ];
}

function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<string | number, unknown> | null)?.[key] ?? null, value);
}
