/** Errors as the cache handles them: by their code alone. What made them is known to the room that threw. */

/** A read that failed in another process or a moment ago; only its code is known. */
export class ReadError extends Error {
  override readonly name = 'ReadError';
  readonly code: string;

  constructor(code: string) {
    super(`a read failed a moment ago: ${code}`);
    this.code = code;
  }
}

/** The code of whatever was thrown; what has none is a failure of upstream to us. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z_]{1,64}$/.test(code) ? code : 'UPSTREAM_UNAVAILABLE';
}

export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
