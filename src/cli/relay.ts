/**
 * The log lines of a worker, through its parent to the one output.
 *
 * Processes that write to one pipe by themselves write into each other's lines once a line is longer than what the
 * system keeps together (4 KiB), so only the parent writes. It also is the one who makes them pretty.
 */
import type { Readable } from 'node:stream';
import type { LogOutput } from '../telemetry/index.ts';

/** Whole lines alone, each with its end. */
export function relayLines(from: Readable, to: LogOutput): void {
  let begun = '';
  // Not by `readline`, which also ends lines at U+2028, and that may stand in a text in JSON.
  from.setEncoding('utf8').on('data', (text: string) => {
    const lines = (begun + text).split('\n');
    begun = lines.pop() ?? '';
    for (const line of lines) to.write(`${line}\n`);
  });
  // What a process that was killed had begun to say.
  from.on('end', () => {
    if (begun !== '') to.write(`${begun}\n`);
  });
}
