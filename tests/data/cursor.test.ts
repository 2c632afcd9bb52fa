import { expect, test } from 'vitest';
import { decodeCursor, encodeCursor } from '../../src/data/cursor.ts';
import { CursorError } from '../../src/data/reader.ts';

const titles = { order: 'TITLE', direction: 'ASC', filterHash: '' } as const;
const cursor = encodeCursor(titles, { key: 'müller', id: '7' });

test('a cursor comes back as the place it was made of', () => {
  expect(decodeCursor(cursor, titles, 'string')).toEqual({ key: 'müller', id: '7' });
});

test.each([
  ['a byte order mark', (bytes: Buffer) => Buffer.concat([Buffer.from('\ufeff'), bytes])],
  [
    'a byte that no text has',
    (bytes: Buffer) => Buffer.from(bytes).fill(0xff, bytes.indexOf('m'), bytes.indexOf('m') + 1),
  ],
])('a cursor with %s is none: it would stand for another place', (_name, change) => {
  const changed = change(Buffer.from(cursor, 'base64url')).toString('base64url');
  expect(() => decodeCursor(changed, titles, 'string')).toThrow(CursorError);
});

test.each([
  ['null', 'null'],
  ['a number that no row has', '1e999'],
])('a cursor whose key is %s is none, also where no row tells of what kind keys are', (_name, key) => {
  const text = Buffer.from(`[1,"TITLE","ASC",${key},"7",""]`).toString('base64url');
  expect(() => decodeCursor(text, titles, undefined)).toThrow(CursorError);
});
