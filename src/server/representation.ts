/**
 * An answer as bytes: in each content coding that it was asked for (RFC 9110, section 8.4), with its validator
 * (section 8.8.3). Each is made when it is first needed.
 */
import { createHash } from 'node:crypto';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { negotiate } from '@fastify/accept-negotiator';
import { LRUCache } from 'lru-cache';

export type Coding = 'br' | 'gzip' | 'identity';

/** Smaller answers do not gain by compression, in bytes. */
export const compressFromBytes = 1024;
/** As fast as gzip, and smaller. */
const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };
/** What `Accept-Encoding` comes to, of so many different ones. */
const codings = new LRUCache<string, Coding>({ max: 100 });

export class Representation {
  readonly contentType: string;
  readonly #bytes: Buffer;
  readonly #coded = new Map<Coding, Buffer>();
  #hash: string | undefined;

  constructor(bytes: Buffer, contentType: string) {
    this.#bytes = bytes;
    this.contentType = contentType;
  }

  /** In all codings made so far. */
  get size(): number {
    return this.#coded.values().reduce((sum, { length }) => sum + length, this.#bytes.length);
  }

  codingFor(acceptEncoding: string | undefined): Coding {
    if (acceptEncoding === undefined || this.#bytes.length < compressFromBytes) return 'identity';
    let coding = codings.get(acceptEncoding);
    if (coding === undefined) {
      coding = (negotiate(acceptEncoding, ['br', 'gzip']) as Coding | null) ?? 'identity';
      codings.set(acceptEncoding, coding);
    }
    return coding;
  }

  in(coding: Coding): Buffer {
    if (coding === 'identity') return this.#bytes;
    const known = this.#coded.get(coding);
    if (known !== undefined) return known;
    const coded = coding === 'br' ? brotliCompressSync(this.#bytes, brotli) : gzipSync(this.#bytes);
    this.#coded.set(coding, coded);
    return coded;
  }

  /** Strong: two answers have the same one only if they are the same, byte for byte, and of the same media type. */
  etag(coding: Coding): string {
    this.#hash ??= createHash('sha256').update(this.contentType).update(this.#bytes).digest('base64url').slice(0, 27);
    return coding === 'identity' ? `"${this.#hash}"` : `"${this.#hash}-${coding}"`;
  }
}

/** Whether the client has it already (RFC 9110, section 13.1.2; compared weakly). */
export function isKnownTo(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, '')));
}
