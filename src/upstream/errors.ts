/**
 * The three ways a read of upstream fails. Their messages are for the log; what a client reads is made from the code.
 * No message holds a query or a header: either may carry a secret.
 */
export type UpstreamErrorCode = 'UPSTREAM_UNAVAILABLE' | 'UPSTREAM_TIMEOUT' | 'UPSTREAM_INVALID';

type UpstreamErrorOptions = { retryAfterMs?: number | undefined; cause?: unknown };

export class UpstreamError extends Error {
  override readonly name = 'UpstreamError';
  readonly code: UpstreamErrorCode;
  /** When upstream asked not to be asked again before, in ms from now. */
  readonly retryAfterMs: number | undefined;

  constructor(code: UpstreamErrorCode, message: string, options: UpstreamErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** A request's name in errors, metrics and logs. */
export type Route = {
  /** `catalogs` */
  name: string;
  /** `/catalogs/{id}`, never an id. */
  template: string;
};

/** How a try ended that brought no answer to use: the HTTP status, or what came instead of one. */
export type TryStatus = number | 'timeout' | 'network';

/** One try of one request, failed. Whether it is repeated and whether it counts against upstream follow from `status`. */
export class FailedTry extends UpstreamError {
  readonly status: TryStatus;

  /** @param what - How it went: `answered 503`. */
  constructor(
    route: Route,
    status: TryStatus,
    what: string,
    options: UpstreamErrorOptions & { code?: UpstreamErrorCode } = {},
  ) {
    const code = options.code ?? (status === 'timeout' ? 'UPSTREAM_TIMEOUT' : 'UPSTREAM_UNAVAILABLE');
    super(code, `${route.name}: GET ${route.template} ${what}`, options);
    this.status = status;
  }
}
