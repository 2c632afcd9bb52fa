import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { relayLines } from '../../src/cli/relay.ts';

/** What is written on when these bytes come in, each part by itself. */
async function relayed(...parts: Buffer[]): Promise<string[]> {
  const from = new PassThrough();
  const written: string[] = [];
  relayLines(from, { write: (line) => void written.push(line) });
  for (const part of parts) {
    from.write(part);
    await new Promise(setImmediate);
  }
  const before = written.length;
  from.end();
  await new Promise(setImmediate);
  expect(written.length - before).toBeLessThanOrEqual(1);
  return written;
}

test('lines go on whole, however they come in', async () => {
  const text = Buffer.from('{"a":"ö"}\n{"b":2}\n{"c":3}\n');
  const whole = ['{"a":"ö"}\n', '{"b":2}\n', '{"c":3}\n'];
  for (let cut = 0; cut <= text.length; cut++) {
    expect(await relayed(text.subarray(0, cut), text.subarray(cut))).toEqual(whole);
  }
});

test('a line ends at its end alone, not at what Unicode has for one', async () => {
  const line = '{"title":"a\u2028b\u2029c\u0085d"}\n';
  expect(await relayed(Buffer.from(line))).toEqual([line]);
});

test('what a process had begun to say when it was killed is a line as well', async () => {
  expect(await relayed(Buffer.from('{"a":1}\n{"b":'))).toEqual(['{"a":1}\n', '{"b":\n']);
});
