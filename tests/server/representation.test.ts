import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { isKnownTo, Representation } from '../../src/server/representation.ts';

const json = 'application/json; charset=utf-8';
const text = JSON.stringify({ data: { title: 'Ωmega'.repeat(500) } });
const large = () => new Representation(Buffer.from(text), json);

describe('an answer as bytes', () => {
  test.each([
    [undefined, 'identity'],
    ['', 'identity'],
    ['identity', 'identity'],
    ['gzip', 'gzip'],
    ['gzip, deflate, br', 'br'],
    ['gzip;q=1, br;q=0.1', 'gzip'],
    ['br;q=0, gzip;q=0', 'identity'],
    ['zstd', 'identity'],
    ['*', 'br'],
  ])('is asked for by Accept-Encoding %j in the coding %s', (accept, coding) => {
    expect(large().codingFor(accept)).toBe(coding);
  });

  test('is not compressed when it is small', () => {
    expect(new Representation(Buffer.from('{}'), json).codingFor('br')).toBe('identity');
  });

  test('is the same in every coding once it is decoded, and made once', () => {
    const representation = large();
    expect(representation.in('identity').toString()).toBe(text);
    expect(brotliDecompressSync(representation.in('br')).toString()).toBe(text);
    expect(gunzipSync(representation.in('gzip')).toString()).toBe(text);
    expect(representation.in('br')).toBe(representation.in('br'));
    expect(representation.size).toBeGreaterThan(Buffer.byteLength(text));
  });

  test('has a strong validator of its own for each coding, media type and text', () => {
    const etags = [
      large().etag('identity'),
      large().etag('br'),
      large().etag('gzip'),
      new Representation(Buffer.from(text), 'application/graphql-response+json').etag('identity'),
      new Representation(Buffer.from(`${text}\n`), json).etag('identity'),
    ];
    expect(new Set(etags).size).toBe(etags.length);
    for (const etag of etags) expect(etag).toMatch(/^"[\w-]+"$/);
    expect(large().etag('br')).toBe(large().etag('br'));
  });

  test.each([
    [undefined, false],
    ['"a"', true],
    ['W/"a"', true],
    ['"b", "a"', true],
    ['*', true],
    ['"b"', false],
    ['a', false],
    ['"a-br"', false],
  ])('is known to a client that sends If-None-Match %j: %s', (header, known) => {
    expect(isKnownTo(header, '"a"')).toBe(known);
  });
});
