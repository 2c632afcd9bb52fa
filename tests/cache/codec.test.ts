import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { CodecError, instant, versionOfTime, wireId, zodCodec } from '../../src/cache/codec.ts';

const seed = 13;
const rowSchema = z.object({ id: wireId, at: instant, note: z.string().nullable() });
const codec = zodCodec(rowSchema);
const row = { id: 7, at: '2026-03-04T10:00:00Z', note: null };

describe('P1 the same types everywhere › instants', () => {
  test.each([
    ['2026-03-04T10:00:00Z', '2026-03-04T10:00:00.000Z'],
    ['2026-03-04T10:00:00+00:00', '2026-03-04T10:00:00.000Z'],
    ['2026-03-04T10:00:00+05:45', '2026-03-04T04:15:00.000Z'],
    ['2026-03-04T23:30:00-08:00', '2026-03-05T07:30:00.000Z'],
    ['2026-03-04T10:00:00.1Z', '2026-03-04T10:00:00.100Z'],
    ['2026-03-04T10:00:00.123456Z', '2026-03-04T10:00:00.123Z'],
    ['2026-03-04T10:00:00.999999+01:00', '2026-03-04T09:00:00.999Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['0000-01-01T00:00:00Z', '0000-01-01T00:00:00.000Z'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
  ])('%s is %s', (text, instantText) => {
    expect(codec.decode({ ...row, at: text }).at).toEqual(new Date(instantText));
  });

  test.each([
    '2026-03-04T10:00:00',
    '2026-03-04T10:00:00.123456',
    '2026-03-04',
    '2026-03-04 10:00:00Z',
    '2026-02-30T10:00:00Z',
    '0000-01-01T00:00:00+01:00',
    '9999-12-31T23:59:59-01:00',
    '2025-02-29T10:00:00Z',
    '2026-03-04T25:00:00Z',
    'yesterday',
    '',
    1_772_618_400_000,
    null,
  ])('%j is refused', (at) => {
    expect(() => codec.decode({ ...row, at })).toThrow(expect.objectContaining({ name: 'CodecError', field: 'at' }));
  });
});

describe('ids', () => {
  test.each([
    [7, '7'],
    [0, '0'],
    ['7', '7'],
    ['AbC_-9', 'AbC_-9'],
    ['x'.repeat(64), 'x'.repeat(64)],
  ])('%j is %j', (wire, id) => {
    expect(codec.decode({ ...row, id: wire }).id).toBe(id);
  });

  test.each(['', 'x'.repeat(65), 'a b', 'a:b', 'a{b}', 'é', -1, 1.5, 2 ** 60, null, true])('%j is refused', (wire) => {
    expect(() => codec.decode({ ...row, id: wire })).toThrow(expect.objectContaining({ field: 'id' }));
  });
});

describe('a codec', () => {
  test('names the first field that does not fit, or the row itself', () => {
    const nested = zodCodec(z.object({ lots: z.array(z.object({ price: z.number() })) }));
    const fieldOf = (wire: unknown) => {
      try {
        nested.decode(wire);
        return 'fits';
      } catch (error) {
        return (error as CodecError).field;
      }
    };
    expect(fieldOf({ lots: [{ price: 1 }, { price: '2' }] })).toBe('lots.1.price');
    expect(fieldOf([])).toBe('');
    expect(fieldOf(null)).toBe('');
    expect(fieldOf({ lots: [] })).toBe('fits');
    expect(() => nested.decode(null)).toThrow(CodecError);
  });

  test('leaves out what it does not know', () => {
    expect(codec.decode({ ...row, extra: 1 })).toEqual({ id: '7', at: new Date(row.at), note: null });
  });
});

describe('a codec is compiled', () => {
  const schema = z
    .object({
      id: wireId,
      kind: z.string().transform((text) => text.toUpperCase()),
      at: instant,
      until: instant.nullish(),
      count: z.int32().nonnegative(),
      note: z.string().nullish(),
    })
    .transform(({ until, ...row }) => ({ ...row, until: until ?? null }));

  test('as far as zod can, else it is interpreted', () => {
    expect(() => z.compile(schema, { strict: true })).not.toThrow();
    const Lot: z.ZodType = z.object({ id: wireId, parts: z.lazy(() => z.array(Lot)) });
    expect(() => z.compile(Lot, { strict: true })).toThrow(z.ZodCompileUnsupportedError);
    expect(zodCodec(Lot).decode({ id: 1, parts: [{ id: 2, parts: [] }] })).toEqual({
      id: '1',
      parts: [{ id: '2', parts: [] }],
    });
  });

  test('and says of every row what the schema says, interpreted', () => {
    const odd = fc.oneof(fc.constant(undefined), fc.constant(null), fc.jsonValue());
    const mostly = (right: fc.Arbitrary<unknown>) =>
      fc.oneof({ weight: 9, arbitrary: right }, { weight: 1, arbitrary: odd });
    const time = fc.constantFrom('2026-03-04T10:00:00Z', '2026-03-04T10:00:00.5+01:00', '9999-12-31T23:59:59-01:00');
    const wire = fc.record(
      {
        id: mostly(fc.oneof(fc.nat(), fc.stringMatching(/^[a-z]{1,3}$/))),
        kind: mostly(fc.string()),
        at: mostly(time),
        until: mostly(time),
        count: mostly(fc.nat()),
        note: mostly(fc.string()),
        more: odd,
      },
      { requiredKeys: ['id', 'kind', 'at', 'count'] },
    );
    const compiled = zodCodec(schema);
    let right = 0;
    fc.assert(
      fc.property(mostly(wire), (row) => {
        const interpreted = schema.safeParse(row);
        if (interpreted.success) {
          right += 1;
          expect(compiled.decode(row)).toStrictEqual(interpreted.data);
          return;
        }
        const [issue] = interpreted.error.issues as [z.core.$ZodIssue];
        expect(() => compiled.decode(row)).toThrow(new CodecError(issue.path.join('.'), issue.message));
      }),
      { seed, numRuns: 2_000 },
    );
    expect(right).toBeGreaterThan(200);
  });
});

describe('P1 the same types everywhere › the shape', () => {
  const shape = (schema: z.ZodType) => zodCodec(schema).shape;

  test('is eight hex digits, the same for the same schema', () => {
    expect(codec.shape).toMatch(/^[0-9a-f]{8}$/);
    expect(shape(z.object({ id: wireId, at: instant, note: z.string().nullable() }))).toBe(codec.shape);
  });

  test.each<[string, z.ZodType]>([
    ['a field more', rowSchema.extend({ more: z.string() })],
    ['a field less', rowSchema.omit({ note: true })],
    ['another name', z.object({ id: wireId, when: instant, note: z.string().nullable() })],
    ['another type', rowSchema.extend({ note: z.number().nullable() })],
    ['no longer null', rowSchema.extend({ note: z.string() })],
    ['may be left out', rowSchema.extend({ note: z.string().nullable().optional() })],
    ['a text in place of an instant', rowSchema.extend({ at: z.string() })],
    ['another choice', rowSchema.extend({ note: z.enum(['a', 'b']) })],
  ])('changes with the schema: %s', (_name, schema) => {
    expect(shape(schema)).not.toBe(codec.shape);
  });
});

describe('P3 complete or nothing › versions of times', () => {
  const fraction = fc.oneof(
    fc.constant(''),
    fc.stringMatching(/^[0-9]{1,9}$/).map((digits) => `.${digits}`),
  );
  const offsetMinutes = fc.integer({ min: -14 * 60, max: 14 * 60 });
  const second = fc.integer({ min: 0, max: 4_102_444_800 });
  /** The same second may be written with any offset. */
  const written = fc.record({ second, fraction, offsetMinutes }).map((time) => ({ ...time, text: write(time) }));

  function write({
    second: at,
    fraction: digits,
    offsetMinutes: offset,
  }: {
    second: number;
    fraction: string;
    offsetMinutes: number;
  }) {
    const local = new Date((at + offset * 60) * 1000).toISOString().slice(0, 19);
    const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60];
    const pad = (value: number) => String(value).padStart(2, '0');
    return `${local}${digits}${offset < 0 ? '-' : '+'}${pad(hours)}:${pad(minutes)}`;
  }
  const digitsOf = (digits: string) => digits.slice(1).padEnd(9, '0');
  const orderOf = (a: string | number, b: string | number) => (a === b ? 0 : a < b ? -1 : 1);

  test('sort as the instants do, to the last digit, whatever the offset', () => {
    const near = fc
      .tuple(written, written)
      .map(([a, b]) => [a, { ...b, second: a.second, text: write({ ...b, second: a.second }) }] as const);
    fc.assert(
      fc.property(fc.oneof(fc.tuple(written, written), near), ([a, b]) => {
        const expected = orderOf(a.second, b.second) || orderOf(digitsOf(a.fraction), digitsOf(b.fraction));
        expect(orderOf(versionOfTime(a.text), versionOfTime(b.text))).toBe(expected);
      }),
      { seed, numRuns: 2_000 },
    );
  });

  test.each([
    ['2026-03-04T10:00:00.123456Z', '2026-03-04T10:00:00.123456'],
    ['2026-03-04T10:00:00Z', '2026-03-04T10:00:00.000'],
    ['2026-03-04T11:00:00.5+01:00', '2026-03-04T10:00:00.500'],
    ['2026-03-04T10:00:00.120000Z', '2026-03-04T10:00:00.120'],
    ['2026-03-04T10:00:00.1230400Z', '2026-03-04T10:00:00.12304'],
    ['2026-03-04T11:00:00.123456+01:00', '2026-03-04T10:00:00.123456'],
    ['2026-03-04T11:00:00.120000+01:00', '2026-03-04T10:00:00.120'],
    ['2026-03-04T11:00:00.1230400+01:00', '2026-03-04T10:00:00.12304'],
  ])('%s is %s', (text, version) => {
    expect(versionOfTime(text)).toBe(version);
  });
});
