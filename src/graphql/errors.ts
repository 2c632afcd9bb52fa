/**
 * Every way a client can fail, in one list; docs/errors.md is checked against it, both ways.
 *
 *   thrown anywhere ─► formatError ─► { message, locations, path, extensions: { code, requestId, retryAfterSeconds } }
 *                          └─► report: what was thrown, for the log
 *
 * What the client did wrong is said in detail. What failed on this side is said in the words of the list: messages
 * of errors name hosts, files and rows, and those are for the log alone.
 */
import { GraphQLError, type GraphQLFormattedError, Kind } from 'graphql';

/** `says` is what the client reads; null where the message names the very mistake. */
type Entry = { means: string; retry: boolean; says: string | null };

export const errorList = {
  BAD_USER_INPUT: {
    means: 'An argument or a variable has a value that cannot be used; the message names it.',
    retry: false,
    says: null,
  },
  QUERY_TOO_COMPLEX: {
    means: 'The query is over a limit of depth, aliases, tokens or cost; the message names the limit.',
    retry: false,
    says: null,
  },
  UPSTREAM_UNAVAILABLE: {
    means: 'The API behind the gateway cannot be reached or answers with an error, and nothing usable is cached.',
    retry: true,
    says: 'The API behind this gateway is not available at the moment.',
  },
  UPSTREAM_TIMEOUT: {
    means: 'The API behind the gateway did not answer in time, or a collection is still being read.',
    retry: true,
    says: 'The API behind this gateway did not answer in time.',
  },
  UPSTREAM_INVALID: {
    means: 'The API behind the gateway answered with something that does not follow its contract.',
    retry: true,
    says: 'The API behind this gateway gave an answer that cannot be used.',
  },
  RATE_LIMITED: {
    means: 'Too many requests in too short a time.',
    retry: true,
    says: 'Too many requests; try again later.',
  },
  UNAUTHENTICATED: {
    means: 'The request does not say who asks, or its credentials are not valid.',
    retry: false,
    says: 'Credentials are missing or not valid.',
  },
  FORBIDDEN: {
    means: 'The one who asks may not do this.',
    retry: false,
    says: 'This is not allowed.',
  },
  PERSISTED_QUERY_REQUIRED: {
    means: 'Only trusted documents are answered, and this is none of them.',
    retry: false,
    says: 'Only trusted documents are answered here.',
  },
  PERSISTED_QUERY_NOT_SUPPORTED: {
    means: 'Documents cannot be named by ids here.',
    retry: false,
    says: null,
  },
  GRAPHQL_PARSE_FAILED: {
    means: 'The query is not GraphQL; the message names the place.',
    retry: false,
    says: null,
  },
  GRAPHQL_VALIDATION_FAILED: {
    means: 'The query does not fit the schema; the message names the place.',
    retry: false,
    says: null,
  },
  OPERATION_RESOLUTION_FAILURE: {
    means: 'The document has no such operation, or has several and none was named.',
    retry: false,
    says: null,
  },
  BAD_REQUEST: {
    means: 'The request is not one that GraphQL over HTTP allows.',
    retry: false,
    says: null,
  },
  INTERNAL_SERVER_ERROR: {
    means: 'A mistake of this gateway; the log has it under the `requestId`.',
    retry: true,
    says: 'Something went wrong on our side.',
  },
} as const satisfies Record<string, Entry>;

export type ErrorCode = keyof typeof errorList;

/** @param message - What was expected and what came; without it, the words of the list. */
export function clientError(code: ErrorCode, message: string = wordsOf(code)): GraphQLError {
  return new GraphQLError(message, { extensions: { code } });
}

export type FormatOptions = {
  /** Also the answer's `X-Request-Id`. */
  requestId: string;
  /** Given what failed on this side, as it was thrown; the client's own mistakes are not reported. */
  report(error: unknown, code: ErrorCode): void;
  /** Whether messages may suggest names of the schema. */
  introspection: boolean;
};

/**
 * The error as the client sees it.
 *
 * @param formatted - What graphql-js or the server made of it; place and path are taken from here.
 * @param error - What was thrown, wrapped or not.
 */
export function formatError(
  formatted: GraphQLFormattedError,
  error: unknown,
  { requestId, report, introspection }: FormatOptions,
): GraphQLFormattedError {
  const thrown = unwrap(error);
  const { code, message } = classify(formatted, { error, thrown });
  if (isOurs(code)) report(thrown, code);
  const retryAfterSeconds = retryAfterSecondsOf(thrown);
  return {
    message: introspection ? message : withoutSuggestions(message),
    ...(formatted.locations && { locations: formatted.locations }),
    ...(formatted.path && { path: formatted.path }),
    extensions: { code, requestId, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) },
  };
}

/** What was thrown first: graphql-js and the server wrap it, more than once. */
function unwrap(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError ? unwrap(error.originalError) : error;
}

function classify(
  formatted: GraphQLFormattedError,
  { error, thrown }: { error: unknown; thrown: unknown },
): { code: ErrorCode; message: string } {
  const upstream = upstreamCodeOf(thrown);
  if (upstream) return { code: upstream, message: wordsOf(upstream) };
  const refusal = refusalOf(formatted);
  if (refusal) return refusal;
  const code = statedCode(formatted) ?? (isClientsInput(error, thrown) ? 'BAD_USER_INPUT' : 'INTERNAL_SERVER_ERROR');
  return { code, message: isOurs(code) ? wordsOf(code) : formatted.message };
}

/** Errors of the upstream client, of deadlines and of the cache are known by their `code`, whatever their class. */
function upstreamCodeOf(thrown: unknown): ErrorCode | undefined {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  return isErrorCode(code) && code.startsWith('UPSTREAM_') ? code : undefined;
}

/** What others refuse in words of their own, said in ours. */
function refusalOf({ message, extensions }: GraphQLFormattedError): { code: ErrorCode; message: string } | undefined {
  const tokens = /^Syntax Error: Document contains more tha[nt] (\d+) tokens\./.exec(message)?.[1];
  if (tokens) return { code: 'QUERY_TOO_COMPLEX', message: overTokens(Number(tokens)) };
  // graphql-js bounds the work of comparing fields that may have to be merged.
  if (message === 'Validation aborted.') {
    return { code: 'QUERY_TOO_COMPLEX', message: 'The query repeats fields too often to be checked.' };
  }
  const incremental = /^Unknown directive "@(defer|stream)"/.exec(message)?.[1];
  if (incremental) {
    return {
      code: 'GRAPHQL_VALIDATION_FAILED',
      message: `Incremental delivery is not offered here: ask without @${incremental}.`,
    };
  }
  // Apollo's words of what is not as its protocol has it, without a code of its own.
  if (/^(Unsupported persisted query version|provided sha does not match query)$/.test(message)) {
    return { code: 'BAD_REQUEST', message };
  }
  if (extensions?.validationErrorCode === 'INTROSPECTION_DISABLED') {
    return { code: 'GRAPHQL_VALIDATION_FAILED', message: 'Introspection is off here: the schema cannot be asked for.' };
  }
  return undefined;
}

function overTokens(max: number): string {
  const count = max.toLocaleString('en');
  return `The query has more than ${count} tokens; at most ${count} are allowed.`;
}

function statedCode({ extensions }: GraphQLFormattedError): ErrorCode | undefined {
  return isErrorCode(extensions?.code) && extensions.code !== 'INTERNAL_SERVER_ERROR' ? extensions.code : undefined;
}

/** graphql-js gives no code to variables and arguments that cannot be coerced, but tells them in words of its own. */
function isClientsInput(error: unknown, thrown: unknown): boolean {
  const isVariable = error instanceof GraphQLError && error.nodes?.[0]?.kind === Kind.VARIABLE_DEFINITION;
  return isVariable || (thrown instanceof GraphQLError && /^Argument "/.test(thrown.message));
}

function retryAfterSecondsOf(thrown: unknown): number | undefined {
  const ms = thrown instanceof Error && 'retryAfterMs' in thrown ? thrown.retryAfterMs : undefined;
  return typeof ms === 'number' ? Math.max(1, Math.ceil(ms / 1000)) : undefined;
}

function withoutSuggestions(message: string): string {
  return message.replace(/ Did you mean .*\?$/s, '');
}

/** Whether it failed on this side, so that the log should have it and the client should not. */
function isOurs(code: ErrorCode): boolean {
  return code.startsWith('UPSTREAM_') || code === 'INTERNAL_SERVER_ERROR';
}

function wordsOf(code: ErrorCode): string {
  const { says, means }: Entry = errorList[code];
  return says ?? means;
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errorList, code);
}
